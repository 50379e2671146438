/** What merge fields can begin with when a trigger is accepted, but for its own data: what mid-cycle steps may match on from then on (webhooks.md 6). */
import type { TransactionId } from '../domain/ids.ts'
import type { Roots } from '../domain/match.ts'
import type { CachedCycle } from '../storage/cycle-cache.ts'
import { snapshotOf } from '../workflows/start.ts'

export const acceptedRoots =
  (publicUrl: string) =>
  (found: CachedCycle, transaction: TransactionId): Roots => {
    const { variables, webhooks, cycle, account } = snapshotOf(found, found.account, publicUrl)
    return {
      variables,
      webhooks: Object.fromEntries(Object.entries(webhooks).map(([step, url]) => [step, { url }])),
      transaction: { id: transaction },
      cycle,
      account: { id: account.id, apiId: account.apiId, name: account.name },
    }
  }

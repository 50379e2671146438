/** Taking accounts away. */
import { ApiError } from '../../domain/errors.ts'
import { deleteCycle } from '../../storage/cycle-life.ts'
import type { Account } from '../../storage/registry.ts'
import type { Services } from '../services.ts'

type Needs = Pick<Services, 'registry' | 'inbox'>

const BATCH = 100
const TRIES = 5

/** Deletes the cycles, then the account; a cycle made meanwhile is deleted as well, and where they keep coming it is `account_in_use`. */
export async function deleteAccount(services: Needs, account: Account): Promise<void> {
  const { cycles, accounts } = services.registry
  for (let left = TRIES; left > 0; left--) {
    for (;;) {
      const { items } = await cycles.list(account.id, { page: 1, pageSize: BATCH })
      if (items.length === 0) break
      for (const { place } of items) await deleteCycle(services, place)
    }
    if (await accounts.delete(account.id)) return
  }
  throw new ApiError('account_in_use', 'Cycles are being made in this account; try again.')
}

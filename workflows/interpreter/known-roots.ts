import type { Roots } from '../../domain/match.ts'
import { secretReference } from '../../domain/secrets.ts'
import type { TransactionInput } from '../messages.ts'

/** Roots of merge fields that do not change while the transaction lives (cycles.md 3). Secret variables stand as references. */
export function knownRoots(input: TransactionInput, startedAt: number | undefined): Roots {
  const { snapshot, transaction } = input
  const secrets = (snapshot.document.variables ?? []).filter(variable => variable.secret === true)
  return {
    variables: { ...snapshot.variables, ...Object.fromEntries(secrets.map(({ name }) => [name, secretReference(name)])) },
    webhooks: Object.fromEntries(Object.entries(snapshot.webhooks).map(([step, url]) => [step, { url }])),
    transaction: { id: transaction, ...(startedAt === undefined ? {} : { startedAt: new Date(startedAt).toISOString() }) },
    cycle: { id: snapshot.cycle.id, name: snapshot.cycle.name },
    account: { id: snapshot.account.id, apiId: snapshot.account.apiId, name: snapshot.account.name },
  }
}

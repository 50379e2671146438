/** Which templates an account has cycles of. */
import type { AccountId } from '../domain/ids.ts'
import { everyOf } from './pages.ts'
import type { Cycles, StoredCycle } from './registry.ts'

/** The oldest cycle of each, by the template's id. Reads all cycles of the account. */
export async function installedFrom(cycles: Pick<Cycles, 'list'>, account: AccountId): Promise<ReadonlyMap<string, StoredCycle>> {
  const found = new Map<string, StoredCycle>()
  for await (const cycle of everyOf(page => cycles.list(account, page))) {
    const id = cycle.origin?.templateId
    if (id !== undefined && !found.has(id)) found.set(id, cycle)
  }
  return found
}

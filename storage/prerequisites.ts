/** What is missing before a cycle can be activated, variables and connectors; shared by the API and by what the worker does to packages. */
import { connectorPrerequisites, connectorsIn } from '../domain/connector-use.ts'
import type { AccountId } from '../domain/ids.ts'
import { prerequisitesOf, type Prerequisite } from '../domain/prerequisites.ts'
import type { Registry, StoredCycle } from './registry.ts'
import { allOf } from './pages.ts'

/** Empty: it can start. `revive`: whoever gets tokens tries again what was refused, before it is judged whether the account's connectors are authenticated. */
export async function missingFor(
  registry: Pick<Registry, 'connectors' | 'accountConnectors'>,
  { place, document, accountConnectors }: Pick<StoredCycle, 'place' | 'document' | 'accountConnectors'>,
  revive: (account: AccountId) => Promise<void>,
): Promise<readonly Prerequisite[]> {
  const own = prerequisitesOf(document)
  const names = connectorsIn(document)
  if (names.length === 0) return own
  await revive(place.account)
  const connectors = (await Promise.all(names.map(name => registry.connectors.byName(name)))).flatMap(found => found ?? [])
  const items = await allOf(page => registry.accountConnectors.of(place.account).list(page))
  return [...own, ...connectorPrerequisites(document, connectors, items, accountConnectors)]
}

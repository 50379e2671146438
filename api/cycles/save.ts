/** Making a cycle and replacing its document. */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import { asCycleId, type Place } from '../../domain/ids.ts'
import { createCycleFrom, type NewCycle } from '../../storage/cycle-life.ts'
import { identifiersFor } from '../../storage/identifiers.ts'
import type { Account, StoredCycle } from '../../storage/registry.ts'
import type { Services } from '../services.ts'
import { readDefinition } from './definition.ts'
import { unlessDeleted, type LiveCycle } from './view.ts'

/** Throws `document_invalid`, and `account_missing` where the account went away meanwhile. */
export async function createCycle(services: Services, account: Account, input: unknown): Promise<Place> {
  return createCycleIn(services, account, { document: await readDefinition(services, input) })
}

/** The same from a document that was read before, or comes from a release. */
export async function createCycleIn(services: Services, account: Account, cycle: Pick<NewCycle, 'document' | 'origin'>): Promise<Place> {
  const id = asCycleId(randomUUID())
  if ((await createCycleFrom(services, { ...cycle, account: account.id, id })) === 'gone') throw new ApiError('account_missing', 'There is no such account.')
  return { account: account.id, cycle: id }
}

const running = (): ApiError => new ApiError('cycle_running', 'The cycle is active or stopping: deactivate it before you change it.')

/** Steps that stay keep their identifiers (webhooks.md 1). Throws `cycle_running`, or `cycle_changed` where somebody else saved meanwhile. */
export async function replaceCycle(
  services: Services,
  { stored, status }: LiveCycle,
  { definition, accountConnectorIds = [] }: { readonly definition?: unknown; readonly accountConnectorIds?: readonly string[] },
): Promise<void> {
  if (status.state === 'Active' || status.state === 'Stopping') throw running()
  const document = definition === undefined ? stored.document : await readDefinition(services, definition, stored.document)
  const chosen = await chosenConnectors(services, stored, accountConnectorIds)
  const answer = await services.registry.cycles.replace(
    { ...stored, version: stored.version + 1, updatedAt: Date.now(), document, identifiers: identifiersFor(document, stored.identifiers), ...chosen },
    stored.version,
  )
  unlessDeleted(answer)
  if (answer === 'running') throw running()
  if (answer === 'changed') throw new ApiError('cycle_changed', 'The cycle was changed by someone else meanwhile: read it again.')
}

/** The cycle's choice, by the connector's name (connectors.md 2). Throws `request_invalid` where the account has no such account connector. */
async function chosenConnectors(
  { registry }: Services,
  { place, accountConnectors }: StoredCycle,
  ids: readonly string[],
): Promise<Pick<StoredCycle, 'accountConnectors'>> {
  if (ids.length === 0) return {}
  const chosen: { [connector: string]: string } = { ...accountConnectors }
  for (const id of ids) {
    const held = await registry.accountConnectors.of(place.account).get(id.toLowerCase())
    const connector = held && (await registry.connectors.get(held.value.connectorId))
    if (held === undefined || connector === undefined) {
      const message = `${id} is no account connector of this account`
      throw new ApiError('request_invalid', 'The request is not right.', [{ path: 'AccountConnectorId', message }])
    }
    chosen[connector.value.name] = held.id
  }
  return { accountConnectors: chosen }
}

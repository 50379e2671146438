/** Making a cycle and replacing its document. */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import { triggerOf } from '../../domain/graph.ts'
import { asCycleId, type Place } from '../../domain/ids.ts'
import type { Account } from '../../storage/registry.ts'
import type { Services } from '../services.ts'
import { readDefinition } from './definition.ts'
import { deleteCycle } from './delete.ts'
import { identifiersFor } from './identifiers.ts'
import { unlessDeleted, type LiveCycle } from './view.ts'

/**
 * The inbox's keys come first and the document last: it is the document that makes a cycle exist, and one that exists can be accepted into. A cut in
 * between leaves an inbox that nobody knows of, in state Paused.
 */
export async function createCycle(services: Services, account: Account, input: unknown): Promise<Place> {
  const document = await readDefinition(services, input)
  const place: Place = { account: account.id, cycle: asCycleId(randomUUID()) }
  const now = Date.now()
  await services.inbox.create(place, 1, triggerOf(document).type === 'schedule')
  const made = await services.registry.cycles.create({
    place,
    version: 1,
    createdAt: now,
    updatedAt: now,
    document,
    identifiers: identifiersFor(document),
  })
  if (made === 'gone') {
    await deleteCycle(services, place)
    throw new ApiError('account_missing', 'There is no such account.')
  }
  return place
}

const running = (): ApiError => new ApiError('cycle_running', 'The cycle is active or stopping: deactivate it before you change it.')

/** Steps that stay keep their identifiers (webhooks.md 1). Throws `cycle_running`, or `cycle_changed` where somebody else saved meanwhile. */
export async function replaceCycle(services: Services, { stored, status }: LiveCycle, input: unknown): Promise<void> {
  if (status.state === 'Active' || status.state === 'Stopping') throw running()
  const document = await readDefinition(services, input, stored.document)
  const answer = await services.registry.cycles.replace(
    { ...stored, version: stored.version + 1, updatedAt: Date.now(), document, identifiers: identifiersFor(document, stored.identifiers) },
    stored.version,
  )
  unlessDeleted(answer)
  if (answer === 'running') throw running()
  if (answer === 'changed') throw new ApiError('cycle_changed', 'The cycle was changed by someone else meanwhile: read it again.')
}

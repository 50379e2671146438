/** How a cycle comes to be and goes, in an order in which every cut is harmless. Shared by the API and by what the worker does to packages. */
import { triggerOf } from '../domain/graph.ts'
import type { AccountId, CycleId, Place } from '../domain/ids.ts'
import { identifiersFor } from './identifiers.ts'
import type { InboxControl } from './inbox.ts'
import type { Cycles, StoredCycle } from './registry.ts'

export interface CycleLife {
  readonly registry: { readonly cycles: Pick<Cycles, 'create' | 'remove'> }
  readonly inbox: Pick<InboxControl, 'create' | 'delete'>
}

export interface NewCycle extends Pick<StoredCycle, 'document' | 'origin' | 'accountConnectors'> {
  readonly account: AccountId
  /** A new one, or that of a cycle that may be there already because this is a repeat. */
  readonly id: CycleId
  /** It stops after its first run. */
  readonly once?: boolean
}

/**
 * Makes a Paused cycle, with identifiers of its own, from a document whose secrets are sealed (a release's is). `there`: it was made before, and stays
 * as it is, so that a repeat is harmless. `gone`: there is no such account.
 *
 * The inbox's keys come first and the document last: it is the document that makes a cycle exist, and one that exists can be accepted into. A cut in
 * between leaves an inbox that nobody knows of, in state Paused.
 */
export async function createCycleFrom(deps: CycleLife, { account, id, document, once = false, ...rest }: NewCycle): Promise<'created' | 'there' | 'gone'> {
  const place: Place = { account, cycle: id }
  const now = Date.now()
  await deps.inbox.create(place, 1, { scheduled: triggerOf(document).type === 'schedule', once })
  const made = await deps.registry.cycles.create({
    place,
    version: 1,
    createdAt: now,
    updatedAt: now,
    document,
    identifiers: identifiersFor(document),
    ...rest,
  })
  if (made === 'gone') await deleteCycle(deps, place)
  return made
}

/**
 * The inbox first: from that script on webhooks answer 404, and the stop of its transactions is a durable operation. A cut before the second step
 * leaves a document without a live inbox, which counts as deleted and is taken away by whoever meets it. A repeat is harmless.
 */
export async function deleteCycle({ registry, inbox }: CycleLife, place: Place): Promise<void> {
  await inbox.delete(place)
  await registry.cycles.remove(place)
}

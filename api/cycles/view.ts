/** A cycle as the API shows it. */
import { ApiError } from '../../domain/errors.ts'
import { asCycleId, type Place } from '../../domain/ids.ts'
import { webhooksOf, webhookUrl } from '../../domain/webhook-url.ts'
import type { CycleStatus } from '../../storage/inbox.ts'
import type { Account, StoredCycle } from '../../storage/registry.ts'
import { guidOf } from '../routes/lists.ts'
import type { Services } from '../services.ts'
import { maskSecrets } from './secrets.ts'

const notFound = (): ApiError => new ApiError('cycle_not_found', 'There is no such cycle in this account.')

export interface LiveCycle {
  readonly stored: StoredCycle
  readonly status: CycleStatus
}

/** The cycle of that account, with its state; throws `cycle_not_found`, for another account's cycles too. */
export async function findCycle(services: Pick<Services, 'registry' | 'inbox'>, account: Account, id: string | undefined): Promise<LiveCycle> {
  const guid = guidOf(id)
  if (guid === undefined) throw notFound()
  const stored = await services.registry.cycles.get({ account: account.id, cycle: asCycleId(guid) })
  const live = stored === undefined ? undefined : await withStatus(services, stored)
  if (live === undefined) throw notFound()
  return live
}

/** A document without a live inbox is what a deletion left that was cut off: it is taken away here. */
export async function withStatus({ registry, inbox }: Pick<Services, 'registry' | 'inbox'>, stored: StoredCycle): Promise<LiveCycle | undefined> {
  const status = await inbox.status(stored.place)
  if (status !== undefined) return { stored, status }
  await registry.cycles.remove(stored.place)
  return undefined
}

/** `done` passes; a cycle that went away meanwhile is not found. */
export function unlessDeleted(answer: string): void {
  if (answer === 'deleted') throw notFound()
}

export function cycleView({ stored, status }: LiveCycle, publicUrl: string) {
  const { document, origin } = stored
  return {
    id: stored.place.cycle,
    name: document.name,
    description: document.description ?? '',
    tags: document.tags ?? [],
    status: status.state,
    templateId: origin?.templateId,
    templateReleaseId: origin?.releaseId,
    createdOnUtc: new Date(stored.createdAt).toISOString(),
    webhooks: webhooksOf(stored, identifier => webhookUrl(publicUrl, identifier)),
    ...(stored.accountConnectors === undefined
      ? {}
      : { accountConnectors: Object.entries(stored.accountConnectors).map(([connector, accountConnectorId]) => ({ connector, accountConnectorId })) }),
    inProgressTransactionCount: status.inProgress,
    queuedTransactionCount: status.queued,
    waitingTransactionCount: status.waiting,
    errorCount: status.errors,
    warningCount: status.warnings,
    unmatchedWebhookCount: status.unmatched,
    ignoredWebhookCount: status.ignored,
    definition: maskSecrets(document),
  }
}

/** The view of a cycle as it stands after a change. */
export async function freshView({ registry, inbox, settings }: Pick<Services, 'registry' | 'inbox' | 'settings'>, place: Place) {
  const stored = await registry.cycles.get(place)
  const status = stored === undefined ? undefined : await inbox.status(place)
  if (stored === undefined || status === undefined) throw notFound()
  return cycleView({ stored, status }, settings.publicUrl)
}

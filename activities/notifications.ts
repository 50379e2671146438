/** Sending a notification once, and the delivery log (marketplace.md 2). No failure of either makes an incident: it would be a notification again. */
import { ApplicationFailure } from '@temporalio/common'
import { outcomeOf } from '../domain/notification.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { Sealer } from '../platform/seal.ts'
import type { Marketplace } from '../storage/marketplace.ts'
import type { Versioned } from '../storage/records.ts'
import type { Registry } from '../storage/registry.ts'
import type { NotificationMessage, NotificationTry } from '../workflows/messages.ts'
import { ReceiverBusy, type Notifier } from './http/notifier.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'
import { signatureOf } from './signature.ts'

export interface NotificationDeps {
  readonly notifier: Pick<Notifier, 'post'>
  readonly registry: Pick<Registry, 'marketplaces'>
  readonly sealer: Pick<Sealer, 'seal' | 'open' | 'isCurrent'>
  readonly metrics: Pick<Metrics, 'notificationTries'>
  readonly runtime: () => ActivityRuntime
}

type Headers = { readonly [name: string]: string }

/** What a marketplace is told is signed with its secrets as they are now, at the time of this try; incidents are not signed. */
export async function sendNotification(deps: NotificationDeps, message: NotificationMessage): Promise<NotificationTry> {
  const { notifier, metrics, runtime } = deps
  const signature = message.marketplaceId === undefined ? {} : await signed(deps, message, message.marketplaceId)
  const headers = { 'content-type': 'application/json', 'user-agent': message.userAgent, 'webhook-id': message.id }
  const attempt =
    typeof signature === 'string'
      ? { at: Date.now(), durationMs: 0, error: signature }
      : await heartbeating(runtime(), signal => notifier.post(message.url, { ...headers, ...signature }, message.body, signal)).catch(laterIfBusy)
  metrics.notificationTries.inc({ kind: message.kind, outcome: outcomeOf(attempt) })
  return attempt
}

/** Its headers, or why it cannot be signed: then it is not sent, as nobody could trust it. */
async function signed(deps: NotificationDeps, { id, body }: NotificationMessage, marketplaceId: string): Promise<Headers | string> {
  const { registry, sealer } = deps
  const marketplace = await registry.marketplaces.get(marketplaceId)
  if (marketplace === undefined) return `It cannot be signed: there is no marketplace ${marketplaceId} (any more)`
  const now = Date.now()
  try {
    const secrets = marketplace.value.secrets.filter(({ until }) => until === undefined || until > now).map(({ sealed }) => sealer.open(sealed))
    await reseal(deps, marketplace, now)
    if (secrets.length === 0) return `It cannot be signed: marketplace ${marketplaceId} has no secret`
    const timestamp = Math.floor(now / 1_000)
    return { 'webhook-timestamp': String(timestamp), 'webhook-signature': signatureOf(secrets, id, timestamp, body) }
  } catch (error) {
    return `It cannot be signed: ${error instanceof Error ? error.message : String(error)}`
  }
}

/**
 * On use, so that an old key can go one day; what is over stays as it is. Whoever else changes the marketplace now wins, and Redis may be away: then the
 * next use does it.
 */
async function reseal({ registry, sealer }: NotificationDeps, { id, value, version }: Versioned<Marketplace>, now: number): Promise<void> {
  const isOld = ({ sealed, until }: Marketplace['secrets'][number]): boolean => !(until !== undefined && until <= now) && !sealer.isCurrent(sealed)
  if (!value.secrets.some(isOld)) return
  const secrets = value.secrets.map(one => (isOld(one) ? { ...one, sealed: sealer.seal(sealer.open(one.sealed)) } : one))
  await registry.marketplaces.replace(id, { ...value, secrets }, version).catch(() => undefined)
}

/** It holds no place of the worker meanwhile, and counts as no try. */
function laterIfBusy(error: unknown): never {
  if (!(error instanceof ReceiverBusy)) throw error
  throw ApplicationFailure.create({ message: error.message, type: 'receiverBusy', nextRetryDelay: 1_000 + Math.round(Math.random() * 2_000) })
}

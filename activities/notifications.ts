/** Sending a notification once, and the delivery log (marketplace.md 2). No failure of either makes an incident: it would be a notification again. */
import { outcomeOf } from '../domain/notification.ts'
import type { Metrics } from '../platform/metrics.ts'
import type { NotificationMessage, NotificationTry } from '../workflows/messages.ts'
import type { Notifier } from './http/notifier.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'

export interface NotificationDeps {
  readonly notifier: Pick<Notifier, 'post'>
  readonly metrics: Pick<Metrics, 'notificationTries'>
  readonly runtime: () => ActivityRuntime
}

export async function sendNotification({ notifier, metrics, runtime }: NotificationDeps, message: NotificationMessage): Promise<NotificationTry> {
  const headers = { 'content-type': 'application/json', 'user-agent': message.userAgent, 'webhook-id': message.id }
  const attempt = await heartbeating(runtime(), signal => notifier.post(message.url, headers, message.body, signal))
  metrics.notificationTries.inc({ kind: message.kind, outcome: outcomeOf(attempt) })
  return attempt
}

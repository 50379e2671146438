/** Prometheus metrics of api and worker (operations.md 6). Labels are bounded sets: no account, cycle or transaction is one. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600]

export type Metrics = ReturnType<typeof createMetrics>

/** Metrics of one process, in a registry of their own; `registry.metrics()` is the body of `/metrics`. */
export function createMetrics(process: 'api' | 'worker') {
  const registry = new Registry()
  registry.setDefaultLabels({ process })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    registry,
    /** Webhook requests by what they were answered: a key of `webhookAnswers`, or `response` for a synchronous response. */
    webhookRequests: new Counter({ name: 'flywheel_webhook_requests_total', help: 'Webhook requests by answer', labelNames: ['answer'] as const, registers }),
    /** From the request to its answer, in seconds. */
    webhookSeconds: new Histogram({
      name: 'flywheel_webhook_seconds',
      help: 'Time from a webhook request to its answer',
      labelNames: ['mode'] as const,
      buckets: SECONDS,
      registers,
    }),
    /** Requests to the management API by method, route (as in the table of routes) and status. */
    apiRequests: new Counter({
      name: 'flywheel_api_requests_total',
      help: 'Requests to the management API',
      labelNames: ['method', 'route', 'status'] as const,
      registers,
    }),
    heldConnections: new Gauge({ name: 'flywheel_held_connections', help: 'Connections held for a synchronous response', registers }),
    /** Mid-cycle requests: `matched`, `early`, `unmatched`, `queued`, `ignored`. */
    matches: new Counter({ name: 'flywheel_matches_total', help: 'Mid-cycle webhook requests by match result', labelNames: ['result'] as const, registers }),
    /** Transactions that began (`InProgress`), came to stand (`Waiting`) or ended. */
    transactions: new Counter({
      name: 'flywheel_transactions_total',
      help: 'Transactions by the status they came to',
      labelNames: ['status'] as const,
      registers,
    }),
    inboxEntries: new Gauge({ name: 'flywheel_inbox_entries', help: 'Entries that wait in all inboxes', registers }),
    inboxOldestSeconds: new Gauge({ name: 'flywheel_inbox_oldest_seconds', help: 'Age of the oldest entry that waits in an inbox', registers }),
    /** Operations on packages that ended: `Completed`, `Failed`. */
    packageOperations: new Counter({
      name: 'flywheel_package_operations_total',
      help: 'Operations on packages by how they ended',
      labelNames: ['kind', 'status'] as const,
      registers,
    }),
    /** Notifications that came to their end: `Delivered`, `Failed`, `Gone`. */
    notifications: new Counter({ name: 'flywheel_notifications_total', help: 'Notifications by how they ended', labelNames: ['status'] as const, registers }),
    notificationTries: new Counter({
      name: 'flywheel_notification_tries_total',
      help: 'Tries of notifications: delivered, gone, failed',
      labelNames: ['kind', 'outcome'] as const,
      registers,
    }),
    /** Renewals of access tokens: `tokens`, `refused`, `failed` (the token server gave no answer), `forbidden` (it may not be called). */
    oauthRenewals: new Counter({
      name: 'flywheel_oauth_renewals_total',
      help: 'Renewals of access tokens by result',
      labelNames: ['result'] as const,
      registers,
    }),
    /** 1 while Redis holds no registry though there was one: everything answers 503 until it is imported. */
    registryLost: new Gauge({ name: 'flywheel_registry_lost', help: 'Redis was emptied; the registry is to be imported', registers }),
    stepErrors: new Counter({ name: 'flywheel_step_errors_total', help: 'Step errors by step type', labelNames: ['type'] as const, registers }),
  }
}

import { expect, it } from 'vitest'
import { createMetrics } from '../../platform/metrics.ts'

it('metrics of a process stand in a registry of its own, by their names (operations.md 6)', async () => {
  const metrics = createMetrics('api')
  createMetrics('worker').webhookRequests.inc({ answer: 'accepted' }, 5)
  metrics.webhookRequests.inc({ answer: 'accepted' })
  metrics.heldConnections.set(3)
  const text = await metrics.registry.metrics()
  expect(text).toContain('flywheel_webhook_requests_total{answer="accepted",process="api"} 1')
  expect(text).toContain('flywheel_held_connections{process="api"} 3')
  for (const name of ['matches_total', 'webhook_seconds', 'transactions_total', 'inbox_entries', 'inbox_oldest_seconds', 'step_errors_total']) {
    expect(text).toContain(`# TYPE flywheel_${name} `)
  }
})

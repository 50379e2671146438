/** What remains to be done in Temporal after a cycle was stopped or deleted (cycles.md 7): durable, and repeated until it is done. */
import { proxyActivities } from '@temporalio/workflow'
import type { OperationActivities } from '../activities/contract.ts'
import type { CycleOperationInput } from './messages.ts'

const activities = proxyActivities<OperationActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
})

export async function cycleOperation({ account, cycle, op }: CycleOperationInput): Promise<void> {
  const place = { account, cycle }
  if (op === 'stop') await activities.stopDoomed(place)
  else await activities.removeAll(place)
}

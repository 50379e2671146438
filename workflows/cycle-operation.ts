/** What is to be done in Temporal when a cycle was started, stopped or deleted (cycles.md 7), and when its schedule fires: durable, and repeated until it is done. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { OperationActivities } from '../activities/contract.ts'
import type { CycleOperationInput } from './messages.ts'

const activities = proxyActivities<OperationActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
})

export async function cycleOperation({ account, cycle, op, epoch }: CycleOperationInput): Promise<void> {
  const place = { account, cycle }
  switch (op) {
    case 'stop':
      return activities.stopDoomed(place)
    case 'delete':
      return activities.removeAll(place)
    case 'schedule':
      return activities.followCycle(place)
    case 'trigger':
      return activities.fire(place, epoch, dueAt())
  }
}

const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME)

/** When the run fell due, as the schedule that started this workflow says; by hand: now. */
function dueAt(): number {
  const { typedSearchAttributes, startTime } = workflowInfo()
  return (typedSearchAttributes.get(SCHEDULED_START) ?? startTime).getTime()
}

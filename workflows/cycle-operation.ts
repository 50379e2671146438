/** What is to be done in Temporal when a cycle was started, stopped or deleted (cycles.md 7), and when its schedule fires: durable, and repeated until it is done. */
import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common'
import { ActivityFailure, isCancellation, proxyActivities, workflowInfo } from '@temporalio/workflow'
import type { Activated, OperationActivities, SubscriptionActivities } from '../activities/contract.ts'
import type { Place } from '../domain/ids.ts'
import type { CycleOperationInput } from './messages.ts'

const activities = proxyActivities<OperationActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
})

/** Somebody waits for it, and is told when it has taken too long. */
const starting = proxyActivities<SubscriptionActivities>({
  startToCloseTimeout: '5m',
  heartbeatTimeout: '10s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '5s' },
})
/** An application may be away for days; then its operator is asked to look. */
const ending = proxyActivities<SubscriptionActivities>({
  startToCloseTimeout: '1h',
  heartbeatTimeout: '15s',
  scheduleToCloseTimeout: '7d',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1h' },
})
const giving = proxyActivities<SubscriptionActivities>({
  startToCloseTimeout: '1m',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
})

export async function cycleOperation({ account, cycle, op, epoch }: CycleOperationInput): Promise<Activated | void> {
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
    case 'activate':
      return starting.activateCycle(place)
    case 'unsubscribe':
      return unsubscribe(place)
  }
}

async function unsubscribe(place: Place): Promise<void> {
  try {
    await ending.unsubscribeCycle(place)
  } catch (error) {
    if (!(error instanceof ActivityFailure) || isCancellation(error)) throw error
    await giving.abandonSubscriptions(place)
  }
}

const SCHEDULED_START = defineSearchAttributeKey('TemporalScheduledStartTime', SearchAttributeType.DATETIME)

/** When the run fell due, as the schedule that started this workflow says; by hand: now. */
function dueAt(): number {
  const { typedSearchAttributes, startTime } = workflowInfo()
  return (typedSearchAttributes.get(SCHEDULED_START) ?? startTime).getTime()
}

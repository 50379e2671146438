/** Temporal Schedules of cycles (activities/schedules.ts). Every call has its deadline; what Temporal does not answer is the caller's to repeat. */
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, type Client } from '@temporalio/client'
import { msToTs, optionalTsToMs } from '@temporalio/common/lib/time.js'
import type { CycleSchedule, Schedules } from '../activities/schedules.ts'
import type { CycleId } from '../domain/ids.ts'
import type { Timetable } from '../domain/schedule.ts'
import { isInvalid, isNotFound, serviceReason } from '../platform/grpc.ts'
import { CYCLE_OPERATION, scheduleId, triggerWorkflowId, type CycleOperationInput } from '../workflows/messages.ts'
import { cycleAttributes } from '../workflows/start.ts'

export interface SchedulesOptions {
  /** Task queue of `cycleOperation`. */
  readonly taskQueue: string
  /** How long a call may take, in ms. Default 10 s. */
  readonly deadlineMs?: number
}

/** What was missed for longer than this is not made up for (ms). */
const CATCHUP_MS = 24 * 3_600_000
/** Others may make and remove the same schedule meanwhile. */
const TRIES = 5

export function createSchedules(client: Client, { taskQueue, deadlineMs = 10_000 }: SchedulesOptions): Schedules {
  const timed = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + deadlineMs, call)
  const handle = (cycle: CycleId) => client.schedule.getHandle(scheduleId(cycle))

  async function remove(cycle: CycleId): Promise<void> {
    await timed(() => handle(cycle).delete()).catch(unless(ScheduleNotFoundError))
  }

  return {
    remove,

    async put(schedule) {
      const { cycle } = schedule.place
      for (let left = TRIES; left > 0; left--) {
        try {
          await timed(() => client.schedule.create(optionsOf(schedule, taskQueue))).catch(unless(ScheduleAlreadyRunning))
        } catch (error) {
          const refused = refusalOf(error)
          if (refused === undefined) throw error
          return { refused }
        }
        const made = await timed(() => handle(cycle).describe()).catch(unless(ScheduleNotFoundError))
        if (made?.memo?.['activation'] === schedule.activation) return { madeAt: made.info.createdAt.getTime() }
        if (made !== undefined) await remove(cycle)
      }
      throw new Error(`The schedule of the cycle ${cycle} was changed by others meanwhile`)
    },

    async lastDue(cycle, after, until) {
      let last: number | undefined
      // One answer holds a thousand times.
      for (let from = Math.max(after, until - CATCHUP_MS); ;) {
        const latest = optionalTsToMs((await matchingTimes(cycle, from, until)).at(-1))
        if (latest === undefined) return last
        last = latest
        from = latest
      }
    },
  }

  async function matchingTimes(cycle: CycleId, after: number, until: number) {
    const { namespace } = client.options
    const range = { startTime: msToTs(after), endTime: msToTs(until) }
    try {
      return (await timed(() => client.workflowService.listScheduleMatchingTimes({ namespace, scheduleId: scheduleId(cycle), ...range }))).startTime
    } catch (error) {
      if (isNotFound(error)) return []
      throw error
    }
  }
}

/** Undefined in place of an error of that kind. */
const unless =
  (kind: new (...args: never[]) => Error) =>
  (error: unknown): undefined => {
    if (!(error instanceof kind)) throw error
  }

function refusalOf(error: unknown): string | undefined {
  return isInvalid(error) ? serviceReason(error) : undefined
}

function optionsOf({ place, cycleName, triggerName, note, activation, timetable }: CycleSchedule, taskQueue: string) {
  const input: CycleOperationInput = { ...place, op: 'trigger', epoch: activation }
  return {
    scheduleId: scheduleId(place.cycle),
    spec: specOf(timetable),
    action: {
      type: 'startWorkflow',
      workflowType: CYCLE_OPERATION,
      workflowId: triggerWorkflowId(place.cycle),
      taskQueue,
      args: [input],
      staticSummary: `${cycleName}: a run falls due`,
      typedSearchAttributes: cycleAttributes({ ...place, cycleName }),
    },
    policies: {
      // While one waits for a worker one more may: then both find what was due last.
      overlap: ScheduleOverlapPolicy.BUFFER_ONE,
      catchupWindow: CATCHUP_MS,
    },
    state: { note },
    memo: { activation },
    typedSearchAttributes: cycleAttributes({ ...place, cycleName, triggerName }),
  } as const
}

function specOf(timetable: Timetable) {
  if (timetable.kind === 'cron') {
    const { lines, timezone, from } = timetable
    return { cronExpressions: [...lines], timezone, ...(from === undefined ? {} : { startAt: new Date(from) }) }
  }
  const { first, every } = timetable
  return { intervals: [{ every, offset: first % every }], startAt: new Date(first) }
}

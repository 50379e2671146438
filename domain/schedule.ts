/** When the runs of a schedule fall due (cycles.md 4), in whole seconds: finer ones no Temporal Schedule knows. All times are ms since the epoch. */
import { cronLines } from './cron.ts'
import type { ScheduleData, ScheduleStep, TriggerData } from './document.ts'
import { parseDuration } from './duration.ts'
import { instantOf, millisecondsOf } from './instant.ts'
import { timezoneOf } from './timezone.ts'

export type Timetable =
  /** Due at `first`, and then every `every` ms. */
  | { readonly kind: 'interval'; readonly first: number; readonly every: number }
  /** Due where one of the lines fits the zone's clocks; never before `from`. */
  | { readonly kind: 'cron'; readonly lines: readonly string[]; readonly timezone: string; readonly from: number | undefined }

const SECOND = 1_000
/** Never early: what begins within a second counts from the next one. */
const upToSecond = (ms: number): number => Math.ceil(ms / SECOND) * SECOND

/**
 * The timetable of a schedule that was started at `startedAt`: `every` counts from there or from `startAt`, whose zone is the step's, else the
 * account's. A `startAt` that is past only says from where `every` counts.
 */
export function timetableOf(step: ScheduleStep, accountZone: string, startedAt: number): Timetable {
  const timezone = timezoneOf(step.timezone ?? accountZone) ?? 'UTC'
  const instant = step.startAt === undefined ? undefined : instantOf(step.startAt, timezone)
  const startAt = instant === undefined ? undefined : upToSecond(millisecondsOf(instant))
  const ahead = startAt !== undefined && startAt > startedAt ? startAt : undefined
  if (step.cron !== undefined) return { kind: 'cron', lines: cronLines(step.cron), timezone, from: ahead }
  const every = parseDuration(step.every ?? '')
  if (every === undefined) throw new Error('A schedule has an interval or cron')
  if (ahead !== undefined) return { kind: 'interval', first: ahead, every }
  if (startAt === undefined) return { kind: 'interval', first: upToSecond(startedAt) + every, every }
  return { kind: 'interval', first: startAt + (Math.floor((startedAt - startAt) / every) + 1) * every, every }
}

/** The latest time up to `until` at which a run of an interval fell due. */
export function lastDue({ first, every }: Timetable & { readonly kind: 'interval' }, until: number): number | undefined {
  return until < first ? undefined : first + Math.floor((until - first) / every) * every
}

/** The schedule in words, for operators. */
export function scheduleText({ every, cron, startAt, runOnce }: ScheduleStep, timetable: Timetable): string {
  const [when, from] =
    timetable.kind === 'cron'
      ? [`cron ${cron ?? ''} (${timetable.timezone})`, startAt]
      : [`every ${every ?? ''}`, new Date(timetable.first).toISOString().replace('.000', '')]
  return `${when}${from === undefined ? '' : `, from ${from} on`}${runOnce === true ? ', once' : ''}`
}

/** Whether the data of a trigger is a schedule's. */
export const isScheduled = (data: TriggerData): data is ScheduleData => 'scheduledAt' in data

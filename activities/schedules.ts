/**
 * Cycles that a schedule triggers (cycles.md 4): their Temporal Schedules, and the runs that these fire. Both ask the inbox, which alone knows
 * what the cycle's state is: a schedule follows it, a run that it does not want is none (docs/decisions/0013).
 */
import { randomUUID } from 'node:crypto'
import type { ScheduleStep } from '../domain/document.ts'
import { stepErrors } from '../domain/errors.ts'
import { triggerOf } from '../domain/graph.ts'
import { asTransactionId, type CycleId, type Place, type TransactionId } from '../domain/ids.ts'
import { triggerValues, type Roots } from '../domain/match.ts'
import { lastDue, scheduleText, timetableOf, type Timetable } from '../domain/schedule.ts'
import type { CachedCycle, CycleCache } from '../storage/cycle-cache.ts'
import type { InboxSchedule, Scheduling } from '../storage/inbox-schedule.ts'
import type { Incidents } from '../storage/registry.ts'
import { awaitRegistry, type GuardDeps } from './registry.ts'
import type { ActivityRuntime } from './runtime.ts'

/** A Temporal Schedule as it is to be. */
export interface CycleSchedule {
  readonly place: Place
  readonly cycleName: string
  readonly triggerName: string
  /** In words, for operators. */
  readonly note: string
  /** The start of the cycle that it belongs to. */
  readonly activation: number
  readonly timetable: Timetable
}

/** Temporal Schedules, one for each cycle. */
export interface Schedules {
  /** Makes it, in place of another one. `madeAt`: by Temporal's clock (ms since the epoch). `refused`: for good, and why. */
  put(schedule: CycleSchedule): Promise<{ readonly madeAt: number } | { readonly refused: string }>
  /** One that is not there is fine. */
  remove(cycle: CycleId): Promise<void>
  /** The last time after `after` and up to `until` at which its calendar fell due; undefined also where it is gone. */
  lastDue(cycle: CycleId, after: number, until: number): Promise<number | undefined>
}

export interface ScheduleDeps extends GuardDeps {
  readonly inbox: InboxSchedule
  readonly registry: { readonly incidents: Pick<Incidents, 'add'> }
  readonly cycles: Pick<CycleCache, 'reload'>
  readonly schedules: Schedules
  /** What merge fields can begin with when a run is accepted, but for the trigger's data. */
  readonly rootsOf: (cycle: CachedCycle, transaction: TransactionId) => Roots
  readonly runtime: () => Pick<ActivityRuntime, 'heartbeat' | 'attempt'>
}

/** From this delay on (ms) a run was missed, and with it all that fell due since: the last of them is made up for. */
const MISSED = 10_000

/** A cycle as it stands, and its trigger where that is a schedule. */
interface Scheduled {
  readonly cycle: CachedCycle
  readonly trigger: ScheduleStep
}

async function find(deps: ScheduleDeps, place: Place): Promise<Scheduled | undefined> {
  const cycle = await deps.cycles.reload(place)
  const trigger = cycle === undefined ? undefined : triggerOf(cycle.document)
  return cycle === undefined || trigger?.type !== 'schedule' ? undefined : { cycle, trigger }
}

/**
 * Makes the Temporal Schedule follow the state of its cycle: there while it is Active, else not. Several of these may run at once: each looks
 * again after it has written, so that the last one to write has seen the latest state.
 */
export async function followCycle(deps: ScheduleDeps, place: Place): Promise<void> {
  for (;;) {
    const before = await deps.inbox.scheduling(place)
    if (before === undefined) await awaitRegistry(deps)
    const found = before?.state === 'Active' ? await find(deps, place) : undefined
    if (before === undefined || found === undefined) await deps.schedules.remove(place.cycle)
    else await make(deps, place, found, before)
    deps.runtime().heartbeat()
    if ((await deps.inbox.scheduling(place))?.change === before?.change) return
  }
}

/** What fell due between the start of the cycle and the making of its schedule is no other's to fire. */
async function make(deps: ScheduleDeps, place: Place, { cycle, trigger }: Scheduled, { activation }: Scheduling): Promise<void> {
  const timetable = timetableOf(trigger, cycle.account.timezone, activation)
  const made = await deps.schedules.put({
    place,
    cycleName: cycle.document.name,
    triggerName: trigger.name ?? trigger.id,
    note: `Starts the cycle "${cycle.document.name}" of ${cycle.account.name}: ${scheduleText(trigger, timetable)}`,
    activation,
    timetable,
  })
  if ('refused' in made) {
    const { message } = stepErrors.triggerSkipped
    const detail = `Temporal refused the schedule, and no run will fall due: ${made.refused}`
    await deps.registry.incidents.add(place, { at: Date.now(), level: 'Error', stepId: trigger.id, message, detail })
    return
  }
  const missed = await lastMissed(deps, place.cycle, timetable, activation, made.madeAt)
  if (missed !== undefined) await accept(deps, place, activation, missed)
}

async function lastMissed({ schedules }: ScheduleDeps, cycle: CycleId, timetable: Timetable, after: number, until: number): Promise<number | undefined> {
  if (timetable.kind === 'cron') return schedules.lastDue(cycle, after, until)
  const due = lastDue(timetable, until)
  return due !== undefined && due > after ? due : undefined
}

/** A run fell due at `dueAt` (ms since the epoch) by the schedule that was made for a start of the cycle. */
export async function fire(deps: ScheduleDeps, place: Place, activation: number, dueAt: number): Promise<void> {
  const taken = await accept(deps, place, activation, await latest(deps, place, activation, dueAt))
  // Its schedule should not be there, or be another one.
  if (!taken) await followCycle(deps, place)
}

/** What was missed is made up for once: by the last run that fell due. */
async function latest(deps: ScheduleDeps, place: Place, activation: number, dueAt: number): Promise<number> {
  const now = Date.now()
  const found = now - dueAt < MISSED ? undefined : await find(deps, place)
  if (found === undefined) return dueAt
  return (await lastMissed(deps, place.cycle, timetableOf(found.trigger, found.cycle.account.timezone, activation), dueAt, now)) ?? dueAt
}

/** Whether the cycle is Active, by the same start, and has a schedule: then the run is taken, or skipped. */
async function accept(deps: ScheduleDeps, place: Place, activation: number, dueAt: number): Promise<boolean> {
  const transaction = asTransactionId(randomUUID())
  const due = new Date(dueAt).toISOString()
  const data = { scheduledAt: due, startedAt: new Date().toISOString() }
  for (;;) {
    const found = await find(deps, place)
    if (found === undefined) {
      await awaitRegistry(deps)
      return false
    }
    const { cycle, trigger } = found
    const { maxConcurrency } = cycle.document.settings ?? {}
    const { outcome } = await deps.inbox.acceptScheduled({
      place,
      version: cycle.version,
      transaction,
      stepId: trigger.id,
      due,
      activation,
      data: JSON.stringify(data),
      values: triggerValues(cycle.document, data, deps.rootsOf(cycle, transaction)),
      ...(maxConcurrency === undefined ? {} : { maxConcurrency }),
      once: trigger.runOnce === true,
    })
    if (outcome !== 'stale') return outcome === 'accepted' || outcome === 'skipped'
  }
}

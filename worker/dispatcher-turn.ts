/** One turn of a cycle: claims some entries, starts and signals them, gives the lease back. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StorageUnavailable, stepErrors } from '../domain/errors.ts'
import type { CachedCycle, CycleCache } from '../storage/cycle-cache.ts'
import type { Claimed, ClaimedDelivery, ClaimedStart, Inbox, Turn } from '../storage/inbox.ts'
import type { Incidents } from '../storage/registry.ts'
import type { Logger } from '../platform/logger.ts'
import { snapshotOf, transactionStart } from '../workflows/start.ts'
import { replay } from './dispatcher-replay.ts'
import type { Window } from './dispatcher-window.ts'
import type { TemporalPorts } from './temporal-ports.ts'

export interface TurnDeps {
  readonly inbox: Inbox
  readonly cycles: Pick<CycleCache, 'reload'>
  readonly incidents: Pick<Incidents, 'add'>
  readonly temporal: Pick<TemporalPorts, 'start' | 'deliver'>
  readonly workerId: string
  readonly logger: Logger
  readonly publicUrl: string
  readonly taskQueue: string
  readonly limits: { readonly maxStepExecutions: number; readonly retentionMs: number }
  readonly window: Window
}

/** Entries claimed at once, and in one turn: after that the account's next cycle, and the next account, have theirs. */
const BATCH = 16
const TURN = 32
/** How often a lease is prolonged while entries of it are under way; a third of the shortest lease. */
const PROLONG = 3_000
const BACKOFF_FIRST = 100
const BACKOFF_LAST = 5_000

/** Lost: another worker has the lease; what is under way is given up, it takes it over. */
interface Progress {
  lost: boolean
}

export async function serve(deps: TurnDeps, turn: Turn, signal: AbortSignal): Promise<void> {
  const { inbox, window } = deps
  window.turnOf(turn.place.account)
  const progress: Progress = { lost: false }
  let cycle: CachedCycle | undefined
  const prolonging = setInterval(() => {
    if (cycle === undefined) return
    inbox.claim(turn, 0, cycle.document.settings?.maxConcurrency).then(
      answer => (progress.lost ||= answer.state === 'lost'),
      () => undefined,
    )
  }, PROLONG)
  try {
    cycle = await deps.cycles.reload(turn.place)
    // Without its document nothing of it can run: the lease runs out, then it is looked at again.
    for (let claimed = 0; cycle !== undefined && claimed < TURN && !progress.lost && !signal.aborted;) {
      const room = Math.min(BATCH, window.room())
      if (room === 0) break
      const answer = await inbox.claim(turn, room, cycle.document.settings?.maxConcurrency)
      if (answer.state === 'lost') return
      if (answer.version !== cycle.version) cycle = await deps.cycles.reload(turn.place)
      if (cycle === undefined) return
      if (answer.state === 'replay') await replay(inbox, turn, cycle, deps.publicUrl)
      else if (answer.entries.length === 0) break
      else {
        for (const entry of answer.entries) if (entry.kind === 'start') window.add(entry.transaction)
        const current = cycle
        await Promise.all(answer.entries.map(entry => carryOut(deps, turn, current, entry, progress, signal)))
        claimed += answer.entries.length
      }
    }
    if (cycle !== undefined && !progress.lost) await inbox.release(turn)
  } finally {
    clearInterval(prolonging)
  }
}

/** Tries until it is done, refused, the lease is lost, or the worker stops: then another worker takes the entry over. */
async function carryOut(deps: TurnDeps, turn: Turn, cycle: CachedCycle, entry: Claimed, progress: Progress, signal: AbortSignal): Promise<void> {
  for (let pause = BACKOFF_FIRST; !progress.lost && !signal.aborted; pause = Math.min(pause * 2, BACKOFF_LAST)) {
    try {
      const reason = entry.kind === 'start' ? await start(deps, turn, cycle, entry) : await deliver(deps, turn, entry)
      if (reason === undefined) return
      deps.logger.warn({ ...about(turn, entry), reason }, 'Temporal cannot be reached; trying again')
    } catch (error) {
      if (!(error instanceof StorageUnavailable)) throw error
      deps.logger.warn({ ...about(turn, entry), err: error }, 'Redis cannot be reached; trying again')
    }
    await sleep(pause, undefined, { signal }).catch(() => undefined)
  }
  if (entry.kind === 'start') deps.window.leave(entry.transaction)
}

const about = (turn: Turn, entry: Claimed) => ({ account: turn.place.account, cycle: turn.place.cycle, transaction: entry.transaction })

/** Answers why it is to be tried again; undefined where it is done. */
async function start(deps: TurnDeps, turn: Turn, cycle: CachedCycle, entry: ClaimedStart): Promise<string | undefined> {
  const { outcome, reason = '' } = await deps.temporal.start(
    transactionStart(
      {
        transaction: entry.transaction,
        snapshot: snapshotOf(cycle, cycle.account, deps.publicUrl),
        trigger: { stepId: entry.stepId, data: JSON.parse(entry.data) },
        acceptedAt: entry.acceptedAt,
        startedBy: deps.workerId,
        limits: deps.limits,
      },
      deps.taskQueue,
    ),
  )
  if (outcome === 'later') return reason
  // One that was started before may have begun long ago: it reports no more.
  if (outcome !== 'started') deps.window.leave(entry.transaction)
  if (outcome === 'refused') {
    await deps.inbox.startRefused(turn, entry)
    await incident(deps, turn, entry, 'Error', `Temporal refused to start the transaction: ${reason}`)
  } else await deps.inbox.startDone(turn, entry)
  return undefined
}

async function deliver(deps: TurnDeps, turn: Turn, entry: ClaimedDelivery): Promise<string | undefined> {
  const { outcome, reason = '' } = await deps.temporal.deliver(turn.place, entry.transaction, {
    stepId: entry.stepId,
    deliveryId: entry.id,
    requestId: entry.request,
    data: JSON.parse(entry.data),
  })
  if (outcome === 'later') return reason
  await deps.inbox.deliveryDone(turn, entry, outcome)
  if (outcome === 'refused') await incident(deps, turn, entry, 'Warning', `Temporal refused to take the request to the transaction: ${reason}`)
  return undefined
}

async function incident(deps: TurnDeps, turn: Turn, entry: Claimed, level: 'Error' | 'Warning', detail: string): Promise<void> {
  deps.logger.error({ ...about(turn, entry), detail }, stepErrors.webhookFailed.message)
  await deps.incidents.add(turn.place, { at: Date.now(), level, stepId: entry.stepId, message: stepErrors.webhookFailed.message, detail }, entry.transaction)
}

/** Waits in Temporal for the answer of one run, through restarts of workers and of Temporal (webhooks.md 4, architecture.md 5). */
import type { RequestId, TransactionId } from '../../domain/ids.ts'
import type { ResponseResult, TransactionInput } from '../../workflows/messages.ts'
import { transactionWorkflowId } from '../../workflows/messages.ts'
import type { HeldOutcome, Wait, WebhookDeps, WebhookTemporal } from './deps.ts'
import { pause, remaining, within, type Deadline } from './deadline.ts'
import type { StartTurn } from './starts.ts'

/**
 * `lost`: the transaction is over, or was never there, and made no answer for the request. `over`: the deadline passed or the sender is gone.
 * `unreachable`: Temporal cannot be reached, or did not acknowledge in time.
 */
export type Followed = { readonly state: 'answer'; readonly answer: ResponseResult } | { readonly state: 'closed' | 'unknown' | 'over' | 'unreachable' }

/** Until when a start may be sent or be under way: past it the sweep may give the transaction up (protocol.md). */
export interface StartLimit {
  /** ms, monotonic. */
  readonly before: number
  /** Asks for more time; leaves it where that is not to be had. */
  renew(): Promise<void>
}

/**
 * Temporal did not acknowledge within this: 503 (webhooks.md 4). One that answers, but has so much to do that it does not know the start yet, is
 * given the time in which the start may be sent: a burst of senders is held, not turned away.
 */
const ACKNOWLEDGE_MS = 5_000
const BUSY_FIRST_MS = 1_000
const BUSY_LAST_MS = 8_000
/** More time is asked for while at least this much is left: longer than the longest pause between two looks. */
const RENEW_MS = 20_000
/** For the look whether a start that is not acknowledged yet is there. */
const FIND_MS = 2_000
/** For the start alone, when the sender is no longer waited for. */
const START_MS = 5_000
const AGAIN_MS = 200

type StartDeps = Pick<WebhookDeps, 'temporal' | 'starts'>

/**
 * Starts the transaction, idempotently, when it is its turn, and waits for the answer to its trigger. It is started also where the sender is gone, or its
 * time is up, before that: neither changes anything for the transaction (webhooks.md 4).
 */
export async function startAndFollow(deps: StartDeps, input: TransactionInput, deadline: Deadline, limit: StartLimit): Promise<Followed> {
  const workflowId = transactionWorkflowId(input.snapshot.cycle.id, input.transaction)
  const from = performance.now()
  const turn = await turnOf(deps, input, workflowId, limit)
  if (turn === undefined) return { state: 'unreachable' }
  try {
    // The 5 s count from the turn where others were answered meanwhile; else they have been counting since the sender came.
    const patience = deps.temporal.heard() ? ACKNOWLEDGE_MS : from + ACKNOWLEDGE_MS - performance.now()
    const outcome = await acknowledged(deps.temporal, workflowId, patience, giveUp => send(deps.temporal, input, deadline, limit, turn, giveUp), {
      limit,
      turn,
    })
    if (outcome.state !== 'absent') return outcome
  } finally {
    turn.end()
  }
  return follow(deps.temporal, workflowId, input.transaction, deadline)
}

/** The turn to send a start; undefined where it may not be sent any more, or where Temporal does not answer. */
async function turnOf({ temporal, starts }: StartDeps, input: TransactionInput, workflowId: string, limit: StartLimit): Promise<StartTurn | undefined> {
  const giveUp = new AbortController()
  const coming = starts.take(input.snapshot.account.id, input.transaction, giveUp.signal)
  for (let ms = ACKNOWLEDGE_MS; ; ms = BUSY_FIRST_MS) {
    const turn = await within(ms, coming)
    if (turn !== undefined) return turn
    await renewed(limit)
    if (performance.now() < limit.before && (temporal.heard() || (await located(temporal, workflowId)) !== 'unreachable')) continue
    giveUp.abort()
    return coming
  }
}

async function send(
  temporal: WebhookTemporal,
  input: TransactionInput,
  deadline: Deadline,
  limit: StartLimit,
  turn: StartTurn,
  giveUp: AbortSignal,
): Promise<HeldOutcome> {
  if (performance.now() > limit.before) return { state: 'unreachable' }
  const outcome = await temporal.startAndAwait(input, waitOf(deadline, giveUp))
  // The call that was cut off, or not made at all, may not have started it.
  if (outcome.state !== 'over' || turn.over || giveUp.aborted) return outcome
  if (performance.now() > limit.before) return { state: 'unreachable' }
  return temporal.start(input, START_MS).then(
    () => outcome,
    () => ({ state: 'unreachable' }),
  )
}

/** Waits for the answer of the run that `request` began. Looks into the transaction's record where it is over, or where the update was lost. */
export async function follow(temporal: WebhookTemporal, workflowId: string, request: RequestId | TransactionId, deadline: Deadline): Promise<Followed> {
  for (;;) {
    const outcome = await acknowledged(temporal, workflowId, ACKNOWLEDGE_MS, giveUp => temporal.await(workflowId, request, waitOf(deadline, giveUp)))
    if (outcome.state !== 'absent') return outcome
    const found = await located(temporal, workflowId)
    if (found === 'unreachable' || found === 'unknown') return { state: found }
    if (found === 'closed') return recorded(temporal, workflowId, request, deadline)
    // It went on as a new run, or its worker died before it took the update.
    await pause(AGAIN_MS, deadline)
    if (remaining(deadline) <= 0) return { state: 'over' }
  }
}

/** Runs a waiting call; where it has not ended after `patienceMs`, Temporal must at least know the transaction: its turn as a start is over then. */
async function acknowledged(
  temporal: WebhookTemporal,
  workflowId: string,
  patienceMs: number,
  call: (giveUp: AbortSignal) => Promise<HeldOutcome>,
  start?: { readonly limit: StartLimit; readonly turn: StartTurn },
): Promise<HeldOutcome> {
  const giveUp = new AbortController()
  const waiting = call(giveUp.signal)
  const soon = await within(patienceMs, waiting)
  if (soon !== undefined) return soon
  for (let again = BUSY_FIRST_MS; ; again = Math.min(again * 2, BUSY_LAST_MS)) {
    if (start?.turn.over === true) return waiting
    const found = await Promise.race([waiting, located(temporal, workflowId)])
    if (typeof found !== 'string') return found
    if (found === 'open' || found === 'closed') {
      start?.turn.end()
      return waiting
    }
    if (start !== undefined && found !== 'unreachable') await renewed(start.limit)
    const late = start === undefined ? found === 'unknown' : performance.now() >= start.limit.before
    if (found === 'unreachable' || late) {
      giveUp.abort()
      return { state: 'unreachable' }
    }
    const meanwhile = await within(again, waiting)
    if (meanwhile !== undefined) return meanwhile
  }
}

/** Asks for more time where little is left. */
async function renewed(limit: StartLimit): Promise<void> {
  if (limit.before - performance.now() < RENEW_MS) await limit.renew()
}
const waitOf = (deadline: Deadline, giveUp: AbortSignal): Wait => ({
  deadlineMs: remaining(deadline),
  signal: AbortSignal.any([giveUp, deadline.gone]),
})

async function located(temporal: WebhookTemporal, workflowId: string): Promise<'open' | 'closed' | 'unknown' | 'busy' | 'unreachable'> {
  try {
    return await temporal.find(workflowId, FIND_MS)
  } catch {
    return 'unreachable'
  }
}

async function recorded(temporal: WebhookTemporal, workflowId: string, request: RequestId | TransactionId, deadline: Deadline): Promise<Followed> {
  for (;;) {
    try {
      const answer = await temporal.recorded(workflowId, request, { deadlineMs: Math.min(remaining(deadline), 2 * ACKNOWLEDGE_MS), signal: deadline.gone })
      if (answer !== undefined) return { state: 'answer', answer }
      return remaining(deadline) <= 0 ? { state: 'over' } : { state: 'closed' }
    } catch {
      // A query needs a worker; one that died may be replaced before the sender gives up.
      await pause(AGAIN_MS, deadline)
      if (remaining(deadline) <= 0) return { state: 'over' }
    }
  }
}

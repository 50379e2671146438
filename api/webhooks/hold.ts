/** Waits in Temporal for the answer of one run, through restarts of workers and of Temporal (webhooks.md 4, architecture.md 5). */
import type { RequestId, TransactionId } from '../../domain/ids.ts'
import type { ResponseResult, TransactionInput } from '../../workflows/messages.ts'
import { transactionWorkflowId } from '../../workflows/messages.ts'
import type { HeldOutcome, WebhookTemporal } from './deps.ts'
import { pause, remaining, type Deadline } from './deadline.ts'

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
const AGAIN_MS = 200

/** Starts the transaction, idempotently, and waits for the answer to its trigger. */
export async function startAndFollow(temporal: WebhookTemporal, input: TransactionInput, deadline: Deadline, limit: StartLimit): Promise<Followed> {
  const workflowId = transactionWorkflowId(input.snapshot.cycle.id, input.transaction)
  const outcome = await acknowledged(temporal, workflowId, deadline, limit, wait => temporal.startAndAwait(input, wait))
  if (outcome.state !== 'absent') return outcome
  return follow(temporal, workflowId, input.transaction, deadline)
}

/** Waits for the answer of the run that `request` began. Looks into the transaction's record where it is over, or where the update was lost. */
export async function follow(temporal: WebhookTemporal, workflowId: string, request: RequestId | TransactionId, deadline: Deadline): Promise<Followed> {
  for (;;) {
    const outcome = await acknowledged(temporal, workflowId, deadline, undefined, wait => temporal.await(workflowId, request, wait))
    if (outcome.state !== 'absent') return outcome
    const found = await located(temporal, workflowId)
    if (found === 'unreachable' || found === 'unknown') return { state: found }
    if (found === 'closed') return recorded(temporal, workflowId, request, deadline)
    // It went on as a new run, or its worker died before it took the update.
    await pause(AGAIN_MS, deadline)
    if (remaining(deadline) <= 0) return { state: 'over' }
  }
}

/** Runs a waiting call; where it has not ended after 5 s, Temporal must at least know the transaction. */
async function acknowledged(
  temporal: WebhookTemporal,
  workflowId: string,
  deadline: Deadline,
  limit: StartLimit | undefined,
  call: (wait: { deadlineMs: number; signal: AbortSignal }) => Promise<HeldOutcome>,
): Promise<HeldOutcome> {
  const giveUp = new AbortController()
  const gone = (): void => giveUp.abort()
  if (deadline.gone.aborted) return { state: 'over' }
  deadline.gone.addEventListener('abort', gone, { once: true })
  let timer: NodeJS.Timeout | undefined
  try {
    const waiting = call({ deadlineMs: remaining(deadline), signal: giveUp.signal })
    const patience = new Promise<undefined>(resolve => {
      timer = setTimeout(resolve, ACKNOWLEDGE_MS, undefined)
    })
    const soon = await Promise.race([waiting, patience])
    if (soon !== undefined) return soon
    for (let again = BUSY_FIRST_MS; ; again = Math.min(again * 2, BUSY_LAST_MS)) {
      const found = await Promise.race([waiting, located(temporal, workflowId)])
      if (typeof found !== 'string') return found
      if (found === 'open' || found === 'closed') return await waiting
      if (limit !== undefined && found !== 'unreachable' && limit.before - performance.now() < RENEW_MS) await limit.renew()
      const late = limit === undefined ? found === 'unknown' : performance.now() >= limit.before
      if (found === 'unreachable' || late) {
        giveUp.abort()
        return { state: 'unreachable' }
      }
      const meanwhile = await Promise.race([waiting, pause(again, deadline)])
      if (meanwhile !== undefined) return meanwhile
    }
  } finally {
    clearTimeout(timer)
    deadline.gone.removeEventListener('abort', gone)
  }
}

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

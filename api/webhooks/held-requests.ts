/** Held connections: a trigger's, which waits for the start of its transaction, and a mid-cycle request's, which follows where it is delivered. */
import type { Place, RequestId, TransactionId } from '../../domain/ids.ts'
import type { RequestOutcome } from '../../storage/inbox.ts'
import { transactionWorkflowId, type ResponseResult, type TransactionInput } from '../../workflows/messages.ts'
import { table, type About, type Answer } from './answers.ts'
import { bounded, pause, remaining, within, type Deadline } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import { follow, startAndFollow, type Followed, type StartLimit } from './hold.ts'

/** What of the dependencies a held connection needs. */
export type HoldDeps = Pick<WebhookDeps, 'inbox' | 'temporal' | 'starts' | 'logger'>

/** Messages of the inbox can be lost: it is looked at again after this. */
const LOOK_MS = 1_000
/** The same while an update already waits in Temporal. */
const ATTACHED_LOOK_MS = 3_000
/** A start is sent within the sweep's age less this: what comes later might start what the sweep has given up (protocol.md). */
const START_MARGIN_MS = 5_000

/** The sender is gone: there is nobody to answer. */
type Held = Answer | undefined

export interface HeldTrigger {
  readonly input: TransactionInput
  readonly about: About
  readonly deadline: Deadline
  readonly limit: StartLimit
}

/** How long an accept sent at `sentAt` (ms, monotonic) may be followed by its start; `renew` asks the inbox for more. */
export function startLimit(sentAt: number, sweepAgeMs: number, renew: () => Promise<boolean>): StartLimit {
  const from = (sent: number): number => sent + sweepAgeMs - START_MARGIN_MS
  let before = from(sentAt)
  return {
    get before() {
      return before
    },
    async renew() {
      const sent = performance.now()
      const renewed = await renew().catch(() => false)
      // What is answered too late may find the sweep there first.
      if (renewed && performance.now() < before) before = from(sent)
    },
  }
}

/** Nothing stands in the inbox: this process starts the transaction and waits for its answer. */
export async function holdStarted(deps: HoldDeps, held: HeldTrigger): Promise<Held> {
  const { input, about, deadline, limit } = held
  const following = startAndFollow(deps, input, deadline, limit)
  const followed = await within(remaining(deadline), following, deadline.gone)
  if (followed !== undefined) return followedAnswer(followed, about, deadline)
  void following.then(({ state }) => {
    if (state === 'unreachable') deps.logger.warn({ transaction: input.transaction }, 'a transaction whose sender was no longer held was not started')
  })
  return timedOut(about, deadline)
}

/** The entry stands in the inbox and waits its turn: the dispatcher starts it. */
export async function holdQueued(deps: HoldDeps, place: Place, transaction: TransactionId, about: About, deadline: Deadline): Promise<Held> {
  const watch = watchOf(deps, place, transaction)
  try {
    while (remaining(deadline) > 0) {
      const record = await bounded(deps.inbox.transaction(place, transaction))
      if (record === undefined || record.status === 'Dropped') return table('failed', about)
      if (record.status !== 'Queued') {
        const followed = await follow(deps.temporal, transactionWorkflowId(place.cycle, transaction), transaction, deadline)
        if (followed.state !== 'unknown') return followedAnswer(followed, about, deadline)
        if (record.status !== 'InProgress') return table('failed', about)
      }
      await watch.next(LOOK_MS, deadline)
    }
    return timedOut(about, deadline)
  } finally {
    watch.close()
  }
}

/** The answer of a transaction that was started before, where it is in Temporal; `unknown` where it is not. */
export async function holdKnown(deps: HoldDeps, place: Place, transaction: TransactionId, about: About, deadline: Deadline): Promise<Held | 'unknown'> {
  const followed = await follow(deps.temporal, transactionWorkflowId(place.cycle, transaction), transaction, deadline)
  return followed.state === 'unknown' ? 'unknown' : followedAnswer(followed, about, deadline)
}

/** A matched mid-cycle request: it is followed to the transaction that takes it; matched anew, to the next one. */
export async function holdMidCycle(
  deps: HoldDeps,
  place: Place,
  request: RequestId,
  matched: TransactionId,
  replayed: boolean,
  deadline: Deadline,
): Promise<Held> {
  const watch = watchOf(deps, place, request)
  let transaction = matched
  try {
    while (remaining(deadline) > 0) {
      const about: About = { transaction, replayed, held: true }
      const followed = await followDelivery(deps, place, request, transaction, deadline, watch)
      if (followed.state === 'answer' && followed.answer.kind !== 'moved') return answerOf(followed.answer, about)
      if (followed.state === 'unreachable') return table('unavailable', about)
      if (followed.state === 'over') break
      const outcome = followed.state === 'elsewhere' ? followed.outcome : await bounded(deps.inbox.outcomeOf(place, request))
      if (outcome?.outcome !== 'matched') return table('accepted', { replayed })
      // The same transaction: it is not started yet, or its end has not been noticed.
      if (outcome.transaction === transaction) await watch.next(LOOK_MS, deadline)
      else transaction = outcome.transaction
    }
    return timedOut({ transaction, replayed }, deadline)
  } finally {
    watch.close()
  }
}

type Delivery = Followed | { readonly state: 'elsewhere'; readonly outcome: RequestOutcome | undefined }

/** Waits in the transaction, and beside it for the news that the request was taken away from it. */
async function followDelivery(
  deps: HoldDeps,
  place: Place,
  request: RequestId,
  transaction: TransactionId,
  deadline: Deadline,
  watch: Watch,
): Promise<Delivery> {
  const inner = new AbortController()
  const gone = (): void => inner.abort()
  deadline.gone.addEventListener('abort', gone, { once: true })
  const until: Deadline = { at: deadline.at, gone: inner.signal }
  const elsewhere = async (): Promise<Delivery> => {
    while (remaining(until) > 0) {
      await watch.next(ATTACHED_LOOK_MS, until)
      if (remaining(until) <= 0) break
      try {
        const outcome = await bounded(deps.inbox.outcomeOf(place, request))
        if (outcome !== undefined && (outcome.outcome !== 'matched' || outcome.transaction !== transaction)) return { state: 'elsewhere', outcome }
      } catch (error) {
        deps.logger.warn({ err: error, request }, 'what became of a held request could not be looked up')
      }
    }
    return { state: 'over' }
  }
  try {
    return await Promise.race([follow(deps.temporal, transactionWorkflowId(place.cycle, transaction), request, until), elsewhere()])
  } finally {
    deadline.gone.removeEventListener('abort', gone)
    inner.abort()
  }
}

function followedAnswer(followed: Followed, about: About, deadline: Deadline): Held {
  switch (followed.state) {
    case 'answer':
      return answerOf(followed.answer, about)
    case 'closed':
    case 'unknown':
      return table('failed', about)
    case 'unreachable':
      return table('unavailable', about)
    case 'over':
      return timedOut(about, deadline)
  }
}

function answerOf(result: ResponseResult, about: About): Answer {
  switch (result.kind) {
    case 'response':
      return { kind: 'custom', status: result.status, headers: result.headers, body: result.body, about }
    case 'none':
      return table('accepted', about)
    case 'failed':
    case 'moved':
      return table('failed', about)
  }
}

const timedOut = (about: About, deadline: Deadline): Held => (deadline.gone.aborted ? undefined : table('timedOut', about))

interface Watch {
  /** Resolves at the next change, at the latest after `ms` or at the deadline; at once where one came since the last call. */
  next(ms: number, deadline: Deadline): Promise<void>
  close(): void
}

function watchOf(deps: HoldDeps, place: Place, id: TransactionId | RequestId): Watch {
  let changed = false
  let wake: (() => void) | undefined
  const close = deps.inbox.onChange(place, id, () => {
    changed = true
    wake?.()
  })
  return {
    close,
    async next(ms, deadline) {
      if (!changed) {
        const woken = new Promise<void>(resolve => {
          wake = resolve
        })
        const stop = new AbortController()
        const gone = (): void => stop.abort()
        deadline.gone.addEventListener('abort', gone, { once: true })
        await Promise.race([woken, pause(ms, { at: deadline.at, gone: stop.signal })])
        deadline.gone.removeEventListener('abort', gone)
        stop.abort()
      }
      changed = false
      wake = undefined
    },
  }
}

/**
 * The inbox, running set and index of a cycle (protocol.md). Every method is one atomic script unless it says otherwise;
 * Redis's clock counts. A refusal writes nothing (but the mark of a drop). All errors of the connection are `StorageUnavailable`.
 */
import type { AccountId, Place, RequestId, StepId, TransactionId } from '../domain/ids.ts'
import type { CycleState, EndStatus, TransactionStatus } from '../domain/states.ts'
import type { InboxSchedule } from './inbox-schedule.ts'
import type { InboxUpkeep } from './inbox-upkeep.ts'
import type { InboxRebuild } from './rebuild.ts'

/** A value that a mid-cycle step waits for: the step, and the value in canonical form (webhooks.md 6). Storage hashes both together. */
export interface MatchValue {
  readonly stepId: StepId
  readonly value: string
}

/** A key of one webhook: its identifier and the sender's idempotency key (webhooks.md 5). Storage hashes both together. */
export interface RequestKey {
  readonly identifier: string
  readonly key: string
}

/** Version of the document that a caller worked with; another one in the store makes `stale`. */
export interface Versioned {
  readonly place: Place
  readonly version: number
}

export interface TriggerRequest extends Versioned {
  /** A fresh id; becomes the transaction's unless the key names another. */
  readonly transaction: TransactionId
  readonly stepId: StepId
  readonly key?: RequestKey
  /** JSON of the trigger's step data. */
  readonly data: string
  /** Values for mid-cycle steps that come from the trigger's own data. */
  readonly values: readonly MatchValue[]
  /** At most this many transactions run at once; absent: no limit. */
  readonly maxConcurrency?: number
  /** A sender waits for the answer: with no limit, of the cycle or its account, and in state Active nothing is appended, the caller starts it. */
  readonly held: boolean
}

export interface MidCycleRequest extends Versioned {
  readonly request: RequestId
  readonly stepId: StepId
  readonly key?: RequestKey
  readonly data: string
  /** Canonical value at `match.request`; absent where it never matches. */
  readonly value?: string
  /** `earlyArrivalWindow` in ms; 0: none. */
  readonly window: number
  readonly maxConcurrency?: number
  /** A sender waits for the answer of its run: outcomes are published on the request's channel. */
  readonly held: boolean
}

export type Refusal =
  | { readonly outcome: 'deleted' } // 404
  | { readonly outcome: 'inactive' } // 406: Paused, or Stopped for STOPPED_QUEUE_TTL or more
  | { readonly outcome: 'full' } // 429
  | { readonly outcome: 'stale' } // another version of the document: reload, repeat

export type TriggerAnswer =
  | Refusal
  | {
      readonly outcome: 'accepted'
      readonly transaction: TransactionId
      /** The key was known: this is the first one's transaction. */
      readonly replayed: boolean
      /**
       * `inbox`: on disk in the inbox, to be started by the dispatcher while the cycle is Active: a held sender attaches to it.
       * `queued`: on disk, waiting for the next start of the cycle (state not Active): answer at once.
       * `start`: nothing appended: the caller starts it in Temporal (idempotent), within the sweep age less its deadline.
       */
      readonly next: 'inbox' | 'queued' | 'start'
    }

/** What became of a mid-cycle request. */
export type RequestOutcome =
  | { readonly outcome: 'matched'; readonly transaction: TransactionId }
  | { readonly outcome: 'early' } // kept for its window
  | { readonly outcome: 'queued' } // cycle not Active
  | { readonly outcome: 'unmatched' }
  | { readonly outcome: 'ignored' } // turned away by after_webhook

export type MidCycleAnswer = Refusal | (RequestOutcome & { readonly request: RequestId; readonly replayed: boolean })

/** Read-only look at key and state, for requests whose body did not parse or whose step has `after_webhook`. */
export type Peek =
  | Exclude<Refusal, { outcome: 'full' }>
  | { readonly outcome: 'open' } // would be accepted, as far as state and key go
  | {
      readonly outcome: 'known'
      readonly transaction?: TransactionId
      readonly request: RequestId
      readonly ignored: boolean
      readonly next: 'inbox' | 'queued' | 'start'
    }

/** The accepting side: api. */
export interface InboxAccept {
  acceptTrigger(request: TriggerRequest): Promise<TriggerAnswer>
  acceptMidCycle(request: MidCycleRequest): Promise<MidCycleAnswer>
  peek(place: Place, version: number, key: RequestKey | undefined): Promise<Peek>
  /** A request that `after_webhook` turned away leaves its key, is counted, and nothing else. */
  ignored(place: Place, request: RequestId, key: RequestKey | undefined): Promise<void>
  /**
   * A sender is still held for a start that Temporal has not acknowledged: the sweep counts anew from now, as after a repeat with its key.
   * `false`: it has begun, or is over or swept: only a repeat may start it.
   */
  renewStart(place: Place, transaction: TransactionId): Promise<boolean>
  /** What became of a held mid-cycle request; kept for the longest syncTimeout (600 s) at least. */
  outcomeOf(place: Place, request: RequestId): Promise<RequestOutcome | undefined>
  /**
   * Calls `listener` whenever something about that transaction or held request may have changed (started, matched anew, unmatched, over).
   * Messages can be lost: look again each second. Returns the unsubscriber.
   */
  onChange(place: Place, id: TransactionId | RequestId, listener: () => void): () => void
}

/** A transaction as its own workflow knows it. */
export interface TransactionView {
  /** `Errored`: it stands failed. */
  readonly status: 'InProgress' | 'Waiting' | 'Errored'
  /** ms since the epoch. */
  readonly acceptedAt: number
  /** What is registered for its mid-cycle steps. */
  readonly values: readonly MatchValue[]
}

/**
 * The transaction's own side: local activities; each may be repeated. Those that ask for permission reject with `UnknownCycle` where this Redis has no such
 * cycle: it was deleted, or Redis was emptied.
 */
export interface InboxTransaction {
  /** `values`: the trigger's own, for a synchronous one that was swept. `startedBy`: the process that is told that it began. */
  begin(place: Place, transaction: TransactionId, values: readonly MatchValue[], startedBy: string | undefined, run?: string): Promise<'go' | 'stop'>
  /**
   * `delivery`: ids are per cycle, growing. `taken` says, with `stop`, that the delivery had been taken before and counts as delivered.
   * `moved`: it is another transaction's by now: out of the queue with it, and no run.
   */
  resume(place: Place, transaction: TransactionId, stepId: StepId, delivery: number): Promise<Resumed>
  /** Replaces the transaction's value for that step (undefined: none) and meets early requests. Answers the value's hash, for the search attribute. */
  register(place: Place, transaction: TransactionId, value: { readonly stepId: StepId; readonly value: string | undefined }): Promise<string | undefined>
  /** `view`: what the transaction is; it counts where its record was rebuilt. */
  check(place: Place, transaction: TransactionId, view: TransactionView): Promise<'go' | 'stop'>
  /** `seen`: highest delivery that reached the workflow, for each step. `busy`: a signal is on its way, stay. */
  park(place: Place, transaction: TransactionId, seen: Readonly<Record<StepId, number>>): Promise<Told<'parked' | 'busy' | 'stop'>>
  /**
   * `consumed`: highest delivery for which a run was made, for each step; what is above it is matched once more. `retentionMs`: how long record and
   * key stay. `before`: it was over already: it stood failed, or this is a repeat.
   */
  end(
    place: Place,
    transaction: TransactionId,
    consumed: Readonly<Record<StepId, number>>,
    status: EndStatus,
    retentionMs: number,
  ): Promise<{ readonly wake: boolean; readonly before: boolean }>
  /**
   * The run failed and operators may mend it: the transaction shows as Errored, has no place and is no candidate, and its workflow stays open.
   * What is above `consumed` is matched once more. `stop`: doomed or deleted, it ends as Stopped.
   * `asked` numbers the questions that a workflow puts by `fail` and `revive`, growing by one with each; a repeat has the number of the first.
   */
  fail(
    place: Place,
    transaction: TransactionId,
    consumed: Readonly<Record<StepId, number>>,
    retentionMs: number,
    asked: number,
  ): Promise<Told<'failed' | 'stop'>>
  /**
   * A failed one is to go on, with its values as they were. `busy`: no place is free; it is noted, and gets one in turn: ask again, with the same number,
   * until another answer comes or it ends. `refused`: the cycle is not Active. `stop`: deleted, doomed meanwhile, or it does not stand failed.
   */
  revive(place: Place, transaction: TransactionId, asked: number): Promise<'go' | 'busy' | 'refused' | 'stop'>
  /**
   * As `begin`, for an item of a split (cycles.md 4), which runs in its parent's place. `split` is `{stepId}.{execution}`, the item's id
   * `{parent}.{split}.{index}`. `stop`: its parent runs no more, or is doomed. `values` that are known then.
   * Every item counts once: by the first of its `park` (completed), `fail` or `end`, or as stopped where it never began.
   */
  beginItem(place: Place, item: TransactionId, parent: TransactionId, split: string, values: readonly MatchValue[]): Promise<'go' | 'stop'>
  /**
   * What became of the items of one split so far. While fewer than `wakeAt` have come to it the item that is the one answers with `wake`; where that
   * is lost the parent is told all the same, later. At least `wakeAt` items, the first ones, must have been started.
   */
  awaitItems(place: Place, parent: TransactionId, split: string, wakeAt: number): Promise<ItemCounts>
}

export interface ItemCounts {
  readonly completed: number
  readonly errored: number
  readonly stopped: number
}

export type Resumed = { readonly answer: 'go' | 'moved' } | { readonly answer: 'stop'; readonly taken: boolean }

/** An answer to a transaction. `wake`: it is an item, and its parent waits for this: tell it. */
export interface Told<A> {
  readonly answer: A
  readonly wake: boolean
}

export interface Turn {
  readonly place: Place
  readonly token: string
}

export interface ClaimedStart {
  readonly kind: 'start'
  readonly id: number
  readonly transaction: TransactionId
  readonly stepId: StepId
  readonly data: string
  /** ms since the epoch, Redis's clock. */
  readonly acceptedAt: number
}

export interface ClaimedDelivery {
  readonly kind: 'delivery'
  readonly id: number
  readonly transaction: TransactionId
  readonly request: RequestId
  readonly stepId: StepId
  readonly data: string
}

export type Claimed = ClaimedStart | ClaimedDelivery

export type Claims =
  | { readonly state: 'ok'; readonly version: number; readonly entries: readonly Claimed[] }
  | { readonly state: 'lost' }
  | { readonly state: 'replay'; readonly version: number }

export type ReplayEntry =
  | { readonly kind: 'start'; readonly id: number; readonly transaction: TransactionId; readonly stepId: StepId; readonly data: string }
  | { readonly kind: 'delivery'; readonly id: number; readonly request: RequestId; readonly stepId: StepId; readonly data: string }

/** What today's document says of one replayed entry. `gone`: its step is no longer there: out, with an incident. */
export type Replayed =
  | { readonly id: number; readonly gone: true }
  | { readonly id: number; readonly gone: false; readonly values: readonly MatchValue[] } // a start
  | { readonly id: number; readonly gone: false; readonly value: string | undefined; readonly window: number } // a delivery

/** The dispatching side: worker. */
export interface InboxDispatch {
  /** Resolves when a wake-up came, at the latest after `timeoutMs`; rejects when `signal` is aborted. */
  waitForWork(timeoutMs: number, signal: AbortSignal): Promise<void>
  /** The next ready cycle in turn, account by account, under a new lease; undefined where none is ready. */
  take(worker: string): Promise<Turn | undefined>
  /** Claims up to `max` entries; empty: none claimable now. `lost`: the lease is another's, give up. `replay`: entries wait to be registered again first. `version`: of the document that entries claimed now run under. */
  claim(turn: Turn, max: number, maxConcurrency: number | undefined): Promise<Claims>
  startDone(turn: Turn, entry: ClaimedStart): Promise<void>
  /** Temporal refused the start for good: the transaction is Errored (the caller logs the incident). */
  startRefused(turn: Turn, entry: ClaimedStart): Promise<void>
  /** `notFound`: the workflow is closed or unknown: everything of it is matched once more, in order. `refused`: for good, unmatched. */
  deliveryDone(turn: Turn, entry: ClaimedDelivery, result: 'signalled' | 'notFound' | 'refused'): Promise<void>
  release(turn: Turn): Promise<void>
  /** The next entries to register again, in order; empty: caught up (and the replay is over). */
  readReplay(turn: Turn, max: number): Promise<readonly ReplayEntry[]>
  /** Applies what was worked out for entries read; answers those that were dropped or unmatched, for incidents. */
  applyReplay(turn: Turn, entries: readonly Replayed[]): Promise<void>
  /** Each process bounds the starts that it sent and that have not begun: called when one of its own begins. Messages can be lost. */
  onBegun(startedBy: string, listener: (transaction: TransactionId) => void): () => void
}

export interface CycleStatus {
  readonly state: CycleState
  readonly epoch: number
  readonly version: number
  /** Transactions that run; their items are not counted, nor in `waiting`. */
  readonly inProgress: number
  readonly queued: number
  readonly waiting: number
  readonly errors: number
  readonly warnings: number
  /** Counters since the cycle was made. */
  readonly unmatched: number
  readonly ignored: number
  /** ms since the epoch of the oldest entry; undefined where the inbox is empty. */
  readonly oldest: number | undefined
}

export interface TransactionRecord {
  readonly id: TransactionId
  readonly status: TransactionStatus
  readonly acceptedAt: number
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly errors: number
  readonly warnings: number
}

export interface InboxControl {
  /**
   * Makes the keys of a new cycle, state Paused. `scheduled`: its trigger is a schedule. `once`: it stops after its first run (docs/decisions/0022): the
   * script that accepts what begins it finishes the cycle.
   */
  create(place: Place, version: number, as?: { readonly scheduled?: boolean; readonly once?: boolean }): Promise<void>
  activate(place: Place): Promise<'done' | 'deleted'>
  deactivate(place: Place): Promise<'done' | 'deleted'>
  /** `Paused` to `Stopped`: of a package's new cycle that cannot be started (marketplace.md 2). */
  rest(place: Place): Promise<'done' | 'deleted'>
  finish(place: Place): Promise<'done' | 'deleted'>
  delete(place: Place): Promise<'done' | 'deleted'>
  /** Raises the document's version, only while the cycle is Paused or Stopped. */
  edited(place: Place, version: number): Promise<'done' | 'running' | 'deleted'>
  /** Also applies the drop of what waited for STOPPED_QUEUE_TTL. */
  status(place: Place): Promise<CycleStatus | undefined>
  /** Newest first, `after` exclusive; ids before `before` (exclusive) are left out: both are ids of transactions. */
  list(
    place: Place,
    query: { readonly status?: TransactionStatus; readonly after?: TransactionId; readonly before?: TransactionId; readonly limit: number },
  ): Promise<readonly TransactionRecord[]>
  transaction(place: Place, id: TransactionId): Promise<TransactionRecord | undefined>
  /** How many transactions of all cycles of an account may run at once (undefined: no limit), from now on. `false`: there is no such account. */
  limitAccount(account: AccountId, max: number | undefined): Promise<boolean>
  /** Items of a transaction, in order of its splits and of their index, `after` exclusive. They are in no other list and in no count of the cycle. */
  items(place: Place, parent: TransactionId, query: { readonly after?: TransactionId; readonly limit: number }): Promise<readonly TransactionRecord[]>
  /** Stops one transaction: Queued: taken out, Stopped; else the caller signals its workflow, which asks `check`. */
  stopTransaction(place: Place, id: TransactionId): Promise<'stopped' | 'signal' | 'over' | 'unknown'>
  /** Calls `listener` when an operation on a package may have ended. As `onChange`. */
  onEnd(operation: string, listener: () => void): () => void
}

export interface Inbox extends InboxAccept, InboxTransaction, InboxDispatch, InboxSchedule, InboxUpkeep, InboxControl, InboxRebuild {}

/** Limits and ages, from configuration. */
export interface InboxOptions {
  readonly stoppedQueueTtlMs: number
  readonly retentionMs: number
  readonly inboxLimit: number
  readonly inboxBytes: number
  readonly inboxTotalBytes: number
  /** Defaults: lease 10 s, sweep age 60 s, at most 10 deliveries signalled and not taken for one transaction and step. */
  readonly leaseMs?: number
  readonly sweepAgeMs?: number
  readonly signalledMax?: number
}

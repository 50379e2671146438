/**
 * Names and shapes of what is sent to the workflows: shared by api, worker and workflows. Types and constants only.
 */
import { asTransactionId, type AccountId, type CycleId, type RequestId, type StepId, type TransactionId } from '../domain/ids.ts'
import type { CycleDocument, TriggerData, WebhookData } from '../domain/document.ts'
import type { Json } from '../domain/json.ts'
import type { StepErrorCode } from '../domain/errors.ts'
import type { InstallationStatus } from '../domain/notification-body.ts'
import type { EndStatus } from '../domain/states.ts'

/** Payloads of that many bytes and more are stored beside Temporal, but for those with `INLINE` in their metadata (decision 12). */
export const LARGE_BYTES = 64 * 1024
export const INLINE = 'flywheel-inline'

export const TRANSACTION = 'transaction'
export const CYCLE_OPERATION = 'cycleOperation'
export const NOTIFICATION = 'notification'

export const transactionWorkflowId = (cycle: CycleId, transaction: TransactionId): string => `transaction/${cycle}/${transaction}`
export const cycleOperationWorkflowId = (cycle: CycleId, op: string, epoch: number): string => `cycleOperation/${cycle}/${op}/${epoch}`

export const notificationWorkflowId = (id: string): string => `notification/${id}`

/** What a transaction runs with; it never changes while it lives (cycles.md 6). Secrets are not in it. */
export interface Snapshot {
  readonly account: { readonly id: AccountId; readonly apiId: string; readonly name: string; readonly timezone: string }
  readonly cycle: { readonly id: CycleId; readonly name: string }
  readonly document: CycleDocument
  /** Values of the variables; secret ones are left out. */
  readonly variables: { readonly [name: string]: Json }
  /** URL of each webhook step. */
  readonly webhooks: { readonly [step: StepId]: string }
  /** SHA-256 of the document, and version of the interpreter that runs it. */
  readonly hash: string
  readonly kernel: 1
}

export interface TransactionInput {
  readonly transaction: TransactionId
  readonly snapshot: Snapshot
  /** The data of an item stands in `item`. */
  readonly trigger: { readonly stepId: StepId; readonly data?: TriggerData }
  /** ms since the epoch. */
  readonly acceptedAt: number
  /** Process whose bound on starts that have not begun this one counts against: it is told when it begins. */
  readonly startedBy?: string
  readonly limits: { readonly maxStepExecutions: number; readonly retentionMs: number }
  /** What makes it an element of a list that another transaction split (cycles.md 4). */
  readonly item?: Item
  /** Where the transaction stood, after a continue-as-new. */
  readonly carried?: Carried
}

export interface Item {
  readonly parent: TransactionId
  /** The step whose data was split, and which execution of it. */
  readonly stepId: StepId
  readonly execution: number
  readonly index: number
  readonly total: number
  readonly value: Json
  /** The request that began the parent's run: its sender gets the answer of the first response step, also of an item's. */
  readonly request: string
  /** Step data of the parent that the item's steps name. */
  readonly data: { readonly [step: StepId]: Json }
}

/** One execution of a split, as Redis counts its items by. */
export const splitId = (stepId: StepId, execution: number): string => `${stepId}.${execution}`
export const itemId = (parent: TransactionId, split: string, index: number): TransactionId => asTransactionId(`${parent}.${split}.${index}`)

/** How items, or paths, ended (cycles.md 4, waitAll). */
export interface JoinCounts {
  readonly completed: number
  readonly errored: number
  readonly stopped: number
}

/** Where one path of a run stands: before a step, or in its execution. */
export interface Position {
  readonly stepId: StepId
  /** Which execution of the step was under way, from 1. */
  readonly execution?: number
  /** Of a delay that was begun: when it ends (ms since the epoch). */
  readonly until?: number
  /** The step's data is there and is split: how many items were started. */
  readonly started?: number
  /** A try failed and another one comes. */
  readonly retry?: Retry
}

/** The pause before the next try of a step (cycles.md 5). */
export interface Retry {
  /** ms since the epoch. */
  readonly at: number
  /** Tries that failed by the rule `retry`, and waits because of 429 or 503 without a `Retry-After`. */
  readonly tries: number
  readonly waits: number
  /** All tries that failed. */
  readonly failed: number
  readonly code: StepErrorCode
  readonly detail: string
}

/** A step that failed for good: the transaction stands there until an operator mends it, or its retention is over. */
export interface Failure {
  readonly stepId: StepId
  readonly code: StepErrorCode
  readonly detail: string
  /** No try can go better: the transaction closes at once. */
  readonly final: boolean
  readonly stopCycle: boolean
  /** Once it stands: until when (ms since the epoch). */
  readonly until?: number
}

/** One pass of a transaction, from its trigger or from a mid-cycle step. */
export interface Run {
  readonly from: StepId
  /** The request that began it; of the trigger's run the transaction's id. */
  readonly request: string
  /** Paths to go on with; while the run is walked it is empty. */
  readonly paths: readonly Position[]
  /** Paths that stand at a join, each by its step. */
  readonly joining?: readonly StepId[]
  /** Paths that have ended since the run began or was joined. */
  readonly ended?: number
  /** Split items that have ended since then. */
  readonly items?: JoinCounts
}

/** A transaction's state between two step boundaries: all that the interpreter needs to go on. */
export interface Carried {
  /** ms since the epoch; absent until it was begun. */
  readonly startedAt?: number
  readonly status: 'InProgress' | 'Waiting' | 'Errored'
  /** Step data of the latest execution of each step but the trigger, whose data is in the input. */
  readonly data: { readonly [step: StepId]: Json }
  readonly executions: number
  /** Mid-cycle steps that were reached: they can be run from. */
  readonly reached: readonly StepId[]
  /** Registered values in canonical form, and their hashes where the index told them. */
  readonly registered: { readonly [step: StepId]: { readonly value: string; readonly hash?: string } }
  readonly records: { readonly [step: StepId]: Omit<StepRecord, 'data'> }
  readonly incidents: readonly Incident[]
  /** How many incidents there were: the `seq` of the latest. */
  readonly reported: number
  readonly responses: { readonly [request: string]: ResponseResult }
  /** Deliveries that no run was made for yet, in order of arrival. */
  readonly queue: readonly Delivery[]
  /** Highest delivery that came, and highest that a run was made for, in each step's lane. */
  readonly seen: { readonly [step: StepId]: number }
  readonly consumed: { readonly [step: StepId]: number }
  readonly run?: Run
  readonly failure?: Failure
  /** Number of the latest question to the index whether it stands failed, or may go on. */
  readonly asked: number
  /** How many runs there were, and when the latest ended (ms since the epoch). */
  readonly runs: number
  readonly ranUntil?: number
  /** Search attributes as they were set last. */
  readonly shown?: { readonly status: string; readonly waitingFor: readonly string[] }
}

/** Signal: a mid-cycle request. */
export const DELIVER = 'deliver'
export interface Delivery {
  readonly stepId: StepId
  readonly deliveryId: number
  readonly requestId: RequestId
  readonly data: WebhookData
}
/** Signal: the cycle was stopped, or the index rebuilt; a hint, the workflow asks `check` and tells what it is. */
export const CHECK_STOP = 'checkStop'
/** Signals: an operator retries, skips or fails a step that failed or waits for its next try. Argument: nothing where one step can be meant, its id, or `{ stepId }`. */
export const RETRY_STEP = 'retryStep'
export const SKIP_STEP = 'skipStep'
export const FAIL_STEP = 'failStep'
export type Order = 'retry' | 'skip' | 'fail'
/** Signal: an operator stops this transaction. */
export const STOP = 'stop'
/** Signals to a parent: so many items of a split have ended as it wanted to know of (argument: the split); and an item's answer for the run's sender. */
export const ITEMS_ENDED = 'itemsEnded'
export const ANSWER_RUN = 'answerRun'
export interface RunAnswer {
  readonly request: string
  readonly stepId: StepId
  readonly response: ResponseResult
}

/** Update: waits for the response of the run that the request began. `updateId` is the request's id. For a trigger the request id is the transaction's id. */
export const AWAIT_RESPONSE = 'awaitResponse'
export type ResponseResult =
  | { readonly kind: 'response'; readonly status: number; readonly headers: { readonly [name: string]: string }; readonly body: string }
  | { readonly kind: 'none' } // every path ended or stands without a response: 200 Webhook accepted.
  | { readonly kind: 'failed' } // failed or stopped first: 500 Webhook failed.
  | { readonly kind: 'moved' } // this transaction ended without taking the request: look where it went

/** Query: what operators and the API see. What is large in it is left out, and has queries of its own. */
export const STATE = 'state'
/** Query: the data of a step, by its id. */
export const STEP_DATA = 'stepData'
/** Query: the answer to a request, by its id; undefined where there is none (yet). */
export const RESPONSE = 'response'
export interface TransactionState {
  readonly status: 'InProgress' | 'Waiting' | EndStatus
  /** The step that failed for good, while an operator may mend it. */
  readonly failed?: StepId
  readonly steps: readonly StepRecord[]
  readonly incidents: readonly Incident[]
  readonly responses: { readonly [request: string]: ResponseResult }
}
export interface StepRecord {
  readonly stepId: StepId
  readonly stepName: string
  readonly status: 'Running' | 'Retrying' | 'Waiting' | 'Completed' | 'Errored' | 'Skipped' | 'Stopped'
  readonly startedAt: number
  readonly endedAt?: number
  /** How many executions there were. */
  readonly attempts: number
  /** How many of their tries failed and were followed by another; absent: none. */
  readonly retries?: number
  readonly data?: Json
  /** There is data, too large for this answer: query `stepData` has it. */
  readonly large?: true
}
export interface Incident {
  readonly at: number
  readonly level: 'Error' | 'Warning'
  readonly stepId?: StepId
  readonly message: string
  readonly detail: string
  /** Name and type of the step in the document that the transaction runs under. */
  readonly stepName?: string
  readonly stepType?: string
  /** Number among the incidents of its transaction, from 1: by it the incident log takes each once. Only a transaction's own have one. */
  readonly seq?: number
}

export interface CycleOperationInput {
  readonly account: AccountId
  readonly cycle: CycleId
  /**
   * `schedule`: the Temporal Schedule follows the cycle's state. `trigger`: it fired. `activate`: it is started, its webhook steps subscribed; the result
   * says what came of it. `unsubscribe`: what is to end of that ends.
   */
  readonly op: 'stop' | 'delete' | 'schedule' | 'trigger' | 'activate' | 'unsubscribe'
  /**
   * The epoch that was stopped or deleted; of `schedule` and `unsubscribe` the number of the change, of `trigger` the start of the cycle that the schedule
   * belongs to, of `activate` 0: one at a time.
   */
  readonly epoch: number
}
/** Id of the cycle's Temporal Schedule. */
export const scheduleId = (cycle: CycleId): string => `schedule/${cycle}`
/** Temporal puts the time at which a run fell due behind it. */
export const triggerWorkflowId = (cycle: CycleId): string => `cycleOperation/${cycle}/trigger`

/** An integration package in an account. */
export interface InstallationKey {
  readonly account: AccountId
  /** Id of the package. */
  readonly package: string
}

/** `incident`: the transaction error webhook (cycles.md 5). The others: what happened to an installation (marketplace.md 2). */
export type NotificationKind = 'incident' | InstallationStatus

/** Something that is told to a receiver of the partner's. */
export interface NotificationMessage {
  /** GUID, sent as `webhook-id`: the same on every try. */
  readonly id: string
  readonly kind: NotificationKind
  readonly account: AccountId
  readonly cycle?: CycleId
  /** What is told of one installation is sent one after the other. Absent of incidents. */
  readonly installation?: InstallationKey
  /** The marketplace whose secrets sign it; absent: it is not signed. */
  readonly marketplaceId?: string
  /** What it is about, in one line for operators. */
  readonly title: string
  readonly url: string
  readonly userAgent: string
  /** JSON as it is sent. */
  readonly body: string
}
export interface NotificationInput extends NotificationMessage {
  /** ms from a try that failed to the next one, before jitter; after the last one it has failed. */
  readonly retries: readonly number[]
}
/** `Failed`: every try did. `Gone`: the receiver answered 410. */
export type NotificationStatus = 'Pending' | 'Delivered' | 'Failed' | 'Gone'
export interface NotificationTry {
  /** ms since the epoch. */
  readonly at: number
  readonly durationMs: number
  /** Absent where no answer came: `error` says why. */
  readonly status?: number
  /** First KiB of the answer's body. */
  readonly answer?: string
  readonly error?: string
}
/** What a closed notification answers; one that failed closes as failed. */
export interface NotificationResult {
  readonly status: 'Delivered' | 'Gone'
  readonly tries: number
}
/** Signal: try at once, and begin the schedule anew (`POST /notifications/{id}/replay`). Of an installation: the first of its queue. */
export const SEND_NOW = 'sendNow'

/** Search attributes (operations.md 5), all Keyword but the list. */
export const SEARCH_ATTRIBUTES = {
  AccountId: 'Keyword',
  CycleId: 'Keyword',
  CycleName: 'Keyword',
  TransactionStatus: 'Keyword',
  TriggerStep: 'Keyword',
  WaitingFor: 'KeywordList',
  PackageId: 'Keyword',
} as const

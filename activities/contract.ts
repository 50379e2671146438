/** The activities as workflows see them: types only (`import type`). Names of activity types are a bounded set: they are metric labels. */
import type { Problem } from '../domain/errors.ts'
import type { Prerequisite } from '../domain/prerequisites.ts'
import type { AccountId, CycleId, Place, RequestId, StepId, TransactionId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import type { ItemCounts, MatchValue, Resumed, Told, TransactionView } from '../storage/inbox.ts'
import type { CycleState, EndStatus } from '../domain/states.ts'
import type { Incident, NotificationMessage, NotificationStatus, NotificationTry } from '../workflows/messages.ts'

/** What goes out in one HTTP call. */
export interface OutgoingCall {
  /** The same for every try of one execution: sent as `Idempotency-Key`. */
  readonly idempotencyKey: string
  readonly method: string
  readonly url: string
  readonly query?: Json
  readonly headers?: Json
  readonly body?: Json
  readonly bodyType?: string
  readonly auth?: Json
  readonly timeoutMs: number
}

/** One HTTP call of a step with every merge field filled in; secrets still stand as references (`domain/secrets.ts`). */
export interface HttpCall extends OutgoingCall {
  readonly place: Place
  readonly transaction: TransactionId
  readonly stepId: StepId
  readonly script?: CallScript
  readonly scriptParameters?: Json
}

/** One call of a connector's method, with every merge field filled in; secrets still stand as references, and no credentials are in it. */
export interface MethodCall extends Omit<HttpCall, 'method' | 'url' | 'auth' | 'body'> {
  /** The connector's name. */
  readonly connector: string
  /** Id of the method. */
  readonly method: string
  readonly parameters?: Json
  /** The body. */
  readonly fields?: Json
}

/** The script of a `request` or `method` step, and what it sees of the transaction it runs in. */
export interface CallScript {
  readonly source: string
  /** Of the snapshot: secret ones are left out. */
  readonly variables: { readonly [name: string]: Json }
  readonly account: { readonly id: AccountId; readonly apiId: string }
}

export interface HttpResult {
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: Json
  /** The answer was an error that the step's script made a warning of: the detail of its incident. */
  readonly warning?: string
}

export interface MethodResult extends HttpResult {
  /** A list that came in pages has more elements than are taken: what a warning says of it. */
  readonly cut?: string
}

/** Regular activities, eager where the server allows. They fail with `ApplicationFailure`s whose `type` is a code of `domain/errors.ts`. */
export interface StepActivities {
  callHttp(call: HttpCall): Promise<HttpResult>
  callMethod(call: MethodCall): Promise<MethodResult>
  runScript(call: {
    readonly place: Place
    readonly transaction: TransactionId
    readonly stepId: StepId
    readonly source: string
    readonly input: Json
  }): Promise<Json>
}

/** Local activities: index and registry writes, and inline scripts; short. */
export interface LocalActivities {
  begin(place: Place, transaction: TransactionId, values: readonly MatchValue[], startedBy: string | undefined): Promise<'go' | 'stop'>
  resume(place: Place, transaction: TransactionId, stepId: StepId, delivery: number): Promise<Resumed>
  register(place: Place, transaction: TransactionId, stepId: StepId, value: string | null): Promise<string | null>
  check(place: Place, transaction: TransactionId, view: TransactionView): Promise<'go' | 'stop'>
  beginItem(place: Place, item: TransactionId, parent: TransactionId, split: string, values: readonly MatchValue[]): Promise<'go' | 'stop'>
  awaitItems(place: Place, parent: TransactionId, split: string, wakeAt: number): Promise<ItemCounts>
  /** `wake`, here and below: of an item, its parent wants to be told. */
  park(place: Place, transaction: TransactionId, seen: Record<StepId, number>): Promise<Told<'parked' | 'busy' | 'stop'>>
  fail(place: Place, transaction: TransactionId, consumed: Record<StepId, number>, retentionMs: number, asked: number): Promise<Told<'failed' | 'stop'>>
  revive(place: Place, transaction: TransactionId, asked: number): Promise<'go' | 'busy' | 'refused' | 'stop'>
  /** As a deactivation over the API. */
  stopCycle(place: Place): Promise<void>
  end(place: Place, transaction: TransactionId, consumed: Record<StepId, number>, status: EndStatus, retentionMs: number): Promise<{ wake: boolean }>
  incident(place: Place, transaction: TransactionId, incident: Incident): Promise<void>
  /** Inline scripts of one step (`= expression`), together; an absent `value` leaves the property out. Also a regular activity, where nobody must wait for it. */
  evaluate(expressions: readonly { readonly expression: string; readonly values: { readonly [name: string]: Json } }[]): Promise<{ readonly value?: Json }[]>
}

/** Activities of a transaction that split a list. */
export interface SplitActivities {
  /** Signals `stop` to every item that has not ended; heartbeats. */
  stopItems(place: Place, parent: TransactionId, split: string): Promise<void>
}

/** Activities of `cycleOperation`. */
export interface OperationActivities {
  /** Signals `checkStop` to every doomed transaction of the cycle; heartbeats. */
  stopDoomed(place: Place): Promise<void>
  /** Takes the schedule of a deleted cycle away, terminates its transactions, then purges its keys; heartbeats. */
  removeAll(place: Place): Promise<void>
  /** Makes the Temporal Schedule of a cycle follow its state. */
  followCycle(place: Place): Promise<void>
  /** Takes a run of the schedule that was made for that start of the cycle (`activation`); `dueAt`: ms since the epoch. */
  fire(place: Place, activation: number, dueAt: number): Promise<void>
}

/** What came of an activation. `refused`: an application did not take a subscription; each problem has its answer. */
export type Activated =
  | { readonly outcome: 'active' | 'gone' }
  | { readonly outcome: 'missing'; readonly prerequisites: readonly Prerequisite[] }
  | { readonly outcome: 'refused'; readonly problems: readonly Problem[] }

/** Activities of `cycleOperation` about subscriptions at applications (connectors.md 4). */
export interface SubscriptionActivities {
  /** Subscribes what is to be subscribed, then starts the cycle; heartbeats. */
  activateCycle(place: Place): Promise<Activated>
  /** Ends what is to end; fails, to be repeated, while an application does not do it; heartbeats. */
  unsubscribeCycle(place: Place): Promise<void>
  /** Forgets what could not be ended, with an incident. */
  abandonSubscriptions(place: Place): Promise<void>
}

/** Activities of `notification` and `installationNotifications`. */
export interface NotificationActivities {
  /** One try: whatever comes of it is told; heartbeats. */
  sendNotification(message: NotificationMessage): Promise<NotificationTry>
}
export interface NotificationLogActivities {
  /** Local: whether it is still to be sent. One that is sent `again` is Pending from here on; of the others the log knows whether they are over. */
  beginNotification(id: string, again: boolean): Promise<'go' | 'over'>
  /** Local: writes the delivery log. The same try counts once. */
  noteNotification(id: string, status: NotificationStatus, attempt: NotificationTry | null): Promise<void>
}

/** An operation of a package in an account. */
export interface OperationPlace {
  readonly account: AccountId
  /** GUID of its record. */
  readonly operation: string
}

/** Activities of `packageOperation`. Those that take the operation fail with `operationOver` where its record has ended, or is gone with its account. */
export interface PackageActivities {
  /** Copies the planned release of a template into the account, as that cycle. Fails with `cannotInstall`, the message for the user. */
  installCycle(at: OperationPlace, cycle: CycleId): Promise<void>
  /** Deletes a cycle; one that is gone is fine. */
  removeCycle(at: OperationPlace, cycle: CycleId): Promise<void>
  /** How the operation's cycles stand, and why one of them could not be started. */
  examineCycles(at: OperationPlace): Promise<readonly { readonly cycle: CycleId; readonly state: CycleState | 'Gone'; readonly problems: readonly string[] }[]>
  /** Activates a cycle, or answers why it cannot be; with `orStop` it is `Stopped` then. One that is gone is passed over. */
  startCycle(at: OperationPlace, cycle: CycleId, orStop: boolean): Promise<readonly string[]>
  /**
   * Ends the record, changes the installation and hands the notification over, in one script, and only where what it says is true then. Answers what
   * stands against that: cycles that do not run at the end of `start`, or that run at the end of `stop`; nothing has ended then.
   */
  finishOperation(at: OperationPlace, ending: { readonly status: 'Completed' | 'Failed'; readonly errors: readonly string[] }): Promise<readonly string[]>
}

export type { RequestId }

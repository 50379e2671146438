/** The interpreter's port to the world: everything that is not a pure function of document and state. The workflow binds it to Temporal, tests to memory. */
import type { HttpCall, HttpResult, MethodCall, MethodResult } from '../../activities/contract.ts'
import type { MethodStep, RequestStep, ScriptStep, Step } from '../../domain/document.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { MatchValue, Resumed } from '../../storage/inbox.ts'
import type { Incident, Item, JoinCounts, RunAnswer } from '../messages.ts'

/** An inline script of a step with the values of its merge fields. */
export interface Expression {
  readonly expression: string
  readonly values: { readonly [name: string]: Json }
}

/** Which execution of a step it is, from 1: it makes the idempotency key. And how many tries of it failed before. */
export interface Attempt {
  readonly execution: number
  readonly failed: number
}

/** A call before the port says whose it is. */
export type Unplaced<Call> = Omit<Call, 'place' | 'transaction' | 'stepId' | 'idempotencyKey' | 'script'>

/** What a step may ask for. Calls reject with a `StepError`; after `interrupt` with anything, and nobody looks. */
export interface StepContext {
  /** ms since the epoch, the same at every replay. */
  now(): number
  callHttp(step: RequestStep, attempt: Attempt, call: Unplaced<HttpCall>): Promise<HttpResult>
  callMethod(step: MethodStep, attempt: Attempt, call: Unplaced<MethodCall>): Promise<MethodResult>
  runScript(step: ScriptStep, attempt: Attempt, input: Json): Promise<Json>
  /** `answered`: the sender of this run has its answer and must not wait for the scripts. */
  evaluate(step: Step, expressions: readonly Expression[], answered: boolean): Promise<readonly (Json | undefined)[]>
  /** Resolves at `until` (ms since the epoch), or as soon as `woken` holds. */
  wait(label: string, until: number, woken: () => boolean): Promise<void>
}

/** What the life of a transaction asks of the index (protocol.md), and tells its observers. */
export interface TransactionContext extends StepContext {
  begin(values: readonly MatchValue[]): Promise<'go' | 'stop'>
  resume(stepId: StepId, delivery: number): Promise<Resumed>
  /** Answers the value's hash. */
  register(stepId: StepId, value: string | undefined): Promise<string | undefined>
  park(seen: { readonly [step: StepId]: number }): Promise<'parked' | 'busy' | 'stop'>
  /** Of an item: its place is its parent's. */
  beginItem(values: readonly MatchValue[]): Promise<'go' | 'stop'>
  /** Resolves when the item is started, or was before. */
  startItem(item: Item): Promise<void>
  /** How the items of a split ended; the item with which `wakeAt` of them have wakes the transaction (`itemsEnded`). */
  awaitItems(split: string, wakeAt: number): Promise<JoinCounts>
  /** Stops the items of a split that have not ended. */
  stopItems(split: string): Promise<void>
  /** Hands an answer to the parent, whose run's sender is held. */
  answerParent(answer: RunAnswer): Promise<void>
  /** The run failed and an operator may mend it: the transaction gives its place back and takes no more requests. `retentionMs`: how long it stands. `asked` numbers the questions by `fail` and `revive`. */
  fail(consumed: { readonly [step: StepId]: number }, retentionMs: number, asked: number): Promise<'failed' | 'stop'>
  /** It goes on. `busy`: there is no free place, ask again with the same number; `refused`: the cycle is not Active. */
  revive(asked: number): Promise<'go' | 'busy' | 'refused' | 'stop'>
  /** Stops the cycle, as a deactivation does. */
  stopCycle(): Promise<void>
  end(consumed: { readonly [step: StepId]: number }, status: EndStatus, retentionMs: number): Promise<void>
  incident(incident: Incident): Promise<void>
  /** Cancels every call of a step that is under way. */
  interrupt(): void
  /** The history grows long: go on in a new one at the next step boundary. */
  suspendWanted(): boolean
  /** Something that operators see has changed. */
  changed(): void
}

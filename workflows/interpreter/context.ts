/** The interpreter's port to the world: everything that is not a pure function of document and state. The workflow binds it to Temporal, tests to memory. */
import type { HttpCall, HttpResult } from '../../activities/contract.ts'
import type { RequestStep, ScriptStep, Step } from '../../domain/document.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { MatchValue, Resumed, Told } from '../../storage/inbox.ts'
import type { Incident } from '../messages.ts'

/** An inline script of a step with the values of its merge fields. */
export interface Expression {
  readonly expression: string
  readonly values: { readonly [name: string]: Json }
}

/** What a step may ask for. Calls reject with a `StepError`; after `interrupt` with anything, and nobody looks. */
export interface StepContext {
  /** ms since the epoch, the same at every replay. */
  now(): number
  callHttp(step: RequestStep, execution: number, call: Omit<HttpCall, 'place' | 'transaction' | 'stepId' | 'idempotencyKey' | 'script'>): Promise<HttpResult>
  runScript(step: ScriptStep, execution: number, input: Json): Promise<Json>
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
  park(seen: { readonly [step: StepId]: number }): Promise<Told<'parked' | 'busy' | 'stop'>>
  end(consumed: { readonly [step: StepId]: number }, status: EndStatus, retentionMs: number): Promise<{ readonly wake: boolean }>
  incident(incident: Incident): Promise<void>
  /** Cancels every call of a step that is under way. */
  interrupt(): void
  /** The history grows long: go on in a new one at the next step boundary. */
  suspendWanted(): boolean
  /** Something that operators see has changed. */
  changed(): void
}

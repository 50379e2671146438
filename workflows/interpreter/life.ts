/** The life of a transaction (cycles.md 6, protocol.md): begin, runs one at a time, waiting between them, and its end. */
import type { CycleDocument, TriggerStep } from '../../domain/document.ts'
import { isSplit, isSynchronous, nextOf, stepById, triggerOf } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { triggerValues, valuesOf, type MatchValue, type Roots } from '../../domain/match.ts'
import { isJsonObject } from '../../domain/objects.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { Delivery, Item, Order, Position, ResponseResult, Run, RunAnswer, TransactionInput } from '../messages.ts'
import type { TransactionContext } from './context.ts'
import { report } from './incidents.ts'
import { knownRoots } from './known-roots.ts'
import { beginStep, endStep } from './records.ts'
import { removedAt, retentionOf, waitsUntil } from './retention.ts'
import { ANSWERED } from './response.ts'
import { standFailed } from './failed.ts'
import { consume, createState, forget, nextDelivery, receive, settle, type State } from './state.ts'
import { walk, type Walked } from './walk.ts'
import { learnHashes, setStepData, splitOf, syncValues } from './values.ts'

/** How long a transaction stays before it asks again whether it may park, while a delivery is said to be on its way. */
const BUSY_RETRY_MS = 60_000

/** A transaction while it lives in memory. */
export interface Life {
  readonly input: TransactionInput
  readonly document: CycleDocument
  readonly trigger: TriggerStep
  readonly context: TransactionContext
  readonly state: State
  /** Roots of merge fields that do not change while it lives. */
  known: Roots
  /** An operator or the cycle stopped it; it never goes on. */
  stopping: boolean
  /** Why the paths of the current run go no further. */
  halted: 'failed' | 'stopped' | 'suspended' | undefined
  /** Steps that wait for their next try, and what operators order about these and about one that failed. */
  readonly pausing: Set<StepId>
  readonly orders: Map<StepId, Order>
  /** Splits of which as many items have ended as was asked for. */
  readonly told: Set<string>
  /** Why an operator's signal changed nothing. */
  ignored: string | undefined
  /** Its end is recorded: what it did not take is another's. */
  closed: boolean
}

/** How a pass over the life ended: with the transaction, or at a boundary where a new history goes on. */
export type Passed = EndStatus | 'suspended'

export function createLife(input: TransactionInput, context: TransactionContext): Life {
  const document = input.snapshot.document
  const trigger = triggerOf(document)
  const state = createState(input.carried)
  if (input.trigger.data !== undefined) state.data.set(trigger.id, { ...input.trigger.data })
  if (input.item !== undefined && input.carried === undefined) for (const [step, data] of Object.entries(itemData(input.item))) state.data.set(step, data)
  return {
    input,
    document,
    trigger,
    context,
    state,
    known: knownRoots(input, state.startedAt),
    stopping: false,
    halted: undefined,
    pausing: new Set(),
    orders: new Map(),
    told: new Set(),
    ignored: undefined,
    closed: false,
  }
}

/** A request for a mid-cycle step came (signal `deliver`): it only queues. */
export function deliver(life: Life, delivery: Delivery): void {
  // What was on its way when it failed was matched anew.
  if (life.state.status === 'Errored') return
  receive(life.state, delivery)
}

/** Stops the transaction where it is: delays, waits and calls included (cycles.md 7). */
export function stop(life: Life): void {
  life.stopping = true
  life.halted = 'stopped'
  life.context.interrupt()
}

/** A response step of an item was reached: the first of the run answers its sender, a later one is a warning on its step (webhooks.md 4). */
export async function answerRun(life: Life, { request, stepId, response }: RunAnswer): Promise<void> {
  if (life.state.responses.has(request)) await report(life, 'Warning', stepId, 'responseNotReturned', ANSWERED)
  else settle(life.state, request, response)
}

/** The answer for a held sender, once there is one (webhooks.md 4). */
export function answerFor(life: Life, request: string): ResponseResult | undefined {
  return life.state.responses.get(request) ?? (life.closed ? { kind: 'moved' } : undefined)
}

/** Lives until the transaction is over, or until it wants to go on in a new history. */
export async function live(life: Life): Promise<Passed> {
  const { context, state } = life
  if (state.startedAt === undefined && (await begin(life)) === 'stop') return end(life, 'Stopped')
  for (;;) {
    if (state.failure !== undefined) {
      const mended = await standFailed(life)
      if (mended === 'ended') return end(life, 'Errored')
      if (mended === 'stopped') return end(life, 'Stopped')
      if (mended === 'suspended') return mended
    }
    if (state.run !== undefined) {
      const outcome = await runOn(life, state.run)
      if (outcome === 'failed') continue
      if (outcome !== 'over') return outcome === 'suspended' ? outcome : end(life, 'Stopped')
    }
    if (life.stopping) return end(life, 'Stopped')
    if (context.now() >= waitsUntil(life.input, state) && state.reached.size > 0) return end(life, 'Completed')
    if (context.suspendWanted()) return 'suspended'
    const delivery = nextDelivery(state)
    if (delivery !== undefined) {
      if ((await take(life, delivery)) === 'stop') return end(life, 'Stopped')
    } else if (state.reached.size === 0) return end(life, 'Completed')
    else if ((await stand(life)) === 'stop') return end(life, 'Stopped')
  }
}

/** What an item begins with: what it was given of its parent's step data, and itself. */
function itemData({ stepId, data, value, index, total }: Item): { readonly [step: StepId]: Json } {
  const own = data[stepId]
  return { ...data, [stepId]: { ...(isJsonObject(own) ? own : {}), item: value, index, total } }
}

async function begin(life: Life): Promise<'go' | 'stop'> {
  const { context, state, input, document } = life
  const { item } = input
  const values = valuesNow(life)
  const answer = await (item === undefined ? context.begin(values) : context.beginItem(values))
  if (answer === 'stop' || life.stopping) {
    settle(state, input.transaction, { kind: 'failed' })
    return 'stop'
  }
  state.startedAt = context.now()
  life.known = knownRoots(input, state.startedAt)
  for (const { stepId, value } of values) state.registered.set(stepId, { value })
  const from = item?.stepId ?? life.trigger.id
  const step = stepById(document, from)
  if (step !== undefined) {
    beginStep(life, step)
    endStep(life, step, 'Completed')
  }
  state.run =
    item === undefined
      ? { from, request: input.transaction, paths: pathsFrom(life, from) }
      : { from, request: item.request, paths: (step === undefined ? [] : nextOf(step)).map(stepId => ({ stepId })) }
  // Values of the trigger's data were registered when it was accepted; those of other roots may not have been.
  for (const root of Object.keys(life.known)) await syncValues(life, valuesOf(document, life.known, { root, ...splitOf(life) }))
  return 'go'
}

/** The values that it waits with from the beginning. */
function valuesNow({ input, document, known, state }: Life): readonly MatchValue[] {
  if (input.item === undefined) return input.trigger.data === undefined ? [] : triggerValues(document, input.trigger.data, known)
  return valuesOf(document, { ...known, ...Object.fromEntries(state.data) }, { split: input.item.stepId }).flatMap(({ stepId, value }) =>
    value === undefined ? [] : [{ stepId, value }],
  )
}

/** Where a run goes on behind the webhook step that it begins with: at its split, or at its next steps. */
function pathsFrom(life: Life, stepId: string): readonly Position[] {
  const step = stepById(life.document, stepId)
  if (step === undefined) return []
  if (isSplit(step)) return [{ stepId, execution: life.state.records.get(stepId)?.attempts ?? 1, started: 0 }]
  return nextOf(step).map(next => ({ stepId: next }))
}

/** Walks the current run to its end and settles its sender's answer (webhooks.md 4). */
async function runOn(life: Life, run: Run): Promise<Walked> {
  const outcome = await walk(life, run)
  if (outcome === 'suspended') return outcome
  if (outcome !== 'failed') life.state.run = undefined
  if (outcome === 'over') {
    life.state.runs++
    life.state.ranUntil = life.context.now()
  }
  // Answers that nobody can ask for are not kept: a transaction may be run from a mid-cycle step many times.
  if (run.request === life.input.transaction || isSynchronous(life.document, run.from))
    settle(life.state, run.request, { kind: outcome === 'over' ? 'none' : 'failed' })
  return outcome
}

/** Begins the run of a delivery, unless the index says that the transaction is stopped. */
async function take(life: Life, delivery: Delivery): Promise<'go' | 'stop'> {
  const { context, state } = life
  const resumed = await context.resume(delivery.stepId, delivery.deliveryId)
  if (resumed.answer === 'stop') {
    if (resumed.taken) {
      consume(state, delivery)
      settle(state, delivery.requestId, { kind: 'failed' })
    }
    return 'stop'
  }
  if (resumed.answer === 'moved') {
    forget(state, delivery)
    settle(state, delivery.requestId, { kind: 'moved' })
    return 'go'
  }
  consume(state, delivery)
  state.status = 'InProgress'
  const step = stepById(life.document, delivery.stepId)
  if (step !== undefined) {
    beginStep(life, step)
    endStep(life, step, 'Completed')
  }
  state.run = { from: delivery.stepId, request: delivery.requestId, paths: pathsFrom(life, delivery.stepId) }
  await setStepData(life, delivery.stepId, { ...delivery.data })
  return 'go'
}

/** No path can go on: waits at its mid-cycle steps until a request comes, it is stopped, or its time is over. */
async function stand(life: Life): Promise<'go' | 'stop'> {
  const { context, state } = life
  const queued = state.queue.length
  const parked = await context.park(Object.fromEntries(state.seen))
  if (parked === 'stop') return 'stop'
  if (parked === 'parked') {
    await learnHashes(life)
    state.status = 'Waiting'
  }
  context.changed()
  const last = waitsUntil(life.input, state)
  const until = parked === 'parked' ? last : Math.min(last, context.now() + BUSY_RETRY_MS)
  await context.wait(waitLabel(life), until, () => life.stopping || state.queue.length !== queued)
  return 'go'
}

function waitLabel(life: Life): string {
  const names = [...life.state.reached].map(id => stepById(life.document, id)?.name ?? id)
  return `Waits at ${names.join(', ')}`
}

async function end(life: Life, status: EndStatus): Promise<EndStatus> {
  const { context, state } = life
  await context.end(Object.fromEntries(state.consumed), status, keptFor(life, status))
  life.closed = true
  context.changed()
  return status
}

/** How long it is still kept (ms): counted from the end of its latest run, or from when it failed. */
function keptFor(life: Life, status: EndStatus): number {
  const { context, input, state } = life
  const until =
    status === 'Completed' && state.reached.size > 0 ? waitsUntil(input, state) : (state.failure?.until ?? context.now() + retentionOf(input, status))
  return Math.max(0, Math.min(until, removedAt(input)) - context.now())
}

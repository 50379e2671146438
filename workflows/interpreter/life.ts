/** The life of a transaction (cycles.md 6, protocol.md): begin, runs one at a time, waiting between them, and its end. */
import type { CycleDocument, TriggerStep } from '../../domain/document.ts'
import type { StepError } from '../../domain/errors.ts'
import { isSynchronous, nextOf, stepById, triggerOf } from '../../domain/graph.ts'
import { triggerValues, valuesOf, type Roots } from '../../domain/match.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { Delivery, Position, ResponseResult, Run, TransactionInput } from '../messages.ts'
import type { TransactionContext } from './context.ts'
import { knownRoots } from './known-roots.ts'
import { beginStep, endStep } from './records.ts'
import { removedAt } from './retention.ts'
import { consume, createState, forget, nextDelivery, receive, settle, type State } from './state.ts'
import { walk, type Walked } from './walk.ts'
import { learnHashes, setStepData, syncValues } from './values.ts'

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
  /** The step error that ended it. */
  failure: StepError | undefined
  /** Its end is recorded: what it did not take is another's. */
  closed: boolean
}

/** How a pass over the life ended: with the transaction, or at a boundary where a new history goes on. */
export type Passed = EndStatus | 'suspended'

export function createLife(input: TransactionInput, context: TransactionContext): Life {
  const document = input.snapshot.document
  const trigger = triggerOf(document)
  const state = createState(input.carried)
  state.data.set(trigger.id, { ...input.trigger.data })
  return {
    input,
    document,
    trigger,
    context,
    state,
    known: knownRoots(input, state.startedAt),
    stopping: false,
    halted: undefined,
    failure: undefined,
    closed: false,
  }
}

/** A request for a mid-cycle step came (signal `deliver`): it only queues. */
export function deliver(life: Life, delivery: Delivery): void {
  receive(life.state, delivery)
}

/** Stops the transaction where it is: delays, waits and calls included (cycles.md 7). */
export function stop(life: Life): void {
  life.stopping = true
  life.halted = 'stopped'
  life.context.interrupt()
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
    if (state.run !== undefined) {
      const outcome = await runOn(life, state.run)
      if (outcome !== 'over') return outcome === 'suspended' ? outcome : end(life, outcome === 'failed' ? 'Errored' : 'Stopped')
    }
    if (life.stopping) return end(life, 'Stopped')
    if (context.now() >= removedAt(life.input)) return end(life, 'Completed')
    if (context.suspendWanted()) return 'suspended'
    const delivery = nextDelivery(state)
    if (delivery !== undefined) {
      if ((await take(life, delivery)) === 'stop') return end(life, 'Stopped')
    } else if (state.reached.size === 0) return end(life, 'Completed')
    else if ((await stand(life)) === 'stop') return end(life, 'Stopped')
  }
}

async function begin(life: Life): Promise<'go' | 'stop'> {
  const { context, state, input, document, trigger } = life
  const values = triggerValues(document, input.trigger.data, life.known)
  const answer = await context.begin(values)
  if (answer === 'stop' || life.stopping) {
    settle(state, input.transaction, { kind: 'failed' })
    return 'stop'
  }
  state.startedAt = context.now()
  life.known = knownRoots(input, state.startedAt)
  for (const { stepId, value } of values) state.registered.set(stepId, { value })
  beginStep(life, trigger)
  endStep(life, trigger, 'Completed')
  state.run = { from: trigger.id, request: input.transaction, paths: pathsFrom(life, trigger.id) }
  // Values of the trigger's data were registered when it was accepted; those of other roots may not have been.
  for (const root of Object.keys(life.known)) await syncValues(life, valuesOf(document, life.known, { root }))
  return 'go'
}

function pathsFrom(life: Life, stepId: string): readonly Position[] {
  const step = stepById(life.document, stepId)
  return step === undefined ? [] : nextOf(step).map(next => ({ stepId: next }))
}

/** Walks the current run to its end and settles its sender's answer (webhooks.md 4). */
async function runOn(life: Life, run: Run): Promise<Walked> {
  const outcome = await walk(life, run)
  if (outcome === 'suspended') return outcome
  life.state.run = undefined
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
  state.run = { from: delivery.stepId, request: delivery.requestId, paths: pathsFrom(life, delivery.stepId) }
  const step = stepById(life.document, delivery.stepId)
  if (step !== undefined) {
    beginStep(life, step)
    endStep(life, step, 'Completed')
  }
  await setStepData(life, delivery.stepId, { ...delivery.data })
  return 'go'
}

/** No path can go on: waits at its mid-cycle steps until a request comes, it is stopped, or its time is over. */
async function stand(life: Life): Promise<'go' | 'stop'> {
  const { context, state } = life
  const queued = state.queue.length
  const { answer: parked } = await context.park(Object.fromEntries(state.seen))
  if (parked === 'stop') return 'stop'
  if (parked === 'parked') {
    await learnHashes(life)
    state.status = 'Waiting'
  }
  context.changed()
  const until = parked === 'parked' ? removedAt(life.input) : Math.min(removedAt(life.input), context.now() + BUSY_RETRY_MS)
  await context.wait(waitLabel(life), until, () => life.stopping || state.queue.length !== queued)
  return 'go'
}

function waitLabel(life: Life): string {
  const names = [...life.state.reached].map(id => stepById(life.document, id)?.name ?? id)
  return `Waits at ${names.join(', ')}`
}

async function end(life: Life, status: EndStatus): Promise<EndStatus> {
  const { context, state } = life
  await context.end(Object.fromEntries(state.consumed), status, Math.max(0, removedAt(life.input) - context.now()))
  life.closed = true
  context.changed()
  return status
}

/** A transaction of which a step failed for good stands there, for as long as it is retained: an operator may mend it (cycles.md 5, operations.md 5). */
import type { Step } from '../../domain/document.ts'
import { stepById } from '../../domain/graph.ts'
import type { Failure, Order, Position } from '../messages.ts'
import type { Life } from './life.ts'
import { takeOrder } from './orders.ts'
import { endStep } from './records.ts'
import { removedAt, retentionOf } from './retention.ts'
import { behind } from './take-step.ts'

/** How long it waits for a free place before it asks again. */
const BUSY_FIRST_MS = 1_000
const BUSY_LAST_MS = 30_000

/** `go`: mended, its run goes on. `ended`: it closes as Errored. `stopped`: its cycle was stopped or deleted before it could stand. */
export async function standFailed(life: Life): Promise<'go' | 'ended' | 'stopped' | 'suspended'> {
  const { context, state } = life
  const stood = state.failure?.until === undefined ? await beginToStand(life) : 'stands'
  if (stood !== 'stands') return stood
  for (;;) {
    const { failure } = state
    if (failure?.until === undefined) return 'go'
    if (life.stopping || context.now() >= failure.until) return 'ended'
    const order = takeOrder(life, failure.stepId)
    if (order === 'fail') return 'ended'
    if (order !== undefined) {
      const revived = await revive(life, failure, order)
      if (revived !== 'refused') return revived
      continue
    }
    if (context.suspendWanted()) return 'suspended'
    const step = stepById(life.document, failure.stepId)
    await context.wait(`Failed at ${step?.name ?? failure.stepId}`, failure.until, () => life.stopping || life.orders.has(failure.stepId))
  }
}

async function beginToStand(life: Life): Promise<'stands' | 'ended' | 'stopped'> {
  const { context, state, input } = life
  const failure = state.failure
  const retention = Math.min(retentionOf(input, 'Errored'), removedAt(input) - context.now())
  const closes = failure?.final !== false || retention <= 0
  if (!closes) {
    if ((await context.fail(Object.fromEntries(state.consumed), retention, ++state.asked)) === 'stop') return 'stopped'
    // They were matched once more.
    state.queue.length = 0
    state.status = 'Errored'
    state.failure = { ...failure, until: context.now() + retention }
    context.changed()
  }
  if (failure?.stopCycle === true) await context.stopCycle()
  return closes ? 'ended' : 'stands'
}

/** The run goes on: from the step that failed or from those behind it, and wherever its other paths were cut off. */
async function revive(life: Life, failure: Failure, order: Exclude<Order, 'fail'>): Promise<'go' | 'ended' | 'refused'> {
  const { context, state } = life
  const asked = ++state.asked
  for (let pause = BUSY_FIRST_MS; ; pause = Math.min(pause * 2, BUSY_LAST_MS)) {
    const answer = await context.revive(asked)
    if (answer === 'stop') return 'ended'
    if (answer === 'refused') {
      life.ignored = `${order}: the cycle is not Active; start it first`
      context.changed()
      return 'refused'
    }
    if (answer === 'go') break
    await context.wait('Waits for a free place', context.now() + pause, () => life.stopping)
    if (life.stopping) return 'ended'
  }
  state.status = 'InProgress'
  state.failure = undefined
  life.ignored = undefined
  const step = stepById(life.document, failure.stepId)
  if (step !== undefined && order === 'skip') endStep(life, step, 'Skipped')
  const own: readonly Position[] = step === undefined ? [] : order === 'retry' ? [again(life, step)] : behind(life, step).map(stepId => ({ stepId }))
  if (state.run !== undefined) state.run = { ...state.run, paths: [...state.run.paths, ...own], ended: (state.run.ended ?? 0) + (own.length === 0 ? 1 : 0) }
  context.changed()
  return 'go'
}

/** A new execution; of a webhook, whose data is there, only its split is tried again. */
const again = (life: Life, step: Step): Position =>
  step.type === 'webhook' ? { stepId: step.id, execution: life.state.records.get(step.id)?.attempts ?? 1, started: 0 } : { stepId: step.id }

/** Executes one step under its error rule (cycles.md 5). */
import type { Step } from '../../domain/document.ts'
import { StepError, stepErrors } from '../../domain/errors.ts'
import { isSplit, nextOf, stepById } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Failure, JoinCounts, Order, Position, Run } from '../messages.ts'
import { verdictOf } from './error-rules.ts'
import { report } from './incidents.ts'
import type { Life } from './life.ts'
import { takeOrder } from './orders.ts'
import { beginStep, endStep, resumeStep, retryStep } from './records.ts'
import { removedAt } from './retention.ts'
import { behindSplit, splitOn } from './split.ts'
import { runStep } from './steps/index.ts'
import { stepTools } from './tools.ts'
import { checkRoom, setStepData } from './values.ts'

export type Taken =
  /** The path goes on: several, it forks; none, it is over. */
  | { readonly kind: 'goes'; readonly to: readonly StepId[]; readonly items?: JoinCounts }
  /** It stands at a join. */
  | { readonly kind: 'joins' }
  /** The run was halted: the path goes on from there, if ever. */
  | { readonly kind: 'halts'; readonly at: Position }
  /** The step failed for good, and with it the run. */
  | { readonly kind: 'fails' }

/** Executes the step at a position, as often as its error rule wants. */
export async function takeStep(life: Life, run: Run, start: Position): Promise<Taken> {
  const step = stepById(life.document, start.stepId)
  if (step === undefined) return { kind: 'goes', to: [] }
  if (start.execution !== undefined) resumeStep(life, step)
  const execution = start.execution ?? beginStep(life, step)
  if (start.execution === undefined && ++life.state.executions > life.input.limits.maxStepExecutions) {
    return fail(life, step, { code: 'transactionStopped', detail: `The transaction took more than ${life.input.limits.maxStepExecutions} steps`, final: true })
  }
  for (let here: Position = { ...start, execution }; ;) {
    if (here.retry !== undefined) {
      const order = await pause(life, step, here.retry.at)
      if (order === 'halted') return { kind: 'halts', at: here }
      if (order === 'skip') return skip(life, step)
      if (order === 'fail') return fail(life, step, here.retry)
      resumeStep(life, step)
    }
    try {
      return await execute(life, run, step, here, execution)
    } catch (error) {
      if (life.halted === 'failed' || life.halted === 'stopped') return { kind: 'halts', at: here }
      if (!(error instanceof StepError)) throw error
      const verdict = verdictOf(step, life.document, error, here.retry, life.context.now(), removedAt(life.input))
      if (verdict.kind === 'ignore') return ignore(life, step, error)
      if (verdict.kind === 'fail') {
        const code = verdict.outOfRetries ? 'outOfRetries' : error.code
        const detail = verdict.outOfRetries ? `${stepErrors[error.code].message}: ${error.detail}` : error.detail
        return fail(life, step, { code, detail, stopCycle: verdict.stopCycle })
      }
      retryStep(life, step)
      // A webhook's data is there: only its split is tried again.
      here = { stepId: step.id, execution, retry: verdict.retry, ...(step.type === 'webhook' && here.started !== undefined ? { started: here.started } : {}) }
      await report(life, 'Warning', step.id, error.code, `${error.detail}\n${verdict.told}`)
    }
  }
}

async function execute(life: Life, run: Run, step: Step, here: Position, execution: number): Promise<Taken> {
  if (here.started !== undefined) return spread(life, run, step, execution, here.started)
  const outcome = await runStep(step, stepTools(life, run, step, here, execution))
  switch (outcome.kind) {
    case 'stands':
      life.state.reached.add(step.id)
      endStep(life, step, 'Waiting')
      return { kind: 'goes', to: [] }
    case 'joins':
      if (life.input.item !== undefined) return leave(life, step, [])
      endStep(life, step, 'Waiting')
      return { kind: 'joins' }
    case 'interrupted':
      return { kind: 'halts', at: { stepId: step.id, execution, until: outcome.until } }
    case 'leaves':
      if (outcome.data !== undefined) {
        checkRoom(life, step.id, outcome.data)
        await setStepData(life, step.id, outcome.data)
      }
      return isSplit(step) ? spread(life, run, step, execution, 0) : leave(life, step, outcome.exits)
  }
}

function leave(life: Life, step: Step, to: readonly StepId[]): Taken {
  endStep(life, step, 'Completed')
  return { kind: 'goes', to }
}

/** The elements of a list go on in transactions of their own; the path goes on when all have ended. */
async function spread(life: Life, run: Run, step: Step, execution: number, started: number): Promise<Taken> {
  const split = await splitOn(life, run, step, execution, started)
  if (split.kind === 'halts') return split
  endStep(life, step, 'Completed')
  return { kind: 'goes', to: behindSplit(life, step.id), items: split.counts }
}

/** Waits for the next try; an operator's order ends the wait. */
async function pause(life: Life, step: Step, at: number): Promise<Order | 'halted'> {
  life.pausing.add(step.id)
  try {
    const woken = (): boolean => life.halted !== undefined || life.orders.has(step.id)
    await life.context.wait(`${step.name ?? step.id}: next try`, at, woken)
  } finally {
    life.pausing.delete(step.id)
  }
  const order = takeOrder(life, step.id)
  if (order !== undefined) return order
  return life.halted !== undefined && life.context.now() < at ? 'halted' : 'retry'
}

/** Where a path goes on without a step's data: what follows a split needs items. */
export const behind = (life: Life, step: Step): readonly StepId[] => (isSplit(step) ? behindSplit(life, step.id) : nextOf(step))

/** An operator goes on without the step: it has no data. */
function skip(life: Life, step: Step): Taken {
  endStep(life, step, 'Skipped')
  return { kind: 'goes', to: behind(life, step) }
}

async function ignore(life: Life, step: Step, error: StepError): Promise<Taken> {
  const { status, body } = error.answer
  await setStepData(life, step.id, {
    error: { message: stepErrors[error.code].message, ...(status === undefined ? {} : { status }), ...(body === undefined ? {} : { body }) },
  })
  endStep(life, step, 'Errored')
  await report(life, 'Error', step.id, error.code, error.detail)
  return { kind: 'goes', to: behind(life, step) }
}

/** One path's error ends the whole run: the other paths are cut off where they are. */
async function fail(
  life: Life,
  step: Step,
  { code, detail, final = false, stopCycle = false }: Pick<Failure, 'code' | 'detail'> & Partial<Failure>,
): Promise<Taken> {
  life.halted = 'failed'
  life.state.failure = { stepId: step.id, code, detail, final, stopCycle }
  endStep(life, step, 'Errored')
  life.context.interrupt()
  await report(life, 'Error', step.id, code, detail)
  return { kind: 'fails' }
}

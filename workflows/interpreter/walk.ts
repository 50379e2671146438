/** Walks one run: its paths go on concurrently, step by step, until each has ended or stands at a mid-cycle step (cycles.md 2, webhooks.md 6). */
import { StepError, stepErrors } from '../../domain/errors.ts'
import { stepById } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Incident, Position, Run } from '../messages.ts'
import type { Life } from './life.ts'
import { beginStep, endStep, stopRecords } from './records.ts'
import { addIncident } from './state.ts'
import { runStep } from './steps/index.ts'
import { stepTools } from './tools.ts'
import { setStepData } from './values.ts'

export type Walked = 'over' | 'failed' | 'stopped' | 'suspended'

export async function walk(life: Life, run: Run): Promise<Walked> {
  const { state } = life
  life.halted = life.stopping ? 'stopped' : undefined
  state.run = { ...run, paths: [] }
  const left: Position[] = []

  // Plain counting: a promise for each of ten thousand forks would hold them all.
  let live = 0
  let settle: { resolve(): void; reject(error: unknown): void } | undefined
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject }
  })
  const spawn = (position: Position): void => {
    live++
    path(position).then(
      () => {
        if (--live === 0) settle?.resolve()
      },
      (error: unknown) => settle?.reject(error),
    )
  }
  const path = async (start: Position): Promise<void> => {
    for (let here: Position | undefined = start; here !== undefined;) {
      if (life.halted === undefined && life.context.suspendWanted()) life.halted = 'suspended'
      if (life.halted !== undefined) {
        left.push(here)
        return
      }
      const next: readonly Position[] = await takeStep(life, run, here)
      if (next.length > 1) for (const other of next) spawn(other)
      here = next.length === 1 ? next[0] : undefined
    }
  }

  // The count is held while the first paths begin, so that one that ends at once does not end the run.
  live++
  for (const position of run.paths) spawn(position)
  if (--live > 0) await done

  const halted = haltOf(life)
  if (halted === 'failed' || halted === 'stopped') {
    if (halted === 'stopped') stopRecords(life)
    return halted
  }
  if (left.length === 0) return 'over'
  state.run = { ...run, paths: left }
  return 'suspended'
}

/** Read through a function: what the paths set while they were awaited is not seen by the compiler. */
const haltOf = (life: Life): Life['halted'] => life.halted

const positions = (ids: readonly StepId[]): readonly Position[] => ids.map(stepId => ({ stepId }))

/** Executes the step at a position; answers where the path goes on (several: it forks; none: it is over). */
async function takeStep(life: Life, run: Run, here: Position): Promise<readonly Position[]> {
  const { state, input } = life
  const step = stepById(life.document, here.stepId)
  if (step === undefined) return []
  const execution = here.until === undefined ? beginStep(life, step) : (state.records.get(step.id)?.attempts ?? 1)
  try {
    if (here.until === undefined && ++state.executions > input.limits.maxStepExecutions) {
      throw new StepError('transactionStopped', `The transaction took more than ${input.limits.maxStepExecutions} steps`)
    }
    const outcome = await runStep(step, stepTools(life, run, step, here, execution))
    if (outcome.kind === 'stands') {
      state.reached.add(step.id)
      endStep(life, step, 'Waiting')
      return []
    }
    if (outcome.kind === 'interrupted') return [{ stepId: step.id, until: outcome.until }]
    if (outcome.data !== undefined) await setStepData(life, step.id, outcome.data)
    endStep(life, step, 'Completed')
    return positions(outcome.exits)
  } catch (error) {
    if (life.halted === 'failed' || life.halted === 'stopped') return []
    if (!(error instanceof StepError)) throw error
    life.halted = 'failed'
    life.failure = error
    endStep(life, step, 'Errored')
    life.context.interrupt()
    await report(life, { at: life.context.now(), level: 'Error', stepId: step.id, message: stepErrors[error.code].message, detail: error.detail })
    return []
  }
}

/** An incident: in the state, where operators see it, and in the incident log (cycles.md 5). */
export async function report(life: Life, incident: Incident): Promise<void> {
  addIncident(life.state, incident)
  life.context.changed()
  await life.context.incident(incident)
}

/** Walks one run: its paths go on concurrently, step by step, until each has ended or stands at a mid-cycle step (cycles.md 2, webhooks.md 6). */
import type { Step, WaitAllStep } from '../../domain/document.ts'
import { StepError, stepErrors } from '../../domain/errors.ts'
import { nextOf, reach, stepById, successors } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Incident, Position, Run } from '../messages.ts'
import type { Life } from './life.ts'
import { beginStep, endStep, stopRecords } from './records.ts'
import { addIncident } from './state.ts'
import { runStep } from './steps/index.ts'
import { stepTools } from './tools.ts'
import { checkRoom, setStepData } from './values.ts'

/** What a join tells of the other paths and split items (cycles.md 4). */
interface JoinCounts {
  readonly completed: number
  readonly errored: number
  readonly stopped: number
}

export type Walked = 'over' | 'failed' | 'stopped' | 'suspended'

export async function walk(life: Life, run: Run): Promise<Walked> {
  const { state } = life
  life.halted = life.stopping ? 'stopped' : undefined
  state.run = { ...run, paths: [] }
  const left: Position[] = []
  let joining: readonly StepId[] = run.joining ?? []
  let ended = run.ended ?? 0

  // Plain counting: a promise for each of ten thousand forks would hold them all.
  let live = 0
  let settle: { resolve(): void; reject(error: unknown): void } | undefined
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
      const next: Taken = await takeStep(life, run, here)
      if (next === 'joins') {
        joining = [...joining, here.stepId]
        return
      }
      if (next.length === 0) ended++
      if (next.length > 1) for (const other of next) spawn(other)
      here = next.length === 1 ? next[0] : undefined
    }
  }

  for (let starts = run.paths; ;) {
    const done = new Promise<void>((resolve, reject) => {
      settle = { resolve, reject }
    })
    // The count is held while the first paths begin, so that one that ends at once does not end the run.
    live++
    for (const position of starts) spawn(position)
    if (--live > 0) await done
    if (haltOf(life) !== undefined || joining.length === 0) break
    const join = nextJoin(life, joining)
    const completed = ended + joining.length - 1
    joining = joining.filter(id => id !== join.id)
    ended = 0
    starts = await goOn(life, join, { completed, errored: 0, stopped: 0 })
  }

  const halted = haltOf(life)
  if (halted === 'failed' || halted === 'stopped') {
    if (halted === 'stopped') stopRecords(life)
    return halted
  }
  if (left.length === 0 && joining.length === 0) return 'over'
  state.run = { ...run, paths: left, joining, ended }
  return 'suspended'
}

/** Which join goes on, where paths stand at several: one from which the others can be reached, else the first of the document. */
function nextJoin(life: Life, joining: readonly StepId[]): WaitAllStep {
  const joins = life.document.steps.filter(step => step.type === 'waitAll' && joining.includes(step.id))
  const leadsTo = (from: Step): ReadonlySet<StepId> =>
    reach([from.id], id => {
      const step = stepById(life.document, id)
      return step === undefined ? [] : successors(step)
    })
  const first = joins.find(step => joins.every(other => other === step || leadsTo(step).has(other.id))) ?? joins[0]
  if (first?.type !== 'waitAll') throw new Error('No path stands at a join')
  return first
}

/** Every other path has ended or stands: what follows the join runs once. */
async function goOn(life: Life, join: WaitAllStep, counts: JoinCounts): Promise<readonly Position[]> {
  await setStepData(life, join.id, { ...counts })
  endStep(life, join, 'Completed')
  return positions(nextOf(join))
}

/** Read through a function: what the paths set while they were awaited is not seen by the compiler. */
const haltOf = (life: Life): Life['halted'] => life.halted

const positions = (ids: readonly StepId[]): readonly Position[] => ids.map(stepId => ({ stepId }))

/** Where a path goes on: several, it forks; none, it is over. Or it stands at a join. */
type Taken = readonly Position[] | 'joins'

/** Executes the step at a position. */
async function takeStep(life: Life, run: Run, here: Position): Promise<Taken> {
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
    if (outcome.kind === 'joins') {
      endStep(life, step, 'Waiting')
      return 'joins'
    }
    if (outcome.kind === 'interrupted') return [{ stepId: step.id, until: outcome.until }]
    if (outcome.data !== undefined) {
      checkRoom(life, step.id, outcome.data)
      await setStepData(life, step.id, outcome.data)
    }
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
  const numbered = addIncident(life.state, incident)
  life.context.changed()
  await life.context.incident(numbered)
}

/** Walks one run: its paths go on concurrently, step by step, until each has ended or stands at a mid-cycle step (cycles.md 2, webhooks.md 6). */
import type { Step, WaitAllStep } from '../../domain/document.ts'
import { nextOf, reach, stepById, successors } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import { splitId, type JoinCounts, type Position, type Run } from '../messages.ts'
import type { Life } from './life.ts'
import { endStep, stopRecords } from './records.ts'
import { NONE } from './split.ts'
import { takeStep, type Taken } from './take-step.ts'
import { setStepData } from './values.ts'

export type Walked = 'over' | 'failed' | 'stopped' | 'suspended'

export async function walk(life: Life, run: Run): Promise<Walked> {
  const { state } = life
  life.halted = life.stopping ? 'stopped' : undefined
  state.run = { ...run, paths: [] }
  const left: Position[] = []
  let joining: readonly StepId[] = run.joining ?? []
  let ended = run.ended ?? 0
  let items = run.items ?? NONE

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
      const taken: Taken = await takeStep(life, run, here)
      if (taken.kind === 'joins') joining = [...joining, here.stepId]
      if (taken.kind === 'halts') left.push(taken.at)
      if (taken.kind !== 'goes') return
      if (taken.items !== undefined) items = sum(items, taken.items)
      const next: readonly StepId[] = taken.to
      if (next.length === 0) ended++
      if (next.length > 1) for (const stepId of next) spawn({ stepId })
      here = next.length === 1 && next[0] !== undefined ? { stepId: next[0] } : undefined
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
    const counts = sum(items, { ...NONE, completed: ended + joining.length - 1 })
    joining = joining.filter(id => id !== join.id)
    ended = 0
    items = NONE
    starts = await goOn(life, join, counts)
  }

  const halted = haltOf(life)
  state.run = { ...run, paths: left, joining, ended, items }
  if (halted === 'failed' || halted === 'stopped') {
    stopRecords(life)
    // Items are part of the run: they end with it.
    for (const { stepId, execution, started } of left) if (started !== undefined) await life.context.stopItems(splitId(stepId, execution ?? 1))
    return halted
  }
  return left.length === 0 && joining.length === 0 ? 'over' : 'suspended'
}

const sum = (a: JoinCounts, b: JoinCounts): JoinCounts => ({
  completed: a.completed + b.completed,
  errored: a.errored + b.errored,
  stopped: a.stopped + b.stopped,
})

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
  return nextOf(join).map(stepId => ({ stepId }))
}

/** Read through a function: what the paths set while they were awaited is not seen by the compiler. */
const haltOf = (life: Life): Life['halted'] => life.halted

/** What the simulated workflows of transactions and of their items may do. */
import { asTransactionId } from '../../domain/ids.ts'
import { askOf, close, newWorkflow, runActivity, terminate, toEnd } from './workflow.ts'
import type { Workflow, World } from './world.ts'

type Add = (name: string, run: () => Promise<void> | void, weight?: number) => void

/** What a workflow may do next. */
export function running(world: World, workflow: Workflow, add: Add): void {
  const { budget, settling } = world
  const name = workflow.transaction
  const check = (back: Workflow['back']) => (): void => {
    workflow.back = back
    workflow.phase = 'check'
  }
  switch (workflow.phase) {
    case 'run':
      if (workflow.hinted) add(`check ${name}`, check('run'))
      else if (workflow.parent !== undefined && !workflow.registered) {
        // An item waits for nothing but what it registers itself.
        add(`register ${name}`, () => void (workflow.phase = 'register'))
        if (settling) break
        add(`fail ${name}`, () => question(workflow, 'fail'), 0.3)
        add(`complete ${name}`, () => toEnd(world, workflow, 'Completed'), 0.3)
      } else {
        add(`reach ${name}`, () => {
          workflow.phase = 'stand'
          workflow.reached = true
        })
        if (settling) break
        if (!workflow.registered) add(`register ${name}`, () => void (workflow.phase = 'register'))
        add(`fail ${name}`, () => question(workflow, 'fail'), 0.3)
        if (!workflow.reached) add(`complete ${name}`, () => toEnd(world, workflow, 'Completed'), 0.3)
        if (workflow.parent === undefined && budget.splits > 0) add(`split ${name}`, () => split(world, workflow))
      }
      break
    case 'items':
      if (workflow.hinted) add(`check ${name}`, check('items'))
      else if (workflow.told) add(`look at items ${name}`, () => void (workflow.phase = 'await'))
      else if (!settling) add(`fail ${name}`, () => question(workflow, 'fail'), 0.3)
      break
    case 'stand':
      if (workflow.hinted) add(`check ${name}`, check('stand'))
      else add(`stand ${name}`, () => void (workflow.phase = workflow.queue.length > 0 ? 'resume' : 'park'))
      break
    case 'idle':
      if (workflow.hinted) add(`check ${name}`, check('idle'))
      else if (workflow.queue.length > 0) add(`go on ${name}`, () => void (workflow.phase = 'stand'))
      else if (workflow.parked && !settling && budget.retires > 0) add(`retire ${name}`, () => (budget.retires--, toEnd(world, workflow, 'Completed')), 0.4)
      break
    case 'failed':
      if (workflow.hinted) add(`check ${name}`, check('failed'))
      else if (!settling && budget.mends > 0) {
        add(`mend ${name}`, () => (budget.mends--, question(workflow, 'revive')))
        add(`give up ${name}`, () => (budget.mends--, toEnd(world, workflow, 'Errored')), 0.3)
      }
      break
    case 'closing':
      if (!workflow.tells) add(`close ${name}`, () => close(workflow))
      break
    default:
      add(`${workflow.phase} ${name}`, () => runActivity(world, workflow, true))
      if (!settling && budget.lost > 0) add(`${workflow.phase}, answer lost ${name}`, () => (budget.lost--, runActivity(world, workflow, false)), 0.4)
      if (!settling && budget.late > 0)
        add(`${workflow.phase}, late ${name}`, () => (budget.late--, void world.late.push({ transaction: name, ask: askOf(workflow) })), 0.4)
  }
  const { parent } = workflow
  if (workflow.tells && parent !== undefined)
    add(`tell ${name}`, () => {
      workflow.tells = false
      tellParent(world, parent)
    })
  if (!settling && budget.terminations > 0) add(`terminate ${name}`, () => (budget.terminations--, terminate(world, workflow)), 0.2)
}

function question(workflow: Workflow, name: 'fail' | 'revive'): void {
  workflow.asked++
  workflow.phase = name
}

/** Splits its data into two items: their workflows are there at once, as a parent waits for each start. */
function split(world: World, workflow: Workflow): void {
  world.budget.splits--
  workflow.split = { name: `s.${++workflow.splits}`, items: 2 }
  workflow.phase = 'await'
  for (let index = 0; index < workflow.split.items; index++) {
    const item = asTransactionId(`${workflow.transaction}.${workflow.split.name}.${index}`)
    world.workflows.set(item, { ...newWorkflow(world, item, 'c'), phase: 'beginItem', parent: workflow.transaction, splitName: workflow.split.name })
  }
}

/** A signal: the parent looks at its items again. */
export function tellParent(world: World, parent: Workflow['transaction']): void {
  const workflow = world.workflows.get(parent)
  if (workflow?.open === true) workflow.told = true
}

/** Rules of the graph (cycles.md 2): ids, the trigger, where steps lead to, and that each can be reached. */
import type { Problem } from '../errors.ts'
import { reach } from '../graph.ts'
import { stepTypes } from './known.ts'
import { placeText } from './paths.ts'
import type { View } from './view.ts'

/** Names that merge fields use for other things, so that no step can have them (cycles.md 3). */
export const reservedRoots: readonly string[] = ['variables', 'webhooks', 'transaction', 'cycle', 'account']

const triggerTypes: readonly string[] = ['webhook', 'schedule']

function ids(view: View): Problem[] {
  return view.steps.flatMap(step => {
    const path = `steps[${step.index}].id`
    const first = view.byId.get(step.id)
    if (reservedRoots.includes(step.id)) return [{ path, message: `"${step.id}" is a name that merge fields use for something else: choose another id` }]
    if (first && first.index < step.index) return [{ path, message: `The id "${step.id}" stands at steps[${first.index}] already: ids are unique` }]
    return []
  })
}

function targets(view: View): Problem[] {
  const trigger = view.steps[0]
  return view.steps.flatMap(step =>
    step.exits.flatMap(exit => {
      const path = placeText(exit.path)
      if (!view.byId.has(exit.to)) return [{ path, message: `There is no step ${JSON.stringify(exit.to)}.${view.suggest(exit.to, view.byId.keys())}` }]
      if (exit.to === trigger?.id) return [{ path, message: `Nothing may lead to the trigger "${exit.to}": loop back to a later step` }]
      return []
    }),
  )
}

function trigger(view: View): Problem[] {
  const first = view.steps[0]
  if (!first || first.index !== 0 || triggerTypes.includes(first.type) || !stepTypes.includes(first.type)) return []
  return [{ path: 'steps[0].type', message: `The first step is the trigger and must be of type webhook or schedule, not ${first.type}` }]
}

function unreachable(view: View): Problem[] {
  const first = view.steps[0]
  // A step of a type that is not known here may lead anywhere.
  if (!first || view.steps.some(step => !stepTypes.includes(step.type))) return []
  const reached = reach([first.id], view.successors)
  return view.steps.flatMap(step =>
    step === first || reached.has(step.id) || view.byId.get(step.id) !== step
      ? []
      : [
          {
            path: `steps[${step.index}]`,
            message: `The step "${step.id}" cannot be reached from the trigger "${first.id}": name it in the next of a step, or take it out`,
          },
        ],
  )
}

export const graphProblems = (view: View): Problem[] => [...ids(view), ...trigger(view), ...targets(view), ...unreachable(view)]

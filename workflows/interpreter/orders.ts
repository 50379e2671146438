/** What operators order about a step that failed, or waits for its next try (operations.md 5). */
import { stepById } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import { isJsonObject } from '../../domain/objects.ts'
import type { Json } from '../../domain/json.ts'
import type { Order } from '../messages.ts'
import type { Life } from './life.ts'

/** Steps that an order can be about now. */
export const orderable = (life: Life): readonly StepId[] => [...(life.state.failure === undefined ? [] : [life.state.failure.stepId]), ...life.pausing]

/**
 * An operator's signal. `about`: nothing where one step can be meant, its id, or an object with `stepId`. One that is about no step that waits
 * changes nothing; the current details say so.
 */
export function order(life: Life, kind: Order, about: Json | undefined): void {
  life.ignored = undefined
  const step = meant(life, kind, about)
  if (step !== undefined) life.orders.set(step, kind)
  life.context.changed()
}

/** Undefined where it is about no step that waits; why stands in `ignored` then. */
function meant(life: Life, kind: Order, about: Json | undefined): StepId | undefined {
  const steps = orderable(life)
  const named = idIn(about)
  if (named === 'unreadable') {
    life.ignored = `${kind}: its argument is neither the id of a step nor an object with \`stepId\``
    return undefined
  }
  const step = named.id ?? (steps.length === 1 ? steps[0] : undefined)
  if (step !== undefined && steps.includes(step)) return step
  if (step !== undefined) life.ignored = `${kind} of "${stepById(life.document, step)?.name ?? step}": it neither failed nor waits for its next try`
  else life.ignored = steps.length === 0 ? `${kind}: no step failed or waits for its next try` : `${kind}: say which step, ${steps.join(' or ')}`
  return undefined
}

/** What is neither an id nor nothing is not taken for nothing: the wrong step could be meant. */
function idIn(about: Json | undefined): { readonly id?: StepId } | 'unreadable' {
  if (about === undefined || about === null || about === '') return {}
  if (typeof about === 'string') return { id: about }
  if (!isJsonObject(about)) return 'unreadable'
  const entries = Object.entries(about)
  if (entries.length === 0) return {}
  const named = entries.find(([name]) => name.toLowerCase() === 'stepid')?.[1]
  return named === undefined || typeof named === 'object' ? 'unreadable' : idIn(named)
}

/** The order about a step, once. */
export function takeOrder(life: Life, step: StepId): Order | undefined {
  const found = life.orders.get(step)
  life.orders.delete(step)
  return found
}

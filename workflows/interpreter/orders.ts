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
  const steps = orderable(life)
  const named = idIn(about)
  const step = named ?? (steps.length === 1 ? steps[0] : undefined)
  life.ignored = undefined
  if (step !== undefined && steps.includes(step)) life.orders.set(step, kind)
  else if (step !== undefined) life.ignored = `${kind} of "${stepById(life.document, step)?.name ?? step}": it neither failed nor waits for its next try`
  else life.ignored = steps.length === 0 ? `${kind}: no step failed or waits for its next try` : `${kind}: say which step, ${steps.join(' or ')}`
  life.context.changed()
}

function idIn(about: Json | undefined): StepId | undefined {
  if (typeof about === 'string') return about === '' ? undefined : about
  if (!isJsonObject(about)) return undefined
  const named = Object.entries(about).find(([name]) => name.toLowerCase() === 'stepid')?.[1]
  return typeof named === 'string' ? named : undefined
}

/** The order about a step, once. */
export function takeOrder(life: Life, step: StepId): Order | undefined {
  const found = life.orders.get(step)
  life.orders.delete(step)
  return found
}

import { holds } from '../../../domain/conditions.ts'
import { listOf } from '../../../domain/graph.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import type { StepRunner } from './runner.ts'

/** Leaves by its true or its false exit; an exit that leads nowhere ends the path (cycles.md 4). */
export const decision: StepRunner<'decision'> = async (step, { resolve }) => {
  const sides: JsonObject = {}
  for (const [name, value] of Object.entries<Json | undefined>({ left: step.left, right: step.right })) if (value !== undefined) sides[name] = value
  const filled = await resolve(sides)
  const { left, right } = isJsonObject(filled) ? filled : {}
  return { kind: 'leaves', exits: listOf(holds(step.condition, left, right) ? step.true : step.false) }
}

import { equal } from '../../../domain/compare.ts'
import { listOf } from '../../../domain/graph.ts'
import type { StepRunner } from './runner.ts'

/** Leaves by the first case that equals, else by `default` (cycles.md 4). */
export const switchStep: StepRunner<'switch'> = async (step, { resolve }) => {
  const value = await resolve(step.value)
  for (const each of step.cases) if (equal(value, await resolve(each.equals))) return { kind: 'leaves', exits: listOf(each.next) }
  return { kind: 'leaves', exits: listOf(step.default) }
}

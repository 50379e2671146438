import { parseDuration } from '../../../domain/duration.ts'
import { nextOf } from '../../../domain/graph.ts'
import type { StepRunner } from './runner.ts'

/** Waits, durably (cycles.md 4). One that was interrupted by a new history waits for what is left. */
export const delay: StepRunner<'delay'> = async (step, { context, position, halted }) => {
  const until = position.until ?? context.now() + (parseDuration(step.for) ?? 0)
  await context.wait(`${step.name ?? step.id} (${step.for})`, until, halted)
  return halted() && context.now() < until ? { kind: 'interrupted', until } : { kind: 'leaves', exits: nextOf(step) }
}

import { nextOf } from '../../../domain/graph.ts'
import type { StepRunner } from './runner.ts'

/** `function run(input)` in the sandbox; its return value is `body` (cycles.md 4). */
export const script: StepRunner<'script'> = async (step, { context, attempt, resolve }) => {
  const input = step.input === undefined ? undefined : await resolve(step.input)
  return { kind: 'leaves', exits: nextOf(step), data: { body: await context.runScript(step, attempt, input ?? null) } }
}

import { parseDuration } from '../../../domain/duration.ts'
import { StepError } from '../../../domain/errors.ts'
import { nextOf } from '../../../domain/graph.ts'
import { quote } from '../../../domain/quote.ts'
import type { StepRunner } from './runner.ts'

/** Waits, durably (cycles.md 4). One that was interrupted by a new history waits for what is left. */
export const delay: StepRunner<'delay'> = async (step, { context, document, position, resolve, halted }) => {
  let until = position.until
  if (until === undefined) {
    const length = (await resolve(step.for)) ?? null
    const ms = typeof length === 'string' ? parseDuration(length) : undefined
    if (ms === undefined) throw new StepError('buildFailed', `\`for\` became ${quote(document, length)}; a duration such as 90s or 15m is expected`)
    until = context.now() + ms
  }
  await context.wait(`${step.name ?? step.id} (${step.for})`, until, halted)
  return halted() && context.now() < until ? { kind: 'interrupted', until } : { kind: 'leaves', exits: nextOf(step) }
}

import { StepError } from '../../../domain/errors.ts'
import { nextOf } from '../../../domain/graph.ts'
import { instantOf, millisecondsOf } from '../../../domain/instant.ts'
import { quote } from '../../../domain/quote.ts'
import type { StepRunner } from './runner.ts'

/** Waits until an instant, durably; one that is past goes on at once, one beyond the transaction's own end is a step error (cycles.md 4). */
export const waitUntil: StepRunner<'waitUntil'> = async (step, { context, document, position, resolve, halted, lastsUntil, timezone }) => {
  let until = position.until
  if (until === undefined) {
    const at = (await resolve(step.at)) ?? null
    if (at === null || at === '') throw new StepError('waitMissing', '`at` became nothing; an instant in ISO 8601 is expected')
    const instant = typeof at === 'string' ? instantOf(at.trim(), timezone) : undefined
    if (instant === undefined) throw new StepError('notDateTime', `\`at\` became ${quote(document, at)}; an instant in ISO 8601 is expected`)
    until = millisecondsOf(instant)
    if (until > lastsUntil)
      throw new StepError('waitTooLong', `${new Date(until).toISOString()} is after ${new Date(lastsUntil).toISOString()}, when the transaction is removed`)
  }
  if (until > context.now()) await context.wait(`${step.name ?? step.id} (${new Date(until).toISOString()})`, until, halted)
  return halted() && context.now() < until ? { kind: 'interrupted', until } : { kind: 'leaves', exits: nextOf(step) }
}

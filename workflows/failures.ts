/** Failures of activities, as step errors: the code stands in the `type` of an `ApplicationFailure` (domain/errors.ts). */
import { ActivityFailure, ApplicationFailure, isCancellation } from '@temporalio/workflow'
import { StepError, stepErrors, type ErrorAnswer, type StepErrorCode } from '../domain/errors.ts'

const isCode = (type: string | null | undefined): type is StepErrorCode => typeof type === 'string' && Object.hasOwn(stepErrors, type)

/**
 * What an activity of a step rejected with: a local one with the failure itself, a regular one with it as the cause. Cancellations stay what they are; a
 * failure without a code of ours gets `fallback`.
 */
export function stepErrorOf(error: unknown, fallback: StepErrorCode): unknown {
  if (isCancellation(error) || !(error instanceof ActivityFailure || error instanceof ApplicationFailure)) return error
  const cause = error instanceof ActivityFailure ? error.cause : error
  if (cause instanceof ApplicationFailure && isCode(cause.type)) return new StepError(cause.type, cause.message, answerIn(cause.details))
  return new StepError(fallback, cause?.message ?? error.message)
}

/** Written by our own activities (`activities/failures.ts`). */
function answerIn(details: ApplicationFailure['details']): ErrorAnswer {
  const answer: unknown = details?.[0]
  return typeof answer === 'object' && answer !== null ? answer : {}
}

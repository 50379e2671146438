/** How Temporal's service answered a call that failed: gRPC's own status codes, wherever the SDK puts them. */
import { isGrpcServiceError, ServiceError, WorkflowNotFoundError } from '@temporalio/client'

const INVALID_ARGUMENT = 3
const NOT_FOUND = 5
const ALREADY_EXISTS = 6

/** The SDK wraps what gRPC said in errors of its own. */
function codeOf(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return Number(error.code)
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : undefined
}

/** There is no such thing: a workflow, a schedule, a namespace. */
export const isNotFound = (error: unknown): boolean => error instanceof WorkflowNotFoundError || codeOf(error) === NOT_FOUND

/** It is there already. */
export const isThere = (error: unknown): boolean => codeOf(error) === ALREADY_EXISTS

/** Temporal will never take it: repeating the call is of no use. */
export const isInvalid = (error: unknown): boolean => codeOf(error) === INVALID_ARGUMENT

/** What the service said, for people. */
export function serviceReason(error: unknown): string {
  const cause = error instanceof ServiceError && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message : String(cause)
}

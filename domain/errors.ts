/**
 * The one table of errors: code, exact message, HTTP status where it reaches HTTP, and whether trying again may help.
 * A caller looks at the code and never has to match text. Messages of incidents are the list of cycles.md 5.
 */
import type { Json } from './json.ts'

export const stepErrors = {
  triggerSkipped: { message: 'Trigger Skipped', retryable: false },
  transactionStopped: { message: 'Transaction Stopped', retryable: false },
  outOfRetries: { message: 'Out of retries', retryable: false },
  notAuthenticated: { message: 'Failed to authenticate the connector', retryable: false },
  sourceEmpty: { message: 'Required source is empty', retryable: false },
  webhookFailed: { message: 'Webhook failed', retryable: false },
  buildFailed: { message: 'Failed to build the request', retryable: false },
  badResponse: { message: 'Response data not in expected format', retryable: false },
  callFailed: { message: 'Failed to call the method', retryable: false },
  fieldsMissing: { message: 'Response data fields missing', retryable: false },
  notSplit: { message: 'Step data cannot be split', retryable: false },
  splitFailed: { message: 'Failed to split transaction step data', retryable: false },
  responseNotSaved: { message: 'Failed to save the webhook response', retryable: false },
  responseNotReturned: { message: 'Failed to return the webhook response', retryable: false },
  responseNotBuilt: { message: 'Failed to build the webhook response', retryable: false },
  sourceNotFound: { message: 'Failed to find the webhook source key', retryable: false },
  waitFailed: { message: 'Wait Until Failed To Run', retryable: false },
  waitTooLong: { message: 'Wait Until is over retention period', retryable: false },
  notDateTime: { message: 'Field is not a valid DateTime', retryable: false },
  waitMissing: { message: 'WaitUntil step is missing wait criteria', retryable: false },
} as const
export type StepErrorCode = keyof typeof stepErrors

/** What is known of the answer that made a step's error. */
export interface ErrorAnswer {
  readonly status?: number
  readonly body?: Json
  /** The other side asks to come later (429, 503); `afterMs` where it says when. */
  readonly throttled?: { readonly afterMs?: number }
}

/** A step's error with the detail for its incident. */
export class StepError extends Error {
  override readonly name = 'StepError'
  readonly code: StepErrorCode
  readonly detail: string
  readonly answer: ErrorAnswer
  constructor(code: StepErrorCode, detail: string, answer: ErrorAnswer = {}) {
    super(stepErrors[code].message)
    this.code = code
    this.detail = detail
    this.answer = answer
  }
}

/** Errors of the management API (api.md): `Code` and status. The message says what is wrong in this case. */
export const apiErrors = {
  request_invalid: 400,
  id_taken: 400,
  name_taken: 400,
  token_invalid: 401,
  account_missing: 401,
  token_restricted: 403,
  form_refused: 403,
  route_not_found: 404,
  account_not_found: 404,
  cycle_not_found: 404,
  template_not_found: 404,
  marketplace_not_found: 404,
  transaction_not_found: 404,
  webhook_not_found: 404,
  notification_not_found: 404,
  package_not_found: 404,
  package_not_installed: 404,
  operation_not_found: 404,
  connector_not_found: 404,
  account_connector_not_found: 404,
  method_not_allowed: 405,
  cycle_running: 409,
  cycle_changed: 409,
  cycle_not_running: 409,
  step_not_failed: 409,
  request_in_progress: 409,
  account_in_use: 409,
  package_installed: 409,
  operation_running: 409,
  template_in_use: 409,
  marketplace_in_use: 409,
  package_in_use: 409,
  template_not_live: 409,
  template_installed: 409,
  template_no_draft: 409,
  connector_in_use: 409,
  record_changed: 409,
  document_invalid: 400,
  import_invalid: 400,
  import_conflict: 409,
  export_too_large: 422,
  document_too_large: 400,
  body_too_large: 413,
  prerequisites_missing: 422,
  subscription_failed: 422,
  authentication_failed: 422,
  internal_error: 500,
  service_unavailable: 503,
} as const
export type ApiErrorCode = keyof typeof apiErrors

/** A place in a text, line and column from 1. */
export interface TextPlace {
  readonly line: number
  readonly column: number
}

export interface Problem {
  /** Where in the document or request, as `steps[1].method`; empty for the whole. */
  readonly path: string
  readonly message: string
  /** Of a text that cannot be read: where. */
  readonly place?: TextPlace
}

export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  readonly problems: readonly Problem[]
  constructor(code: ApiErrorCode, message: string, problems: readonly Problem[] = []) {
    super(message)
    this.code = code
    this.problems = problems
  }
  get status(): number {
    return apiErrors[this.code]
  }
}

/** Redis cannot be reached or did not answer in time: webhooks answer 503. */
export class StorageUnavailable extends Error {
  override readonly name = 'StorageUnavailable'
}

/** This Redis has no such cycle: it was deleted, or Redis was emptied. */
export class UnknownCycle extends StorageUnavailable {}

/**
 * Redis holds no registry, though there was one (`lost`), or nobody can tell whether there was (`unknown`). What needs the registry answers 503 until it
 * is imported: what is looked for may have been there (operations.md 3). The message says what to do.
 */
export class RegistryLost extends StorageUnavailable {
  constructor(state: 'lost' | 'unknown') {
    super(
      state === 'lost'
        ? 'Redis was emptied: the registry is lost. Import the last export: flywheel import FILE, or POST /v1.0/import.'
        : 'Redis holds no registry, and Temporal cannot be asked whether there was one. Try again.',
    )
  }
}

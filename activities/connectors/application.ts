/** One call of an application that no step makes: `subscribe` and `unsubscribe` of webhook methods (connectors.md 4). */
import type { ConnectorAuthentication, RateLimit } from '../../domain/connector.ts'
import { leadsElsewhere, type BuiltRequest } from '../../domain/connector-request.ts'
import { StepError } from '../../domain/errors.ts'
import type { AccountId } from '../../domain/ids.ts'
import { isJsonObject } from '../../domain/objects.ts'
import { redactor, type Redactor } from '../../domain/redact.ts'
import { fillSecrets } from '../../domain/secrets.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import type { RateLimits } from '../../storage/rate-limits.ts'
import type { Versioned } from '../../storage/records.ts'
import type { OutgoingCall } from '../contract.ts'
import type { HttpAnswer } from '../http/index.ts'
import { telling } from '../telling.ts'
import { openSend, type OpenedDeps } from './opened.ts'
import { createTurns } from './turns.ts'

export interface ApplicationDeps extends OpenedDeps {
  readonly rateLimits: RateLimits
}

export interface ApplicationCall {
  readonly account: AccountId
  readonly request: BuiltRequest
  readonly idempotencyKey: string
  readonly authentication: ConnectorAuthentication
  readonly baseUrl: string
  readonly rateLimit?: RateLimit | undefined
  readonly connectorId: string
  readonly held?: Versioned<AccountConnector> | undefined
  /** No payload is told. */
  readonly quiet?: boolean | undefined
}

export interface ApplicationAnswer {
  readonly answer: HttpAnswer
  /** The call and its answer for people, without credentials. */
  readonly detail: string
}

/** A user may wait for it, and three tries of it are less than what an API's caller waits. */
const TIMEOUT_MS = 10_000

/** Answers whatever status came. Throws `StepError` with a detail without credentials, and other errors where trying again may help. */
export async function askApplication(deps: ApplicationDeps, call: ApplicationCall, signal: AbortSignal): Promise<ApplicationAnswer> {
  const { account, held, authentication, baseUrl, idempotencyKey } = call
  const hidden = new Set<string>()
  const hide: Redactor = (text, max) => redactor(hidden)(text, max)
  try {
    const send = await openSend(deps, account, held, { authentication, baseUrl, hidden })
    const request: OutgoingCall = { ...filled(call.request), idempotencyKey, timeoutMs: TIMEOUT_MS }
    if (leadsElsewhere(request.url)) throw new StepError('buildFailed', 'A setting leads out of the path where it stands')
    const told = telling(request, hide, call.quiet !== true)
    await createTurns(deps.rateLimits, account, held?.id ?? call.connectorId, call.rateLimit).await(idempotencyKey, signal)
    const answer = await send(request, signal, told.quote).catch(told.rethrow)
    return { answer, detail: told.answer(answer) }
  } catch (error) {
    throw error instanceof StepError ? new StepError(error.code, hide(error.detail), error.answer) : error
  }
}

/** There are no secrets in it: what is escaped in settings stands as it was written. */
function filled(request: BuiltRequest): BuiltRequest {
  const { url, query, headers, body, ...fixed } = request
  const parts = fillSecrets({ url, ...(query && { query }), ...(headers && { headers }), ...(body !== undefined && { body }) }, () => undefined)
  if (!isJsonObject(parts) || typeof parts.url !== 'string') throw new StepError('buildFailed', 'The URL is not a text')
  return { ...fixed, ...parts, url: parts.url }
}

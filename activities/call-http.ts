/** The calls of `request` and `method` steps (cycles.md 4): secrets put in, the answer judged, secrets taken out of what is told. */
import type { Place } from '../domain/ids.ts'
import type { JsonObject } from '../domain/json.ts'
import { StepError, type ErrorAnswer } from '../domain/errors.ts'
import { secretsOf, type KnownSecrets, type Opener } from '../domain/known-secrets.ts'
import { isJsonObject } from '../domain/objects.ts'
import { redactor, type Redactor } from '../domain/redact.ts'
import { retryAfter } from '../domain/retry-after.ts'
import { fillSecrets } from '../domain/secrets.ts'
import { jsonSize } from '../domain/size.ts'
import type { Scripting } from '../scripting/scripting.ts'
import type { CachedCycle, CycleCache } from '../storage/cycle-cache.ts'
import type { HttpCall, HttpResult, OutgoingCall } from './contract.ts'
import { failure, failureOf, tooLarge, withLog } from './failures.ts'
import { credentialsOf } from './http/credentials.ts'
import type { HttpAnswer } from './http/index.ts'
import type { Quote } from './http/request.ts'
import { urlSecretsOf } from './http/url-secrets.ts'
import { awaitRegistry, type GuardDeps } from './registry.ts'
import { openRequestScript } from './request-script.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'
import { telling } from './telling.ts'

export interface CallHttpDeps extends GuardDeps {
  readonly cycles: Pick<CycleCache, 'get'>
  readonly http: { call(call: OutgoingCall, signal: AbortSignal, quote?: Quote): Promise<HttpAnswer> }
  readonly scripting: Pick<Scripting, 'call' | 'defines'>
  readonly sealer: Opener
  readonly runtime: () => ActivityRuntime
}

/** A larger body of an error is not kept as data. */
const ERROR_BODY_BYTES = 64 * 1024

/** What is known of the cycle while one call of it is made. */
export interface Around {
  /** Values of secrets by the names of their references. */
  readonly secrets: KnownSecrets['variables']
  /** Texts that are never told: the secrets, and once the call is known what it authenticates itself with and what a URL makes of them. */
  readonly hidden: Set<string>
  readonly hide: Redactor
  /** Whether details tell payload. */
  readonly payload: boolean
}

/** Sends a request whose secrets are filled in. */
export type Send = CallHttpDeps['http']['call']

/** Fails with `callFailed`, `buildFailed` or `badResponse`; an unreachable registry makes Temporal try again. */
export const callHttp = (deps: CallHttpDeps, call: HttpCall): Promise<HttpResult> =>
  callWith(deps, call.place, (around, signal) => attempt(deps, call, around, signal))

/** Calls of a step, with heartbeats, and no secret in what is told of them. */
export async function callWith<R extends HttpResult>(
  deps: CallHttpDeps,
  place: Place,
  work: (around: Around, signal: AbortSignal, cycle: CachedCycle) => Promise<R>,
): Promise<R> {
  const cycle = await deps.cycles.get(place)
  if (cycle === undefined) {
    await awaitRegistry(deps)
    throw failure('buildFailed', 'The cycle was deleted')
  }
  const secrets = secretsOf(cycle.document, deps.sealer)
  const hidden = new Set(secrets.all)
  const hide: Redactor = (text, max) => redactor(hidden)(text, max)
  const around: Around = { secrets: secrets.variables, hidden, hide, payload: cycle.document.settings?.log !== 'none' }
  try {
    const result = await heartbeating(deps.runtime(), signal => work(around, signal, cycle))
    return result.warning === undefined ? result : { ...result, warning: hide(result.warning) }
  } catch (error) {
    throw failureOf(error, hide)
  }
}

/** The call with its script around it. */
export async function attempt(
  deps: Pick<CallHttpDeps, 'http' | 'scripting'>,
  call: HttpCall,
  { secrets, hidden, hide, payload }: Around,
  signal: AbortSignal,
  send: Send = deps.http.call,
): Promise<HttpResult> {
  const logged: string[] = []
  try {
    const script = await openRequestScript(deps.scripting, call, logged)
    const asked = await script.before()
    const filled = fill(asked, secrets)
    for (const text of [...credentialsOf(filled), ...urlSecretsOf(asked.url, secrets)]) hidden.add(text)
    const told = telling(asked, hide, payload)
    const { verdict, answer, reason } = await script.after(await send(filled, signal, told.quote).catch(told.rethrow))
    const { status, headers, body } = answer
    const detail = (): string => [...(reason === undefined ? [] : [reason]), told.answer(answer)].join('\n')
    if (verdict === 'error') throw new StepError('callFailed', detail(), errorAnswer(answer))
    const large = tooLarge({ status, headers: { ...headers }, body })
    if (large !== undefined) throw new StepError('badResponse', `${told.line()} answered with ${large}`)
    return { status, headers, body, ...(verdict === 'warning' ? { warning: withLog(detail(), logged) } : {}) }
  } catch (error) {
    throw error instanceof StepError ? new StepError(error.code, withLog(error.detail, logged), error.answer) : error
  }
}

/** What the workflow is to know of an answer that is an error: 429 and 503 ask to come again later (cycles.md 5). */
function errorAnswer({ status, headers, body }: HttpResult): ErrorAnswer {
  const afterMs = retryAfter(headers['retry-after'], Date.now())
  return {
    status,
    ...(jsonSize(body, ERROR_BODY_BYTES) > ERROR_BODY_BYTES ? {} : { body }),
    ...(status === 429 || status === 503 ? { throttled: afterMs === undefined ? {} : { afterMs } } : {}),
  }
}

function fill(call: HttpCall, secrets: ReadonlyMap<string, string>): HttpCall {
  const { url, query, headers, body, auth, ...fixed } = call
  const parts: JsonObject = { url }
  for (const [name, part] of Object.entries({ query, headers, body, auth })) if (part !== undefined) parts[name] = part
  const filled = fillSecrets(parts, name => secrets.get(name))
  if (!isJsonObject(filled) || typeof filled.url !== 'string') throw new StepError('buildFailed', 'The URL is not a text')
  return { ...fixed, ...filled, url: filled.url }
}

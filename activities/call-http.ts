/** The `request` step's call (cycles.md 4): secrets put in, the answer judged, secrets taken out of what is told. */
import type { JsonObject } from '../domain/json.ts'
import { StepError } from '../domain/errors.ts'
import { isJsonObject } from '../domain/objects.ts'
import { fillSecrets, redactor } from '../domain/secrets.ts'
import type { Scripting } from '../scripting/scripting.ts'
import type { CachedCycle, CycleCache } from '../storage/cycle-cache.ts'
import type { HttpCall, HttpResult } from './contract.ts'
import { failure, failureOf, tooLarge, withLog } from './failures.ts'
import type { HttpAnswer } from './http/index.ts'
import { openRequestScript } from './request-script.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'

export interface CallHttpDeps {
  readonly cycles: Pick<CycleCache, 'get'>
  readonly http: { call(call: HttpCall, signal?: AbortSignal): Promise<HttpAnswer> }
  readonly scripting: Pick<Scripting, 'call' | 'defines'>
  readonly sealer: { open(sealed: string): string; isSealed(text: string): boolean }
  readonly runtime: () => ActivityRuntime
}

/** Characters of a body that a detail tells. */
const TOLD = 2_000

/** Fails with `callFailed`, `buildFailed` or `badResponse`; an unreachable registry makes Temporal try again. */
export async function callHttp(deps: CallHttpDeps, call: HttpCall): Promise<HttpResult> {
  const cycle = await deps.cycles.get(call.place)
  if (cycle === undefined) throw failure('buildFailed', 'The cycle was deleted')
  const secrets = secretsOf(cycle, deps.sealer)
  const hide = redactor(secrets.values())
  const payload = cycle.document.settings?.log !== 'none'
  try {
    const { warning, ...result } = await heartbeating(deps.runtime(), signal => attempt(deps, call, secrets, payload, signal))
    return warning === undefined ? result : { ...result, warning: hide(warning) }
  } catch (error) {
    throw failureOf(error, hide)
  }
}

/** The call with its script around it. `payload`: whether details tell bodies. */
async function attempt(deps: CallHttpDeps, call: HttpCall, secrets: ReadonlyMap<string, string>, payload: boolean, signal: AbortSignal): Promise<HttpResult> {
  const logged: string[] = []
  try {
    const script = await openRequestScript(deps.scripting, call, logged)
    const asked = await script.before()
    const { verdict, answer, reason } = await script.after(await deps.http.call(fill(asked, secrets), signal))
    const { status, headers, body } = answer
    const detail = (): string => [...(reason === undefined ? [] : [reason]), answerDetail(asked, answer, payload)].join('\n')
    if (verdict === 'error') throw new StepError('callFailed', detail())
    const large = tooLarge({ status, headers: { ...headers }, body })
    if (large !== undefined) throw new StepError('badResponse', `${asked.method} ${asked.url} answered with ${large}`)
    return { status, headers, body, ...(verdict === 'warning' ? { warning: withLog(detail(), logged) } : {}) }
  } catch (error) {
    throw error instanceof StepError ? new StepError(error.code, withLog(error.detail, logged)) : error
  }
}

/** The values of the cycle's secret variables, by name. */
function secretsOf(cycle: CachedCycle, sealer: CallHttpDeps['sealer']): Map<string, string> {
  const secrets = new Map<string, string>()
  for (const { name, secret, value } of cycle.document.variables ?? []) {
    if (secret !== true || value === undefined || value === null) continue
    const text = typeof value === 'string' ? value : JSON.stringify(value)
    secrets.set(name, sealer.isSealed(text) ? sealer.open(text) : text)
  }
  return secrets
}

function fill(call: HttpCall, secrets: ReadonlyMap<string, string>): HttpCall {
  const { url, query, headers, body, auth, ...fixed } = call
  const parts: JsonObject = { url }
  for (const [name, part] of Object.entries({ query, headers, body, auth })) if (part !== undefined) parts[name] = part
  const filled = fillSecrets(parts, name => secrets.get(name))
  if (!isJsonObject(filled) || typeof filled.url !== 'string') throw new StepError('buildFailed', 'The URL is not a text')
  return { ...fixed, ...filled, url: filled.url }
}

/** The answer and the request, for the incident (cycles.md 5). With `log: none` no payload is told. */
function answerDetail(call: HttpCall, result: HttpResult, payload: boolean): string {
  const line = `${call.method} ${call.url} answered ${result.status}`
  if (!payload) return line
  const told = [line, short(result.body)]
  if (call.body !== undefined) told.push(`Request: ${short(call.body)}`)
  return told.join('\n')
}

function short(body: HttpCall['body']): string {
  const text = typeof body === 'string' ? body : JSON.stringify(body ?? null)
  return text.length > TOLD ? `${text.slice(0, TOLD)}…` : text
}

/** The `request` step's call (cycles.md 4): secrets put in, the answer judged, secrets taken out of what is told. */
import type { JsonObject } from '../domain/json.ts'
import { StepError } from '../domain/errors.ts'
import { isJsonObject } from '../domain/objects.ts'
import { fillSecrets, redactor } from '../domain/secrets.ts'
import type { CachedCycle, CycleCache } from '../storage/cycle-cache.ts'
import type { HttpCall, HttpResult } from './contract.ts'
import { failure, failureOf, tooLarge } from './failures.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'

export interface CallHttpDeps {
  readonly cycles: Pick<CycleCache, 'get'>
  readonly http: { call(call: HttpCall, signal?: AbortSignal): Promise<HttpResult> }
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
  try {
    const filled = fill(call, secrets)
    const result = await heartbeating(deps.runtime(), signal => deps.http.call(filled, signal))
    if (result.status < 200 || result.status > 299) throw new StepError('callFailed', answerDetail(call, result, cycle.document.settings?.log !== 'none'))
    const large = tooLarge({ ...result, headers: { ...result.headers } })
    if (large !== undefined) throw new StepError('badResponse', `${call.method} ${call.url} answered with ${large}`)
    return result
  } catch (error) {
    throw failureOf(error, hide)
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

/** The `method` step's call (connectors.md 3): a connector's request, authenticated, in its turn, page after page. */
import type { CallMethod } from '../../domain/connector.ts'
import { baseUrlOf, buildCall, leadsElsewhere } from '../../domain/connector-request.ts'
import { StepError } from '../../domain/errors.ts'
import type { Json, JsonObject } from '../../domain/json.ts'
import { isJsonObject } from '../../domain/objects.ts'
import { firstPage, nextPage, partOfBody, type PageAt } from '../../domain/paging.ts'
import { escapedSettings, escapeMarks, mapTexts, withEncoded } from '../../domain/secrets.ts'
import { jsonSize, MAX_VALUE_BYTES } from '../../domain/size.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { RateLimits } from '../../storage/rate-limits.ts'
import type { Registry } from '../../storage/registry.ts'
import { attempt, callWith, type Around, type CallHttpDeps } from '../call-http.ts'
import type { HttpCall, HttpResult, MethodCall, MethodResult } from '../contract.ts'
import { tooLarge } from '../failures.ts'
import { loadConnector } from './load.ts'
import { openSend, type OpenedDeps } from './opened.ts'
import { createTurns } from './turns.ts'

export interface CallMethodDeps extends Omit<CallHttpDeps, 'sealer'>, Pick<OpenedDeps, 'sealer' | 'tokens'> {
  readonly registry: Pick<Registry, 'connectors' | 'accountConnectors'>
  readonly rateLimits: RateLimits
  /** Most elements of a list that comes in pages. */
  readonly maxPaged: number
}

/** Makes one request of the method: at a page where it has pages. */
type Ask = (page: PageAt | undefined, number: number) => Promise<HttpResult>

/** Fails as `callHttp` does, and with `notAuthenticated` and `fieldsMissing`. */
export const callMethod = (deps: CallMethodDeps, call: MethodCall): Promise<MethodResult> =>
  callWith(deps, call.place, async (around, signal, cycle) => {
    const { method, ask } = await prepare(deps, call, { ...around, secrets: withEncoded(around.secrets) }, signal, cycle)
    if (method.paging !== undefined) return collect(deps, method.paging, ask, signal)
    const answer = await ask(undefined, 0)
    return { ...answer, body: responseOf(method, answer) }
  })

async function prepare(
  deps: CallMethodDeps,
  call: MethodCall,
  around: Around,
  signal: AbortSignal,
  cycle: CachedCycle,
): Promise<{ method: CallMethod; ask: Ask }> {
  const { connector: name, method: id, parameters, fields, query, headers, bodyType, ...rest } = call
  const { connector, held } = await loadConnector(deps.registry, cycle, name)
  const { definition } = connector.value
  const method = definition.methods.find(one => one.id === id)
  if (method === undefined || method.type === 'webhook') throw new StepError('buildFailed', `The connector ${name} has no method ${JSON.stringify(id)} to call`)
  const settings = escapedSettings(held?.value.settings ?? {})
  const built = buildCall(
    definition,
    method,
    { settings, ...(isJsonObject(parameters) ? { parameters } : {}), ...(fields === undefined ? {} : { fields }) },
    method.parameters,
  )
  const account = cycle.place.account
  const send = await openSend(deps, account, held, {
    authentication: definition.authentication,
    baseUrl: baseUrlOf(definition, settings),
    hidden: around.hidden,
  })
  const turns = createTurns(deps.rateLimits, account, held?.id ?? connector.id, definition.rateLimit)
  const written = { ...built.query, ...(isJsonObject(query) ? query : {}) }
  let at = built.url
  return {
    method,
    async ask(page, number) {
      const idempotencyKey = number === 0 ? call.idempotencyKey : `${call.idempotencyKey}/${number}`
      await turns.await(idempotencyKey, signal, { long: number > 0 })
      const asked = page?.url === undefined ? { ...written, ...ofAnswer(page?.query ?? {}) } : {}
      if (page?.url !== undefined) at = linked(page.url, at)
      const request: HttpCall = {
        ...rest,
        idempotencyKey,
        method: built.method,
        url: at,
        ...(Object.keys(asked).length === 0 ? {} : { query: asked }),
        ...(built.headers === undefined && headers === undefined ? {} : { headers: { ...built.headers, ...(isJsonObject(headers) ? headers : {}) } }),
        ...(built.body === undefined ? {} : { body: built.body }),
        ...((bodyType ?? built.bodyType) === undefined ? {} : { bodyType: bodyType ?? built.bodyType ?? '' }),
      }
      return attempt(deps, request, around, signal, (filled, s, quote) => {
        if (leadsElsewhere(filled.url)) throw new StepError('buildFailed', 'A parameter leads out of the path where it stands')
        return send(filled, s, quote)
      })
    },
  }
}

/** What comes from an answer holds no references. */
function ofAnswer(query: JsonObject): JsonObject {
  const escaped = mapTexts(query, escapeMarks)
  return isJsonObject(escaped) ? escaped : {}
}

/** The target of a link, which may be relative. */
function linked(target: string, from: string): string {
  if (!URL.canParse(target, from)) throw new StepError('badResponse', 'The link to the next page is not a URL')
  return new URL(target, from).href
}

/** The part of the answer that the method names. An empty answer has none. */
function responseOf({ response }: CallMethod, { body }: HttpResult): Json {
  if (response === undefined || body === null) return body
  const part = partOfBody(body, response.path)
  if (part === undefined) throw new StepError('fieldsMissing', `The answer has no ${response.path}`)
  return part
}

async function collect({ maxPaged }: CallMethodDeps, paging: CallMethod['paging'] & {}, ask: Ask, signal: AbortSignal): Promise<MethodResult> {
  const all: Json[] = []
  const warnings: string[] = []
  let bytes = 0
  let page: PageAt = firstPage(paging)
  for (let number = 0; ; number++) {
    signal.throwIfAborted()
    const answer = await ask(page, number)
    if (answer.warning !== undefined) warnings.push(answer.warning)
    const items = itemsOf(paging, answer.body, number)
    const taken = items.slice(0, maxPaged - all.length)
    bytes += jsonSize(taken, MAX_VALUE_BYTES)
    if (bytes > MAX_VALUE_BYTES) throw new StepError('badResponse', `The pages together have more than ${MAX_VALUE_BYTES} bytes`)
    for (const item of taken) all.push(item)
    // A list that is full is cut only where there is more: the next page tells.
    const cut = items.length > taken.length
    const next = cut ? undefined : nextPage(paging, page, items.length, answer)
    if (next === undefined)
      return listResult(answer, all, warnings, cut ? `The list was cut: only its first ${maxPaged} elements are taken (MAX_PAGED)` : undefined)
    if (same(next, page)) throw new StepError('badResponse', 'The answer names its own page as the next')
    page = next
  }
}

/** Status and headers are the last page's. */
function listResult({ status, headers }: HttpResult, body: Json, warnings: readonly string[], cut: string | undefined): MethodResult {
  const large = tooLarge({ status, headers: { ...headers }, body })
  if (large !== undefined) throw new StepError('badResponse', `The pages together have ${large}`)
  return { status, headers, body, ...(warnings.length === 0 ? {} : { warning: warnings.join('\n') }), ...(cut === undefined ? {} : { cut }) }
}

const same = (one: PageAt, other: PageAt): boolean => one.url === other.url && JSON.stringify(one.query) === JSON.stringify(other.query)

/** A later page without a list is an empty one. */
function itemsOf({ items }: CallMethod['paging'] & {}, body: Json, number: number): readonly Json[] {
  const list = partOfBody(body, items)
  if (Array.isArray(list)) return list
  if (list === null || (list === undefined && number > 0)) return []
  const what = items === undefined ? 'is no list' : list === undefined ? `has no ${items}` : `has in ${items} no list`
  throw new StepError(list === undefined ? 'fieldsMissing' : 'badResponse', `The answer ${what}`)
}

/** `before_webhook` and `after_webhook` (webhooks.md 8): their globals, what they return, and what becomes of it. */
import type { Json, JsonObject } from '../../domain/json.ts'
import type { TransactionId } from '../../domain/ids.ts'
import { ScriptError, type Scripting } from '../../scripting/scripting.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { CustomAnswer } from './answers.ts'
import type { WebhookFacts } from './facts.ts'
import type { Headers, Query } from './request.ts'

/** Lines of `console.log`, bounded. */
export type ScriptLines = string[]

const MAX_LINES = 100
/** They are cut to what is told once secrets were taken out. */
const MAX_LINE = 8_000

export type Before = { readonly next: 'go'; readonly method: string; readonly body: Json } | { readonly next: 'stop'; readonly answer: CustomAnswer }

/** A request as `before_webhook` sees it. */
export interface Seen {
  readonly url: string
  readonly method: string
  readonly headers: Headers
  readonly query: Query
  readonly body: Json
}

/** A script that defines `before_webhook`: a connector's or a step's. */
export interface BeforeScript {
  readonly source: string
  readonly parameters: JsonObject
}

/** Runs `before_webhook` of each script, the next one on what the one before left. Throws `ScriptError`. */
export async function runBefore(scripting: Pick<Scripting, 'call'>, scripts: readonly BeforeScript[], request: Seen, lines: ScriptLines): Promise<Before> {
  let { method, body } = request
  for (const script of scripts) {
    const before = await runOne(scripting, script, { ...request, method, body }, lines)
    if (before.next === 'stop') return before
    ;({ method, body } = before)
  }
  return { next: 'go', method, body }
}

async function runOne(scripting: Pick<Scripting, 'call'>, script: BeforeScript, request: Seen, lines: ScriptLines): Promise<Before> {
  const { result, globals } = await scripting.call(script.source, 'before_webhook', [], {
    globals: {
      method_endpoint: request.url,
      method_request_method: request.method,
      method_request_headers: { ...request.headers },
      method_request_parameters: { ...request.query },
      method_request: request.body,
      method_response: null,
      method_response_headers: {},
      method_response_status: 200,
      script_parameters: script.parameters,
    },
    read: ['method_request_method', 'method_request', 'method_response', 'method_response_headers', 'method_response_status'],
    log: logTo(lines),
  })
  if (result !== false) {
    const method = globals['method_request_method']
    return { next: 'go', method: typeof method === 'string' ? method.trim().toUpperCase() : request.method, body: globals['method_request'] ?? null }
  }
  return { next: 'stop', answer: stopped(globals) }
}

/** What the script answers: text as it is, anything else as JSON, nothing as an empty body. */
function stopped(globals: JsonObject): CustomAnswer {
  const status = Number(globals['method_response_status'] ?? 200)
  if (!Number.isInteger(status) || status < 200 || status > 599)
    throw new ScriptError('result', `method_response_status is no status: ${JSON.stringify(globals['method_response_status'])}`)
  const response = globals['method_response'] ?? null
  const headers: Headers = Object.create(null)
  const given = globals['method_response_headers']
  if (given !== null && typeof given === 'object' && !Array.isArray(given))
    for (const [name, value] of Object.entries(given)) if (value !== null) headers[name] = typeof value === 'object' ? JSON.stringify(value) : String(value)
  const body = response === null ? '' : typeof response === 'string' ? response : JSON.stringify(response)
  if (!Object.keys(headers).some(name => name.toLowerCase() === 'content-type'))
    headers['Content-Type'] = response === null || typeof response === 'string' ? 'text/plain; charset=utf-8' : 'application/json; charset=utf-8'
  return { kind: 'custom', status, headers, body }
}

export type After = { readonly next: 'go'; readonly body: Json } | { readonly next: 'ignore' }

/** Runs `after_webhook`. `transaction` is absent for a mid-cycle request. Throws `ScriptError`. */
export async function runAfter(
  scripting: Pick<Scripting, 'call'>,
  facts: WebhookFacts,
  cycle: CachedCycle,
  request: { readonly body: Json; readonly transaction: TransactionId | undefined },
  lines: ScriptLines,
): Promise<After> {
  const { result, globals } = await scripting.call(facts.script ?? '', 'after_webhook', [], {
    globals: {
      method_response: request.body,
      cycle_variables: facts.variables,
      cycle_id: cycle.place.cycle,
      cycle_step_id: facts.step.id,
      cyclr_account_id: cycle.account.id,
      external_account_id: cycle.account.apiId,
      transaction_id: request.transaction ?? '',
      script_parameters: facts.scriptParameters,
    },
    read: ['method_response'],
    log: logTo(lines),
  })
  return result === false ? { next: 'ignore' } : { next: 'go', body: globals['method_response'] ?? null }
}

const logTo = (lines: ScriptLines) => (line: string) => {
  if (lines.length < MAX_LINES) lines.push(line.slice(0, MAX_LINE))
}

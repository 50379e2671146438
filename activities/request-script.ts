/**
 * The script of a `request` step (cycles.md 4), with the functions and globals that Cyclr publishes for step scripts: `before_action` may change the
 * request, `after_action` and `after_action_paging` the body of the answer, `after_error` what an error is taken for. It never sees a secret: where one
 * is put in later, stands a stand-in (docs/decisions/0009).
 */
import { randomBytes } from 'node:crypto'
import { STATUS_CODES } from 'node:http'
import { contentTypeOf } from '../domain/content/type.ts'
import { StepError, type StepErrorCode } from '../domain/errors.ts'
import type { Json, JsonObject } from '../domain/json.ts'
import { isJsonObject } from '../domain/objects.ts'
import { createStandIns, mapTexts } from '../domain/secrets.ts'
import { serializeXml } from '../domain/xml.ts'
import { ScriptError, type Scripting } from '../scripting/scripting.ts'
import type { CallScript, HttpCall } from './contract.ts'
import { scriptDetail } from './failures.ts'
import type { HttpAnswer } from './http/index.ts'
import { logTo } from './scripts.ts'

/** What an answer is taken for. */
export interface Judgement {
  readonly verdict: 'success' | 'warning' | 'error'
  /** With the body that the script gave it. */
  readonly answer: HttpAnswer
  /** Why it is an error, where the script says so. */
  readonly reason?: string
}

export interface RequestScript {
  /** The request as it is to be sent. Throws `StepError` `buildFailed`. */
  before(): Promise<HttpCall>
  after(answer: HttpAnswer): Promise<Judgement>
}

const HANDLERS = ['before_action', 'after_action', 'after_action_paging', 'after_error'] as const
type Handler = (typeof HANDLERS)[number]

/** Globals of the request; `before_action` may write all of them. */
const REQUEST = [
  'method_endpoint',
  'method_request_method',
  'method_request_headers',
  'method_request_parameters',
  'method_request',
  'method_request_mergefields',
  'action_data',
]

const isSuccess = ({ status }: HttpAnswer): boolean => status >= 200 && status <= 299

/** A call without a script goes out as it is, and its status alone tells what came of it. */
const unscripted = (call: HttpCall): RequestScript => ({
  before: async () => call,
  after: async answer => ({ verdict: isSuccess(answer) ? 'success' : 'error', answer }),
})

/** `logged` takes lines of `console.log`. Throws `StepError` `buildFailed` where the script cannot be run at all. */
export async function openRequestScript(scripting: Pick<Scripting, 'call' | 'defines'>, call: HttpCall, logged: string[]): Promise<RequestScript> {
  const { script } = call
  if (script === undefined) return unscripted(call)
  const { show, restore, mask } = createStandIns(() => randomBytes(16).toString('hex'))
  const common = commonGlobals(call, script)
  const fail = (code: StepErrorCode, what: string) => (error: unknown) => {
    throw error instanceof ScriptError ? new StepError(code, `${what}: ${mask(scriptDetail(error))}`) : error
  }
  const defined = await scripting.defines(script.source, HANDLERS).catch(fail('buildFailed', 'script'))
  /** Calls a function and answers the globals named in `read`. What it throws, and that it returns false, is a step error. */
  async function run(code: StepErrorCode, handler: Handler, globals: JsonObject, read: readonly string[]): Promise<JsonObject> {
    const options = { globals: { ...common, ...globals }, read, log: logTo(logged, mask) }
    const done = await scripting.call(script?.source ?? '', handler, [], options).catch(fail(code, handler))
    if (done.result === false) throw new StepError(code, `${handler} returned false`)
    return done.globals
  }

  /** The request's globals, for the functions that follow without stand-ins. */
  let request = requestGlobals(call, show)
  const keep = (globals: JsonObject): void => {
    request = Object.fromEntries(REQUEST.map(name => [name, mapTexts(globals[name] ?? null, mask)]))
  }

  async function afterAction(answer: HttpAnswer): Promise<Judgement> {
    let { body } = answer
    for (const handler of ['after_action', 'after_action_paging'] as const) {
      if (!defined.has(handler)) continue
      const globals = await run('callFailed', handler, { ...request, ...answerGlobals({ ...answer, body }) }, ['method_response', 'action_data'])
      body = globals['method_response'] ?? null
      request = { ...request, action_data: globals['action_data'] ?? null }
    }
    return { verdict: 'success', answer: { ...answer, body } }
  }

  async function afterError(answer: HttpAnswer): Promise<Judgement> {
    if (!defined.has('after_error')) return { verdict: 'error', answer }
    const content = contentOf(answer)
    const shown = { ...request, ...answerGlobals(answer), method_error: errorGlobal(answer, content) }
    const { method_error: error = null } = await run('callFailed', 'after_error', shown, ['method_error'])
    if (!isJsonObject(error)) return { verdict: 'error', answer }
    return { verdict: verdictOf(error), answer: { ...answer, body: error['content'] === content ? answer.body : dataOf(error['content']) } }
  }

  return {
    async before() {
      if (!defined.has('before_action')) {
        keep(request)
        return call
      }
      const globals = await run('buildFailed', 'before_action', request, REQUEST)
      keep(globals)
      return changedCall(call, name => restore(globals[name] ?? null))
    },
    async after(answer) {
      try {
        return await (isSuccess(answer) ? afterAction(answer) : afterError(answer))
      } catch (error) {
        if (!(error instanceof StepError)) throw error
        return { verdict: 'error', answer, reason: error.detail }
      }
    },
  }
}

const commonGlobals = ({ place, transaction, stepId, scriptParameters }: HttpCall, { variables, account }: CallScript): JsonObject => ({
  cycle_variables: { ...variables },
  cycle_id: place.cycle,
  cycle_step_id: stepId,
  cyclr_account_id: account.id,
  external_account_id: account.apiId,
  transaction_id: transaction,
  script_parameters: scriptParameters ?? {},
  script_execution_context: 'RUNNING_TRANSACTION',
})

const requestGlobals = ({ method, url, headers, query, body }: HttpCall, show: (value: Json) => Json): JsonObject => ({
  method_endpoint: show(url),
  method_request_method: method,
  method_request_headers: show(headers ?? {}),
  method_request_parameters: show(query ?? {}),
  method_request: show(body ?? null),
  method_request_mergefields: {},
  action_data: {},
})

const answerGlobals = (answer: HttpAnswer): JsonObject => ({
  method_response: answer.body,
  method_response_headers: { ...answer.headers },
  method_response_status: answer.status,
  statusCode: answer.status,
  reasonPhrase: phraseOf(answer),
})

const phraseOf = ({ status, reason }: HttpAnswer): string => reason || (STATUS_CODES[status] ?? '')

const errorGlobal = (answer: HttpAnswer, content: string): JsonObject => ({
  statusCode: answer.status,
  reasonPhrase: phraseOf(answer),
  content,
  isError: true,
  isWarning: false,
  isSuccess: false,
})

function verdictOf({ isError, isWarning, isSuccess: success }: JsonObject): Judgement['verdict'] {
  if (success === true) return 'success'
  if (isWarning === true) return 'warning'
  return isError === false ? 'success' : 'error'
}

/** An answer's body as the text that it came as, or one that means the same. */
function contentOf({ headers, body }: HttpAnswer): string {
  if (body === null) return ''
  if (typeof body === 'string') return body
  return contentTypeOf(headers['content-type']).kind === 'xml' ? serializeXml(body) : JSON.stringify(body)
}

/** What a script set as content: text that is JSON is the value. */
function dataOf(content: Json | undefined): Json {
  if (typeof content !== 'string') return content ?? null
  try {
    const data: Json = JSON.parse(content)
    return data
  } catch {
    return content
  }
}

/** The call with what `before_action` left in its globals; what is null or gone is left out, but a body that was null before. */
function changedCall({ headers: _headers, query: _query, body, ...call }: HttpCall, left: (name: string) => Json): HttpCall {
  const text = (name: string): string => {
    const value = left(name)
    if (typeof value !== 'string') throw new StepError('buildFailed', `before_action: ${name} is no longer a text`)
    return value
  }
  const object = (property: 'headers' | 'query', name: string): JsonObject => {
    const value = left(name)
    if (value !== null && !isJsonObject(value)) throw new StepError('buildFailed', `before_action: ${name} is no longer an object`)
    return value === null ? {} : { [property]: value }
  }
  const given = left('method_request')
  return {
    ...call,
    method: text('method_request_method').trim(),
    url: text('method_endpoint'),
    ...object('headers', 'method_request_headers'),
    ...object('query', 'method_request_parameters'),
    ...(given === null && body !== null ? {} : { body: given }),
  }
}

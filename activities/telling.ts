/** What people are told of a call that failed: the request and its answer, without secrets, and without payload where the cycle says `log: none` (cycles.md 5). */
import { StepError } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { NOT_LOGGED } from '../domain/quote.ts'
import type { Redactor } from '../domain/redact.ts'
import type { HttpResult, OutgoingCall } from './contract.ts'
import type { Quote } from './http/request.ts'

/** Characters of a body, and of a URL or other data. */
const BODY = 2_000
const DATA = 500

export interface Telling {
  /** Method and URL; without its query where no payload is told. */
  line(): string
  readonly quote: Quote
  answer(result: HttpResult): string
  /** Says of an error which call it was. */
  rethrow(error: unknown): never
}

/** Of a call whose secrets still stand as references. */
export function telling(call: Pick<OutgoingCall, 'method' | 'url' | 'body'>, hide: Redactor, payload: boolean): Telling {
  // Most calls succeed, and nothing is told of them.
  const line = (): string => `${call.method} ${hide(payload ? call.url : call.url.replace(/[?#].*$/s, ''), DATA)}`
  const body = (value: Json): string => hide(typeof value === 'string' ? value : JSON.stringify(value), BODY)
  return {
    line,
    quote: data => (payload ? JSON.stringify(hide(data, DATA)) : NOT_LOGGED),
    answer(result) {
      const told = [`${line()} answered ${result.status}`]
      if (payload) told.push(body(result.body))
      if (payload && call.body !== undefined) told.push(`Request: ${body(call.body)}`)
      return told.join('\n')
    },
    rethrow(error) {
      // What cannot be built was not called.
      throw error instanceof StepError && error.code !== 'buildFailed' ? new StepError(error.code, `${line()}: ${error.detail}`) : error
    },
  }
}

/** How activities fail: for good with a code of `domain/errors.ts` as type, else by being repeated. */
import { ApplicationFailure } from '@temporalio/common'
import { StepError, type ErrorAnswer, type StepErrorCode } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import { mapTexts } from '../domain/secrets.ts'
import { MAX_VALUE_BYTES } from '../domain/size.ts'
import type { ScriptError } from '../scripting/scripting.ts'

/** The answer that made the error travels as the failure's details. */
export const failure = (code: StepErrorCode, detail: string, answer: ErrorAnswer = {}): ApplicationFailure =>
  ApplicationFailure.nonRetryable(detail, code, ...(Object.keys(answer).length === 0 ? [] : [answer]))

/** What is wrong with the size of a result as JSON; undefined where a transaction takes it. */
export function tooLarge(result: Json): string | undefined {
  const bytes = Buffer.byteLength(JSON.stringify(result))
  return bytes > MAX_VALUE_BYTES ? `${bytes} bytes of JSON: at most ${MAX_VALUE_BYTES} are taken` : undefined
}

/**
 * A step error as the failure that the workflow reads; `change` redacts its detail. Other errors pass, redacted too, as the log and Temporal show them:
 * Temporal tries again. What is too deep to be written would be tried for ever.
 */
export function failureOf(error: unknown, change: (detail: string) => string = detail => detail): unknown {
  if (error instanceof RangeError) return failure('badResponse', 'The data is nested too deeply')
  return error instanceof StepError ? failure(error.code, change(error.detail), changed(error.answer, change)) : redacted(error, change)
}

function redacted(error: unknown, change: (text: string) => string): unknown {
  for (let one = error; one instanceof Error; one = one.cause) {
    one.message = change(one.message)
    if (one.stack !== undefined) one.stack = change(one.stack)
  }
  return error
}

const changed = ({ body, ...rest }: ErrorAnswer, change: (text: string) => string): ErrorAnswer =>
  body === undefined ? rest : { ...rest, body: mapTexts(body, change) }

const reasons: { readonly [R in ScriptError['reason']]: string } = {
  threw: 'The script threw',
  syntax: 'The script does not parse',
  timeout: 'The script took too long',
  memory: 'The script needed too much memory',
  result: "The script's result is no data",
}

/** What an author reads of a script that failed, with what it had logged. */
export const scriptDetail = (error: ScriptError, logged: readonly string[] = []): string => withLog(`${reasons[error.reason]}: ${error.message}`, logged)

/** A detail with the lines that a script logged. */
export const withLog = (detail: string, logged: readonly string[]): string => [detail, ...logged.map(line => `console.log: ${line}`)].join('\n')

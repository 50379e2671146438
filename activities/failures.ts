/** How activities fail: for good with a code of `domain/errors.ts` as type, else by being repeated. */
import { ApplicationFailure } from '@temporalio/common'
import { StepError, type StepErrorCode } from '../domain/errors.ts'
import type { Json } from '../domain/json.ts'
import type { ScriptError } from '../scripting/scripting.ts'

/** A result must stay below Temporal's 2 MiB for a payload: larger ones are repeated for ever. */
export const MAX_RESULT_BYTES = 1.5 * 1024 * 1024

export const failure = (code: StepErrorCode, detail: string): ApplicationFailure => ApplicationFailure.nonRetryable(detail, code)

export const bytesOf = (value: Json): number => Buffer.byteLength(JSON.stringify(value))

/** A step error as the failure that the workflow reads; `change` redacts its detail. Other errors pass: Temporal tries again. What is too deep to be written would be tried for ever. */
export function failureOf(error: unknown, change: (detail: string) => string = detail => detail): unknown {
  if (error instanceof RangeError) return failure('badResponse', 'The data is nested too deeply')
  return error instanceof StepError ? failure(error.code, change(error.detail)) : error
}

const reasons: { readonly [R in ScriptError['reason']]: string } = {
  threw: 'The script threw',
  syntax: 'The script does not parse',
  timeout: 'The script took too long',
  memory: 'The script needed too much memory',
  result: "The script's result is no data",
}

/** What an author reads of a script that failed, with what it had logged. */
export const scriptDetail = (error: ScriptError, logged: readonly string[] = []): string =>
  [`${reasons[error.reason]}: ${error.message}`, ...logged.map(line => `console.log: ${line}`)].join('\n')

/** Customers' JavaScript in a transaction: the `script` step and inline scripts, both in the sandbox (cycles.md 3 and 4). */
import { ApplicationFailure } from '@temporalio/common'
import type { Json, JsonObject } from '../domain/json.ts'
import { ScriptError, type Scripting } from '../scripting/scripting.ts'
import type { LocalActivities, StepActivities } from './contract.ts'
import { failure, failureOf, scriptDetail, tooLarge } from './failures.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'

export interface ScriptDeps {
  readonly scripting: Pick<Scripting, 'call' | 'evaluate'>
  readonly runtime: () => ActivityRuntime
}

/** Lines of `console.log` that the incident of a failed script tells. */
const LOG_LINES = 20

/** Takes lines of `console.log`, each changed as it must be told. */
export const logTo =
  (logged: string[], change = (line: string) => line) =>
  (line: string): void => {
    if (logged.length < LOG_LINES) logged.push(change(line))
  }

/** `function run(input)`; nothing returned is null. Fails with `callFailed` where the script does, `badResponse` where its result is too large. */
export async function runScript({ scripting, runtime }: ScriptDeps, { source, input }: Parameters<StepActivities['runScript']>[0]): Promise<Json> {
  const logged: string[] = []
  try {
    const { result } = await heartbeating(runtime(), () => scripting.call(source, 'run', [input], { log: logTo(logged) }))
    const large = tooLarge(result ?? null)
    if (large !== undefined) throw failure('badResponse', `The script returned ${large}`)
    return result ?? null
  } catch (error) {
    throw error instanceof ScriptError ? failure('callFailed', scriptDetail(error, logged)) : failureOf(error)
  }
}

/** Fails without a code of its own: the step says which error its inline script makes. */
export async function evaluate(
  { scripting }: Pick<ScriptDeps, 'scripting'>,
  expressions: Parameters<LocalActivities['evaluate']>[0],
): Promise<{ readonly value?: Json }[]> {
  try {
    const results = await Promise.all(expressions.map(({ expression, values }) => scripting.evaluate(expression, { ...values })))
    const answers = results.map((value): JsonObject => (value === undefined ? {} : { value }))
    const large = tooLarge(answers)
    if (large !== undefined) throw ApplicationFailure.nonRetryable(`The inline scripts gave ${large}`, 'script')
    return answers
  } catch (error) {
    throw error instanceof ScriptError ? ApplicationFailure.nonRetryable(scriptDetail(error), 'script') : failureOf(error)
  }
}

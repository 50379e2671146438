import { parseDuration } from '../../../domain/duration.ts'
import { StepError } from '../../../domain/errors.ts'
import { nextOf } from '../../../domain/graph.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import type { StepRunner } from './runner.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** A call of a connector's method (connectors.md 3). Its data is `{ status, headers, body }`; the body of a list that comes in pages is the whole list. */
export const method: StepRunner<'method'> = async (step, { context, attempt, resolve, warn }) => {
  const { parameters, fields, query, headers } = step
  const parts: JsonObject = {}
  for (const [name, value] of Object.entries<Json | undefined>({ parameters, fields, query, headers })) if (value !== undefined) parts[name] = value
  const filled = await resolve(parts, { secrets: true })
  if (!isJsonObject(filled)) throw new StepError('buildFailed', 'The parameters are not an object')
  const scriptParameters = step.scriptParameters && (await resolve(step.scriptParameters))
  const result = await context.callMethod(step, attempt, {
    ...filled,
    connector: step.connector,
    method: step.method,
    ...(step.bodyType === undefined ? {} : { bodyType: step.bodyType }),
    ...(scriptParameters === undefined ? {} : { scriptParameters }),
    timeoutMs: (step.timeout === undefined ? undefined : parseDuration(step.timeout)) ?? DEFAULT_TIMEOUT_MS,
  })
  if (result.warning !== undefined) await warn('callFailed', result.warning)
  if (result.cut !== undefined) await warn('badResponse', result.cut)
  return { kind: 'leaves', exits: nextOf(step), data: { status: result.status, headers: { ...result.headers }, body: result.body } }
}

import { parseDuration } from '../../../domain/duration.ts'
import { StepError } from '../../../domain/errors.ts'
import { nextOf } from '../../../domain/graph.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import type { StepRunner } from './runner.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** An HTTP call; anything but 2xx is a step error, unless the step's script takes it for something else (cycles.md 4). Its data is `{ status, headers, body }`. */
export const request: StepRunner<'request'> = async (step, { context, attempt, resolve, warn }) => {
  const { url, query, headers, body, auth } = step
  const method = await resolve(step.method)
  if (typeof method !== 'string') throw new StepError('buildFailed', 'The method is not a text')
  const parts: JsonObject = { url }
  for (const [name, value] of Object.entries<Json | undefined>({ query, headers, body, auth })) if (value !== undefined) parts[name] = value
  const filled = await resolve(parts, { secrets: true })
  if (!isJsonObject(filled) || typeof filled.url !== 'string') throw new StepError('buildFailed', 'The URL is not a text')
  const { url: target, ...rest } = filled
  const scriptParameters = step.scriptParameters && (await resolve(step.scriptParameters))
  const result = await context.callHttp(step, attempt, {
    ...rest,
    method,
    url: target,
    ...(step.bodyType === undefined ? {} : { bodyType: step.bodyType }),
    ...(scriptParameters === undefined ? {} : { scriptParameters }),
    timeoutMs: (step.timeout === undefined ? undefined : parseDuration(step.timeout)) ?? DEFAULT_TIMEOUT_MS,
  })
  if (result.warning !== undefined) await warn('callFailed', result.warning)
  return { kind: 'leaves', exits: nextOf(step), data: { status: result.status, headers: { ...result.headers }, body: result.body } }
}

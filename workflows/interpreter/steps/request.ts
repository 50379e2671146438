import { StepError } from '../../../domain/errors.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import { callOptions, fillParts, leavesWith } from './call.ts'
import type { StepRunner } from './runner.ts'

/** An HTTP call; anything but 2xx is a step error, unless the step's script takes it for something else (cycles.md 4). */
export const request: StepRunner<'request'> = async (step, tools) => {
  const { url, query, headers, body, auth } = step
  const method = await tools.resolve(step.method)
  if (typeof method !== 'string') throw new StepError('buildFailed', 'The method is not a text')
  const filled = await fillParts({ url, query, headers, body, auth }, tools)
  if (!isJsonObject(filled) || typeof filled.url !== 'string') throw new StepError('buildFailed', 'The URL is not a text')
  const result = await tools.context.callHttp(step, tools.attempt, { ...filled, method, url: filled.url, ...(await callOptions(step, tools)) })
  if (result.warning !== undefined) await tools.warn('callFailed', result.warning)
  return leavesWith(step, result)
}

import { StepError } from '../../../domain/errors.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import { callOptions, fillParts, leavesWith } from './call.ts'
import type { StepRunner } from './runner.ts'

/** A call of a connector's method (connectors.md 3). The body of a list that comes in pages is the whole list. */
export const method: StepRunner<'method'> = async (step, tools) => {
  const { parameters, fields, query, headers } = step
  const filled = await fillParts({ parameters, fields, query, headers }, tools)
  if (!isJsonObject(filled)) throw new StepError('buildFailed', 'The parameters are not an object')
  const called = { ...filled, connector: step.connector, method: step.method, ...(await callOptions(step, tools)) }
  const result = await tools.context.callMethod(step, tools.attempt, called)
  if (result.warning !== undefined) await tools.warn('callFailed', result.warning)
  if (result.cut !== undefined) await tools.warn('badResponse', result.cut)
  return leavesWith(step, result)
}

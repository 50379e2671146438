import { nextOf } from '../../../domain/graph.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { ANSWERED, buildResponse } from '../response.ts'
import type { StepRunner } from './runner.ts'

/** Answers the held sender; the first one reached in a run does, a later one is a warning (webhooks.md 4). */
export const synchronousResponse: StepRunner<'synchronousResponse'> = async (step, { document, answered, resolve, respond, warn }) => {
  const exits = nextOf(step)
  const late = async () => {
    await warn('responseNotReturned', ANSWERED)
    return { kind: 'leaves', exits } as const
  }
  if (answered()) return late()
  const { status, headers, body } = step
  const parts: JsonObject = {}
  for (const [name, value] of Object.entries<Json | undefined>({ status, headers: headers && { ...headers }, body }))
    if (value !== undefined) parts[name] = value
  const filled = await resolve(parts)
  const response = buildResponse(filled, step.bodyType, document)
  // Another path may have answered while this one's inline scripts ran.
  if (answered()) return late()
  await respond(response)
  return { kind: 'leaves', exits }
}

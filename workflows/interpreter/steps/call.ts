/** What the steps that call other systems have in common (cycles.md 4, connectors.md 3). */
import type { HttpResult } from '../../../activities/contract.ts'
import type { CallStep, MethodStep, RequestStep } from '../../../domain/document.ts'
import { parseDuration } from '../../../domain/duration.ts'
import { nextOf } from '../../../domain/graph.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import type { StepTools } from '../tools.ts'
import type { StepOutcome } from './runner.ts'

const DEFAULT_TIMEOUT_MS = 30_000

/** Fills in what the step has of these, references of secrets included. */
export function fillParts(parts: { readonly [name: string]: Json | undefined }, { resolve }: Pick<StepTools, 'resolve'>): Promise<Json | undefined> {
  const there: JsonObject = {}
  for (const [name, value] of Object.entries(parts)) if (value !== undefined) there[name] = value
  return resolve(there, { secrets: true })
}

/** How it is called, beside what is sent. */
export async function callOptions({ bodyType, scriptParameters, timeout }: CallStep, { resolve }: Pick<StepTools, 'resolve'>) {
  const parameters = scriptParameters && (await resolve(scriptParameters))
  return {
    ...(bodyType === undefined ? {} : { bodyType }),
    ...(parameters === undefined ? {} : { scriptParameters: parameters }),
    timeoutMs: (timeout === undefined ? undefined : parseDuration(timeout)) ?? DEFAULT_TIMEOUT_MS,
  }
}

/** Its data is `{ status, headers, body }`. */
export const leavesWith = (step: RequestStep | MethodStep, { status, headers, body }: HttpResult): StepOutcome => ({
  kind: 'leaves',
  exits: nextOf(step),
  data: { status, headers: { ...headers }, body },
})

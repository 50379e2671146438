/**
 * A view of a document that may still have mistakes: its steps as far as they can be told, so that mistakes of structure and mistakes of
 * meaning are found together. A misspelled `next` or target counts as what was probably meant, so that one slip makes one problem.
 */
import type { StepId } from '../ids.ts'
import type { Json, JsonObject } from '../json.ts'
import { isJsonObject } from '../objects.ts'
import { didYouMean, nearest } from './suggest.ts'

const MAX_SUGGESTIONS = 200

export interface Exit {
  readonly path: readonly PropertyKey[]
  readonly to: string
}

export interface ViewStep {
  readonly index: number
  readonly id: StepId
  readonly type: string
  readonly raw: JsonObject
  readonly exits: readonly Exit[]
}

export interface View {
  readonly steps: readonly ViewStep[]
  /** Names of declared variables, and whether they are secret. */
  readonly variables: ReadonlyMap<string, boolean>
  /** Where a step leads to, misspelled targets included as what they probably mean. */
  readonly successors: (id: StepId) => readonly StepId[]
  readonly byId: ReadonlyMap<StepId, ViewStep>
  /** "Did you mean", for the first slips only: what it costs stays bounded however many there are. */
  readonly suggest: (word: string, known: Iterable<string>) => string
}

function exitsOf(raw: JsonObject, index: number): Exit[] {
  const own = raw['type'] === 'decision' ? ['true', 'false'] : raw['type'] === 'switch' ? ['default'] : ['next']
  // `next` on a decision is told as unknown, but what it leads to is not unreachable besides.
  const names = Object.keys(raw).filter(
    name => own.includes(name) || (name === 'next' && !own.includes(name)) || own.includes(nearest(name, ['id', 'name', 'type', ...own]) ?? ''),
  )
  const cases = raw['type'] === 'switch' && Array.isArray(raw['cases']) ? raw['cases'].slice(0, 500) : []
  return [
    ...names.flatMap(name => exits(raw[name], ['steps', index, name])),
    ...cases.flatMap((each, i) => (isJsonObject(each) ? exits(each['next'], ['steps', index, 'cases', i, 'next']) : [])),
  ]
}

function exits(to: Json | undefined, path: readonly PropertyKey[]): Exit[] {
  if (typeof to === 'string') return [{ path, to }]
  if (!Array.isArray(to)) return []
  return to.flatMap((each, i) => (typeof each === 'string' ? [{ path: [...path, i], to: each }] : []))
}

/** Steps of unknown or later types may lead on in ways that are not known here. */
export function viewOf(document: Json): View {
  const root = isJsonObject(document) ? document : {}
  // More than 500 are refused anyway: what looking at them costs stays bounded.
  const rawSteps = Array.isArray(root['steps']) ? root['steps'].slice(0, 1000) : []
  const steps = rawSteps.flatMap((raw, index): ViewStep[] => {
    if (!isJsonObject(raw)) return []
    const { id, type } = raw
    return [{ index, id: typeof id === 'string' ? id : `steps[${index}]`, type: typeof type === 'string' ? type : '', raw, exits: exitsOf(raw, index) }]
  })
  const byId = new Map(steps.toReversed().map(step => [step.id, step]))
  const variables = new Map<string, boolean>()
  for (const raw of Array.isArray(root['variables']) ? root['variables'] : []) {
    if (isJsonObject(raw) && typeof raw['name'] === 'string') variables.set(raw['name'], raw['secret'] === true)
  }
  const targets = new Map<StepId, StepId[]>()
  const meant = new Map<string, string | undefined>()
  const target = (to: string): string | undefined => {
    if (byId.has(to)) return to
    if (!meant.has(to)) meant.set(to, meant.size < MAX_SUGGESTIONS ? nearest(to, byId.keys()) : undefined)
    return meant.get(to)
  }
  for (const step of steps) {
    const ids = step.exits.flatMap(exit => target(exit.to) ?? [])
    targets.set(step.id, [...new Set([...(targets.get(step.id) ?? []), ...ids])])
  }
  let suggestions = 0
  const suggest = (word: string, known: Iterable<string>): string => (suggestions++ < MAX_SUGGESTIONS ? didYouMean(word, known) : '')
  return { steps, variables, byId, suggest, successors: id => targets.get(id) ?? [] }
}

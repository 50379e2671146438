/** What the steps of one part of a document name of the step data: all that an item of a split has to be given (cycles.md 4, Splitting). */
import type { CycleDocument, Step } from './document.ts'
import { exitsOf, isSplit, listOf, partOf, stepById } from './graph.ts'
import type { StepId } from './ids.ts'
import { parseInlineScript } from './inline-script.ts'
import type { Json, JsonObject } from './json.ts'
import { parseText } from './merge-field.ts'
import { isJsonObject, setOwn } from './objects.ts'
import { parsePath, type Path } from './path.ts'

/** Step data by the step's id. */
export type StepData = { readonly [step: StepId]: Json }

/** Of each step: the properties of its data that are named, or all of it. */
type Needs = ReadonlyMap<StepId, ReadonlySet<string> | 'all'>

function pathsIn(value: Json): Path[] {
  if (typeof value === 'string') {
    const inline = value.startsWith('=') ? parseInlineScript(value.slice(1)).parts.flatMap(part => (typeof part === 'string' ? [] : [part.path])) : []
    return [...inline, ...parseText(value).parts.flatMap(part => (typeof part === 'string' ? [] : [part]))]
  }
  if (Array.isArray(value)) return value.flatMap(pathsIn)
  return isJsonObject(value) ? Object.entries(value).flatMap(([name, child]) => [...pathsIn(name), ...pathsIn(child)]) : []
}

function pathsOf(step: Step): Path[] {
  const match = step.type === 'webhook' && step.match !== undefined ? parsePath(step.match.transaction) : undefined
  const written: Json = JSON.parse(JSON.stringify(step))
  return [...pathsIn(written), ...(match?.ok === true ? [match.path] : [])]
}

/** The steps that an item can come to, and those that items of splits within it can. */
function reachedBy(doc: CycleDocument, split: StepId, seen = new Set<StepId>([split])): ReadonlySet<StepId> {
  for (const id of partOf(doc, split)) {
    const step = stepById(doc, id)
    if (step === undefined || seen.has(id)) continue
    seen.add(id)
    if (isSplit(step) && exitsOf(step).flatMap(listOf).length > 0) reachedBy(doc, id, seen)
  }
  return seen
}

function needsOf(doc: CycleDocument, split: StepId): Needs {
  const needs = new Map<StepId, Set<string> | 'all'>()
  for (const id of reachedBy(doc, split)) {
    const step = stepById(doc, id)
    for (const { root, segments } of step === undefined || id === split ? [] : pathsOf(step)) {
      const known = needs.get(root)
      const [first] = segments
      if (known === 'all') continue
      if (first?.kind !== 'name') needs.set(root, 'all')
      else if (known === undefined) needs.set(root, new Set([first.name]))
      else known.add(first.name)
    }
  }
  return needs
}

/** The part of a transaction's step data that the items of a split need; their own `item`, `index` and `total` come to it. */
export function dataForItems(doc: CycleDocument, split: StepId, data: ReadonlyMap<StepId, Json>): StepData {
  const given: { [step: StepId]: Json } = {}
  for (const [id, needed] of needsOf(doc, split)) {
    const value = data.get(id)
    if (value === undefined) continue
    if (needed === 'all' || !isJsonObject(value)) given[id] = value
    else {
      const picked: JsonObject = {}
      for (const name of needed) if (Object.hasOwn(value, name)) setOwn(picked, name, value[name] ?? null)
      given[id] = picked
    }
  }
  return given
}

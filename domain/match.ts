/** Which requests run which transactions on: the values of `match` in canonical form (webhooks.md 6). */
import type { CycleDocument, TriggerData, WebhookData, WebhookStep } from './document.ts'
import type { StepId } from './ids.ts'
import type { Json } from './json.ts'
import { isSplit, midCycleSteps, partOf, triggerOf } from './graph.ts'
import { lookupIn, parsePath } from './path.ts'

/** A value that a mid-cycle step waits for. */
export interface MatchValue {
  readonly stepId: StepId
  readonly value: string
}

/** The roots that paths can begin with: step ids with their data, `variables`, `webhooks`, `transaction`, `cycle`, `account`. */
export type Roots = { readonly [root: string]: Json }

/**
 * A value as it is compared: numbers in shortest form (`10.0` is `10`, as is `"10"`), booleans lower-case, strings as they are.
 * Missing, null, empty strings, objects and arrays never match: undefined.
 */
export function canonical(value: Json | undefined): string | undefined {
  if (value === undefined || value === null || value === '' || typeof value === 'object') return undefined
  return String(value)
}

function at(path: string, roots: Roots): string | undefined {
  const parsed = parsePath(path)
  return parsed.ok ? canonical(lookupIn(roots)(parsed.path)) : undefined
}

const rootOf = (path: string): string | undefined => {
  const parsed = parsePath(path)
  return parsed.ok ? parsed.path.root : undefined
}

/** What a mid-cycle request brings at `match.request`; undefined never matches. Steps without `match` have none. */
export function requestValue(step: WebhookStep, data: WebhookData): string | undefined {
  return step.match && at(step.match.request, { body: data.body, headers: data.headers, query: data.query, method: data.method })
}

/**
 * The value that each mid-cycle step waits for now; undefined where there is none (yet). Only of steps that a transaction comes to itself: an item
 * of `split`, or the whole cycle's. With `root`, only steps whose `match.transaction` begins with it.
 */
export function valuesOf(
  doc: CycleDocument,
  roots: Roots,
  { root, split }: { readonly root?: string; readonly split?: StepId } = {},
): readonly { readonly stepId: StepId; readonly value: string | undefined }[] {
  const part = doc.steps.some(isSplit) ? partOf(doc, split) : undefined
  return midCycleSteps(doc).flatMap(step => {
    if (part?.has(step.id) === false) return []
    if (!step.match || (root !== undefined && rootOf(step.match.transaction) !== root)) return []
    return [{ stepId: step.id, value: at(step.match.transaction, roots) }]
  })
}

/**
 * The values that exist from the moment the trigger is accepted: those from the trigger's own data, and from `known` (other roots that are
 * known then, such as `transaction`, `variables`, `cycle`, `account`).
 */
export function triggerValues(doc: CycleDocument, data: TriggerData, known: Roots = {}): MatchValue[] {
  const roots: Roots = { ...known, [triggerOf(doc).id]: { ...data } }
  return valuesOf(doc, roots).flatMap(({ stepId, value }) => (value === undefined ? [] : [{ stepId, value }]))
}

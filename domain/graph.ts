/** The graph of a cycle's steps (cycles.md 2): who leads where, what can be reached, which webhooks are synchronous (webhooks.md 4). */
import type { CycleDocument, Next, Step, TriggerStep, WebhookStep } from './document.ts'
import type { StepId } from './ids.ts'

/** A `next` as a list: left out, the path ends. */
export const listOf = (next: Next | undefined): readonly StepId[] => (next === undefined ? [] : typeof next === 'string' ? [next] : next)

/** The exits of a step: a decision's true and false, a switch's cases and its default, and `next` of all others. */
export function exitsOf(step: Step): readonly (Next | undefined)[] {
  if (step.type === 'decision') return [step.true, step.false]
  if (step.type === 'switch') return [...step.cases.map(each => each.next), step.default]
  return [step.next]
}

/** Where a step with one exit leads to: one path begins for each. A decision and a switch choose among exits of their own. */
export const nextOf = (step: Step): readonly StepId[] => ('next' in step ? listOf(step.next) : [])

/** Every step that one can lead to, each once. */
export const successors = (step: Step): readonly StepId[] => [...new Set(exitsOf(step).flatMap(listOf))]

/** The first step. Documents that were parsed begin with a trigger. */
export function triggerOf(doc: CycleDocument): TriggerStep {
  const first = doc.steps[0]
  if (first?.type !== 'webhook' && first?.type !== 'schedule') throw new Error('The first step of a document is its trigger')
  return first
}

/** Where the list is in a step's data whose elements go on in transactions of their own. */
export const splitPath = (step: Step): string | undefined => ('split' in step ? step.split : undefined)

export const isSplit = (step: Step): boolean => splitPath(step) !== undefined

export const stepById = (doc: CycleDocument, id: StepId): Step | undefined => doc.steps.find(step => step.id === id)

/** The webhook steps that are not the trigger. */
export const midCycleSteps = (doc: CycleDocument): readonly WebhookStep[] => doc.steps.slice(1).filter(step => step.type === 'webhook')

/** What can be reached from `starts` (they included where something leads back, or not at all) along `edges`. `stopAt` is reached but not passed. */
export function reach(starts: readonly StepId[], edges: (id: StepId) => readonly StepId[], stopAt: (id: StepId) => boolean = () => false): Set<StepId> {
  const seen = new Set<StepId>()
  const open = starts.flatMap(edges)
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    if (seen.has(id)) continue
    seen.add(id)
    if (!stopAt(id)) open.push(...edges(id))
  }
  return seen
}

/** A function that gives the ids of the steps from which one can be reached: it is among them itself where it stands in a loop. */
export function upstreamOf(ids: Iterable<StepId>, edges: (id: StepId) => readonly StepId[]): (id: StepId) => Set<StepId> {
  const back = new Map<StepId, StepId[]>()
  for (const from of ids) {
    for (const to of edges(from)) {
      const before = back.get(to)
      if (before) before.push(from)
      else back.set(to, [from])
    }
  }
  return id => reach([id], to => back.get(to) ?? [])
}

/** Whether a webhook step holds its sender: a synchronous response can be reached without passing another webhook step (webhooks.md 4). */
export function isSynchronous(doc: CycleDocument, stepId: StepId): boolean {
  const steps = new Map(doc.steps.map(step => [step.id, step]))
  const edges = (id: StepId): readonly StepId[] => {
    const step = steps.get(id)
    return step ? successors(step) : []
  }
  const reached = reach([stepId], edges, id => steps.get(id)?.type === 'webhook')
  return [...reached].some(id => steps.get(id)?.type === 'synchronousResponse')
}

/**
 * The steps that one transaction can come to itself: the whole cycle's transaction all but those that only the items of a split come to,
 * an item of `split` those from there to the join, where the whole cycle's goes on (cycles.md 4, Splitting).
 */
export function partOf(doc: CycleDocument, split?: StepId): ReadonlySet<StepId> {
  const steps = new Map(doc.steps.map(step => [step.id, step]))
  const all = (id: StepId): readonly StepId[] => {
    const step = steps.get(id)
    return step === undefined ? [] : successors(step)
  }
  const splits = (id: StepId): boolean => {
    const step = steps.get(id)
    return step !== undefined && isSplit(step)
  }
  if (split === undefined) {
    const own = (id: StepId): readonly StepId[] => {
      const join = splits(id) ? joinOf(doc, id) : undefined
      return join === undefined ? (splits(id) ? [] : all(id)) : [join]
    }
    return reach([triggerOf(doc).id], own)
  }
  const joins = (id: StepId): boolean => steps.get(id)?.type === 'waitAll'
  const reached = reach([split], id => (id !== split && splits(id) ? [] : all(id)), joins)
  return new Set([...reached].filter(id => !joins(id)))
}

/** The nearest `waitAll` behind a split: the whole cycle's transaction goes on from there when all items have ended or stand. */
export function joinOf(doc: CycleDocument, split: StepId): StepId | undefined {
  const steps = new Map(doc.steps.map(step => [step.id, step]))
  const seen = new Set<StepId>()
  let open: readonly StepId[] = [split]
  while (open.length > 0) {
    const next = open.flatMap(id => {
      const step = steps.get(id)
      return step === undefined ? [] : successors(step)
    })
    const found = next.find(id => steps.get(id)?.type === 'waitAll')
    if (found !== undefined) return found
    open = [...new Set(next)].filter(id => !seen.has(id) && seen.add(id))
  }
  return undefined
}

/** The graph of a cycle's steps (cycles.md 2): who leads where, what can be reached, which webhooks are synchronous (webhooks.md 4). */
import type { CycleDocument, Next, Step, WebhookStep } from './document.ts'
import type { StepId } from './ids.ts'

/** A `next` as a list: left out, the path ends. */
export const listOf = (next: Next | undefined): readonly StepId[] => (next === undefined ? [] : typeof next === 'string' ? [next] : next)

/** Where a step leads to: a decision by the exit of its outcome, all others by `next`. One path begins for each. */
export function nextOf(step: Step, outcome = true): readonly StepId[] {
  if (step.type !== 'decision') return listOf(step.next)
  return listOf(outcome ? step.true : step.false)
}

/** Every step that one can lead to, each once. */
export function successors(step: Step): readonly StepId[] {
  return step.type === 'decision' ? [...new Set([...listOf(step.true), ...listOf(step.false)])] : [...new Set(listOf(step.next))]
}

/** The first step. Documents that were parsed begin with a webhook step. */
export function triggerOf(doc: CycleDocument): WebhookStep {
  const first = doc.steps[0]
  if (first?.type !== 'webhook') throw new Error('The first step of a document is its trigger')
  return first
}

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

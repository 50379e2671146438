/**
 * Splitting (cycles.md 4): each element of a list in a step's data goes on in a transaction of its own, a child workflow. The path stands at the
 * step until all have ended; how they ended is counted in the index, so that neither the number of items nor a new history matters here.
 */
import type { Step } from '../../domain/document.ts'
import { StepError } from '../../domain/errors.ts'
import { joinOf, splitPath } from '../../domain/graph.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { dataForItems } from '../../domain/needs.ts'
import { follow, parsePath } from '../../domain/path.ts'
import { quote } from '../../domain/quote.ts'
import { splitId, type Item, type JoinCounts, type Position, type Run } from '../messages.ts'
import type { Life } from './life.ts'

/** Items that are started together. */
const BATCH = 50
/** Items that may be under way before more are started, and to how many they must fall. */
const AHEAD = 500
const LOW = 250
/** Items that take long do not hold the others back: after this more are started all the same. */
const PATIENCE_MS = 5_000
/** A message that all have ended could be lost with an item that was terminated: it is looked again after this. */
const LOOK_MS = 10 * 60_000

export type Split = { readonly kind: 'done'; readonly counts: JoinCounts } | { readonly kind: 'halts'; readonly at: Position }

/** Where a path goes on behind the items of a split: at the join, where there is one. An item itself joins nothing. */
export function behindSplit(life: Life, step: StepId): readonly StepId[] {
  const join = life.input.item === undefined ? joinOf(life.document, step) : undefined
  return join === undefined ? [] : [join]
}

/** Takes the list out of the step's data, for as long as its items are started: a later execution may replace the data meanwhile. */
function listOf(life: Life, step: Step, split: string): readonly Json[] {
  const { data } = life.state
  const path = parsePath(splitPath(step) ?? '')
  const list = data.get(split) ?? (path.ok ? follow(data.get(step.id), [{ kind: 'name', name: path.path.root }, ...path.path.segments]) : undefined)
  if (!Array.isArray(list)) {
    const found = list === undefined ? 'nothing' : quote(life.document, list)
    throw new StepError('notSplit', `At ${splitPath(step) ?? ''} is no list but ${found}`)
  }
  data.set(split, list)
  return list
}

/** Starts the items that were not started and waits for all. Throws a `StepError` where there is no list. */
export async function splitOn(life: Life, run: Run, step: Step, execution: number, before: number): Promise<Split> {
  const { context, state } = life
  const split = splitId(step.id, execution)
  const list = listOf(life, step, split)
  const given = dataForItems(life.document, step.id, state.data)
  const item = (index: number): Item => ({
    parent: life.input.transaction,
    stepId: step.id,
    execution,
    index,
    total: list.length,
    value: list[index] ?? null,
    request: run.request,
    data: given,
  })
  const halts = (started: number): Split => ({ kind: 'halts', at: { stepId: step.id, execution, started } })
  const name = step.name ?? step.id
  let started = before
  while (started < list.length) {
    if (life.halted === undefined && context.suspendWanted()) life.halted = 'suspended'
    if (life.halted !== undefined) return halts(started)
    const batch = Math.min(BATCH, list.length - started)
    await Promise.all(Array.from({ length: batch }, (_, i) => context.startItem(item(started + i))))
    started += batch
    if (started < list.length && started - (await ended(life, split, started - LOW)) >= AHEAD)
      await context.wait(
        `${name}: ${started} of ${list.length} items started`,
        context.now() + PATIENCE_MS,
        () => life.halted !== undefined || life.told.has(split),
      )
  }
  for (;;) {
    life.told.delete(split)
    const counts = list.length === 0 ? NONE : await context.awaitItems(split, list.length)
    if (total(counts) >= list.length) {
      state.data.delete(split)
      return { kind: 'done', counts }
    }
    if (life.halted === undefined && context.suspendWanted()) life.halted = 'suspended'
    if (life.halted !== undefined) return halts(started)
    await context.wait(`${name}: waits for its ${list.length} items`, context.now() + LOOK_MS, () => life.halted !== undefined || life.told.has(split))
  }
}

export const NONE: JoinCounts = { completed: 0, errored: 0, stopped: 0 }
const total = ({ completed, errored, stopped }: JoinCounts): number => completed + errored + stopped

async function ended(life: Life, split: string, wakeAt: number): Promise<number> {
  life.told.delete(split)
  return total(await life.context.awaitItems(split, wakeAt))
}

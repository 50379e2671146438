/** What a step's runner works with: values filled in, the answer of its run, and the port. */
import type { CycleDocument, Step } from '../../domain/document.ts'
import type { StepErrorCode } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { resolveStep } from '../../domain/merge.ts'
import { follow, lookupIn, type Lookup } from '../../domain/path.ts'
import type { Position, ResponseResult, Run } from '../messages.ts'
import type { Attempt, StepContext } from './context.ts'
import { report } from './incidents.ts'
import type { Life } from './life.ts'
import { removedAt } from './retention.ts'
import { settle } from './state.ts'

export interface StepTools {
  readonly context: StepContext
  readonly document: CycleDocument
  /** Where the path stands: a delay that was begun before goes on with its end. */
  readonly position: Position
  /** Which execution of this step it is, from 1, and which try of it, from 0. */
  readonly attempt: Attempt
  /** Fills merge fields and inline scripts in; undefined where the value is missing. `secrets`: references of secret variables may stand in it. */
  resolve(value: Json, options?: { readonly secrets: boolean }): Promise<Json | undefined>
  /** When the transaction is removed, at the latest (ms since the epoch). */
  readonly lastsUntil: number
  /** The account's (IANA name). */
  readonly timezone: string
  /** The paths of this run go no further. */
  halted(): boolean
  /** Whether this run's sender has its answer. */
  answered(): boolean
  /** Answers the sender of this run; from the run of an item, through its parent. */
  respond(result: ResponseResult): Promise<void>
  /** Records a warning on this step. */
  warn(code: StepErrorCode, detail: string): Promise<void>
}

export function stepTools(life: Life, run: Run, step: Step, position: Position, execution: number): StepTools {
  const { state, context } = life
  const known = lookupIn(life.known)
  const lookup: Lookup = path => (state.data.has(path.root) ? follow(state.data.get(path.root), path.segments) : known(path))
  const answered = (): boolean => state.responses.has(run.request)
  return {
    context,
    document: life.document,
    position,
    attempt: { execution, failed: position.retry?.failed ?? 0 },
    async resolve(value, options) {
      const resolved = resolveStep(value, lookup, options)
      if (resolved.expressions.length === 0) return resolved.value
      return resolved.fill(await context.evaluate(step, resolved.expressions, answered()))
    },
    lastsUntil: removedAt(life.input),
    timezone: life.input.snapshot.account.timezone,
    halted: () => life.halted !== undefined,
    answered,
    async respond(response) {
      settle(state, run.request, response)
      if (run.request === life.input.item?.request) await context.answerParent({ request: run.request, stepId: step.id, response })
    },
    warn: (code, detail) => report(life, 'Warning', step.id, code, detail),
  }
}

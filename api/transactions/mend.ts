/** What operators order about a step that failed, or that waits for its next try (operations.md 5). */
import { ApiError } from '../../domain/errors.ts'
import type { StepId } from '../../domain/ids.ts'
import type { TransactionRecord } from '../../storage/inbox.ts'
import type { Order, TransactionState } from '../../workflows/messages.ts'
import type { LiveCycle } from '../cycles/view.ts'
import type { Services } from '../services.ts'

/**
 * Signals the order to the transaction's workflow, which carries it out. `named`: the step that is meant; undefined where only one can be.
 * Throws `step_not_failed`, `request_invalid` for a step that the document does not have or where several can be meant, `cycle_not_running` where the
 * transaction would have to go on in a cycle that is not Active, and `service_unavailable` where Temporal could not be asked.
 */
export async function mendStep(
  { temporal }: Pick<Services, 'temporal'>,
  cycle: LiveCycle,
  { id, status }: TransactionRecord,
  order: Order,
  named: StepId | undefined,
): Promise<void> {
  const { place, document } = cycle.stored
  const began = status !== 'Queued' && status !== 'Dropped'
  const state = began ? await temporal.outline(place, id) : 'unknown'
  if (state === 'unreachable') throw unreachable()
  const mendable = state === 'unknown' ? [] : mendableSteps(state)
  const step = named ?? onlyOne(mendable)
  if (!mendable.includes(step)) {
    const known = document.steps.some(one => one.id === step) || (state !== 'unknown' && state.steps.some(({ stepId }) => stepId === step))
    throw known ? notFailed(step) : invalid(`There is no step "${step}"`)
  }
  // A step that waits for its next try belongs to a run that goes on, also while the cycle finishes.
  const stands = state !== 'unknown' && state.failed === step
  if (order !== 'fail' && stands && cycle.status.state !== 'Active') {
    throw new ApiError('cycle_not_running', `The cycle is ${cycle.status.state}: activate it first.`)
  }
  const asked = await temporal.order(place, id, order, step)
  if (asked === 'unreachable') throw unreachable()
  if (asked === 'unknown') throw notFailed(step)
}

/** The step at which the transaction stands failed, and those that wait for their next try. */
function mendableSteps(state: TransactionState): readonly StepId[] {
  const retrying = state.steps.filter(({ status }) => status === 'Retrying').map(({ stepId }) => stepId)
  return state.failed === undefined ? retrying : [state.failed, ...retrying]
}

function onlyOne(steps: readonly StepId[]): StepId {
  const [first, ...others] = steps
  if (first === undefined) throw new ApiError('step_not_failed', 'No step of the transaction has failed, or waits for its next try.')
  if (others.length > 0) throw invalid(`Say which step is meant: ${steps.join(', ')}`)
  return first
}

const notFailed = (step: StepId): ApiError => new ApiError('step_not_failed', `The step "${step}" has not failed, and does not wait for its next try.`)
const invalid = (message: string): ApiError => new ApiError('request_invalid', 'The request is not right.', [{ path: 'StepId', message }])
const unreachable = (): ApiError => new ApiError('service_unavailable', 'Temporal does not answer: the transaction could not be asked. Try again.')

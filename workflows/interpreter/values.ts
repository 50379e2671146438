/** Step data, and the values that mid-cycle steps match on: registered when they come to exist, and anew when they change (webhooks.md 6). */
import { StepError } from '../../domain/errors.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import { valuesOf } from '../../domain/match.ts'
import type { TransactionView } from '../../storage/inbox.ts'
import { jsonSize, MAX_DATA_BYTES } from '../../domain/size.ts'
import type { Life } from './life.ts'
import type { State } from './state.ts'

/** Throws a `StepError` where all step data together would be more than a transaction may hold. */
export function checkRoom({ state }: Life, stepId: StepId, data: Json): void {
  let total = sizeOf(state, data)
  for (const [step, other] of state.data) if (step !== stepId) total += sizeOf(state, other)
  if (total > MAX_DATA_BYTES)
    throw new StepError('badResponse', `With it the data of all steps would have ${total} bytes: a transaction holds at most ${MAX_DATA_BYTES}`)
}

function sizeOf({ sizes }: State, data: Json): number {
  if (typeof data !== 'object' || data === null) return jsonSize(data)
  const size = sizes.get(data) ?? jsonSize(data)
  sizes.set(data, size)
  return size
}

/** The part of the document that the transaction itself comes to. */
export const splitOf = ({ input }: Life): { readonly split?: StepId } => (input.item === undefined ? {} : { split: input.item.stepId })

/** Sets a step's data and registers what mid-cycle steps match on in it, before anything that follows can run. */
export async function setStepData(life: Life, stepId: StepId, data: Json): Promise<void> {
  life.state.data.set(stepId, data)
  await syncValues(life, valuesOf(life.document, { [stepId]: data }, { root: stepId, ...splitOf(life) }))
}

/** Registers those values that are not registered as they are now. */
export async function syncValues(life: Life, values: ReturnType<typeof valuesOf>): Promise<void> {
  const { registered } = life.state
  for (const { stepId, value } of values) {
    if (registered.get(stepId)?.value === value) continue
    if (value === undefined) registered.delete(stepId)
    else registered.set(stepId, { value })
    const hash = await life.context.register(stepId, value)
    if (value !== undefined && hash !== undefined && registered.get(stepId)?.value === value) registered.set(stepId, { value, hash })
  }
}

/** Before the first wait: asks the index for the hashes that it has not told yet, which operators search by. Registering again is harmless. */
export async function learnHashes(life: Life): Promise<void> {
  const { registered } = life.state
  for (const [stepId, { value, hash }] of [...registered]) {
    if (hash !== undefined) continue
    const told = await life.context.register(stepId, value)
    registered.set(stepId, told === undefined ? { value } : { value, hash: told })
  }
}

/** What the index is told of the transaction, in case it was rebuilt without it. */
export function viewFor(life: Life): TransactionView {
  const { status, registered } = life.state
  return { status, acceptedAt: life.input.acceptedAt, values: [...registered].map(([stepId, { value }]) => ({ stepId, value })) }
}

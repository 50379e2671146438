/** Sizes as Temporal counts them: about 4 MiB for all that one workflow task sends, 2 MiB for a payload of it (architecture.md 5); large payloads are stored beside it (decision 12). */
import { RawValue } from '@temporalio/common'
import { defaultPayloadConverter, sleep, workflowInfo } from '@temporalio/workflow'
import { jsonSize } from '../domain/size.ts'
import { INLINE, LARGE_BYTES } from './messages.ts'

/** Whether a value makes a payload that is stored: the same as `createDataConverter` finds. */
export function isLarge(value: unknown): boolean {
  const size = jsonSize(value, 2 * LARGE_BYTES)
  return size >= LARGE_BYTES && (size >= 2 * LARGE_BYTES || (defaultPayloadConverter.toPayload(value).data?.length ?? 0) >= LARGE_BYTES)
}

/** About what stands in Temporal for a large payload. */
const REFERENCE_BYTES = 512

/** What Temporal itself gets of a payload of `size` bytes, or a few less (`jsonSize`). */
export const inlineBytes = (size: number): number => (size < 2 * LARGE_BYTES ? size : REFERENCE_BYTES)

/** What one workflow task may send for calls of steps; the rest is for answers and for what is around them. */
const TASK_BYTES = 2 * 1024 * 1024

/** Holds calls back so that those of one workflow task stay within what it may send: else the server ends the workflow. */
export function createTaskBudget(): (bytes: number) => Promise<void> {
  let task = -1
  let sent = 0
  return async bytes => {
    for (;;) {
      const { historyLength } = workflowInfo()
      if (historyLength !== task) {
        task = historyLength
        sent = 0
      }
      if (sent === 0 || sent + bytes <= TASK_BYTES) break
      await sleep(1)
    }
    sent += bytes
  }
}

/** Large data that a history may refer to: a worker that takes the workflow over reads all of it, within the time for one workflow task. */
const HISTORY_BYTES = 24 * 1024 * 1024

/** Counts the large data of this history. */
export interface Weight {
  /** Answers the value's size as JSON; a value above `max` is not counted to its end. */
  add(value: unknown, max?: number): number
  /** It grows too heavy to be taken over in time: go on in a new one. */
  heavy(): boolean
}

export function createWeight(): Weight {
  let bytes = 0
  return {
    add(value, max) {
      const size = jsonSize(value, max)
      if (size >= LARGE_BYTES) bytes += size
      return size
    },
    heavy: () => bytes > HISTORY_BYTES,
  }
}

/** Most bytes of an answer to a query that Temporal carries itself: what is stored for an answer would stay as long as the transaction. */
const ANSWER_BYTES = 1.5 * 1024 * 1024

/** The answer to a query. Only very large ones are stored: those should be such that are stored already. */
export function answerOf(value: unknown): RawValue {
  const payload = defaultPayloadConverter.toPayload(value)
  const inline = (payload.data?.length ?? 0) <= ANSWER_BYTES
  return RawValue.fromPayload(inline ? { ...payload, metadata: { ...payload.metadata, [INLINE]: new Uint8Array([1]) } } : payload)
}

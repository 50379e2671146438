/** Sizes as Temporal counts them: 2 MiB for a payload, about 4 MiB for all that one workflow task sends (architecture.md 5). */
import { defaultPayloadConverter, sleep, workflowInfo } from '@temporalio/workflow'

export const payloadBytes = (value: unknown): number => defaultPayloadConverter.toPayload(value)?.data?.length ?? 0

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

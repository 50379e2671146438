/** Starts a cycle whose webhook steps have to be subscribed at applications: durably, by a `cycleOperation` (docs/decisions/0020). */
import { WorkflowFailedError, type Client } from '@temporalio/client'
import type { Activated } from '../../activities/contract.ts'
import type { Place } from '../../domain/ids.ts'
import { CYCLE_OPERATION, cycleOperationWorkflowId, type CycleOperationInput } from '../../workflows/messages.ts'

export interface CycleActivator {
  /** What came of it. `unreachable`: Temporal does not answer. `late`: nothing came in time, and nothing will. */
  activate(place: Place): Promise<Activated | { readonly outcome: 'unreachable' | 'late' }>
}

export interface ActivatorOptions {
  /** From then on Temporal lets nothing of it begin (ms). Default: a minute. */
  readonly lateMs?: number
  /** How long its start may take (ms). */
  readonly startMs?: number
}

const MARGIN_MS = 5_000

export function createCycleActivator(client: Client, taskQueue: string, { lateMs = 60_000, startMs = 5_000 }: ActivatorOptions = {}): CycleActivator {
  return {
    async activate({ account, cycle }) {
      const input: CycleOperationInput = { account, cycle, op: 'activate', epoch: 0 }
      const workflowId = cycleOperationWorkflowId(cycle, input.op, input.epoch)
      try {
        const handle = await client.withDeadline(Date.now() + startMs, () =>
          client.workflow.start(CYCLE_OPERATION, {
            workflowId,
            // One at a time: whoever asks meanwhile gets the same answer.
            workflowIdReusePolicy: 'ALLOW_DUPLICATE',
            workflowIdConflictPolicy: 'USE_EXISTING',
            workflowExecutionTimeout: lateMs,
            taskQueue,
            args: [input],
          }),
        )
        return await client.withDeadline(Date.now() + lateMs + MARGIN_MS, () => handle.result())
      } catch (error) {
        return { outcome: error instanceof WorkflowFailedError ? 'late' : 'unreachable' }
      }
    },
  }
}

/** Starts the workflow of a package operation at once, so that its user does not wait for a worker to look; where that fails the worker does it. */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client'
import type { PackageOperationInput } from '../../workflows/messages-package.ts'
import { packageOperationStart } from '../../workflows/start-package.ts'

export interface OperationStarter {
  /** Whether the workflow is there. Never rejects. */
  start(input: PackageOperationInput): Promise<boolean>
  /** Calls `listener` when the operation may have ended, until the returned function is called. Messages can be lost: look again each second. */
  onEnd(id: string, listener: () => void): () => void
}

const DEADLINE_MS = 5_000

export function createOperationStarter(client: Client, taskQueue: string, onEnd: OperationStarter['onEnd']): OperationStarter {
  return {
    onEnd,
    async start(input) {
      const { workflowType, ...options } = packageOperationStart(input, taskQueue)
      try {
        await client.withDeadline(Date.now() + DEADLINE_MS, () => client.workflow.start(workflowType, options))
        return true
      } catch (error) {
        return error instanceof WorkflowExecutionAlreadyStartedError
      }
    },
  }
}

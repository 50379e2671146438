/** What the management API asks of Temporal about one transaction. Every call has its deadline. */
import { isGrpcServiceError, WorkflowNotFoundError, type Client } from '@temporalio/client'
import type { Place, TransactionId } from '../domain/ids.ts'
import { notificationWorkflowId, STATE, STOP, transactionWorkflowId, type TransactionState } from '../workflows/messages.ts'

export interface TransactionViewer {
  /** Steps, data and incidents; `unknown`: Temporal has no such workflow (any more, or yet); `unreachable`: it, or every worker, does not answer. */
  state(place: Place, transaction: TransactionId): Promise<TransactionState | 'unknown' | 'unreachable'>
  /** Asks the workflow to stop; it does so whatever it is at. */
  stop(place: Place, transaction: TransactionId): Promise<'asked' | 'unknown' | 'unreachable'>
  /** The transaction's page in Temporal's UI. */
  url(place: Place, transaction: TransactionId): string
  /** The page of a notification there. */
  notificationUrl(id: string): string
}

export interface ViewerOptions {
  /** Without a slash at the end. */
  readonly uiUrl: string
  readonly namespace: string
  /** How long a call may take. Default 5 s. */
  readonly deadlineMs?: number
}

const NOT_FOUND = 5

export function createTransactionViewer(client: Client, { uiUrl, namespace, deadlineMs = 5_000 }: ViewerOptions): TransactionViewer {
  const handle = (place: Place, transaction: TransactionId) => client.workflow.getHandle(transactionWorkflowId(place.cycle, transaction))

  const page = (workflowId: string): string => `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`

  async function ask<T>(run: () => Promise<T>): Promise<T | 'unknown' | 'unreachable'> {
    try {
      return await client.withDeadline(Date.now() + deadlineMs, run)
    } catch (error) {
      const missing = error instanceof WorkflowNotFoundError || (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND)
      return missing ? 'unknown' : 'unreachable'
    }
  }

  return {
    state: (place, transaction) => ask(() => handle(place, transaction).query<TransactionState>(STATE)),
    async stop(place, transaction) {
      const answer = await ask(() => handle(place, transaction).signal(STOP))
      return answer === undefined ? 'asked' : answer
    },
    url: (place, transaction) => page(transactionWorkflowId(place.cycle, transaction)),
    notificationUrl: id => page(notificationWorkflowId(id)),
  }
}

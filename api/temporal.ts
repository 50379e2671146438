/** What the management API asks of Temporal about one transaction. Every call has its deadline. */
import type { Client } from '@temporalio/client'
import type { Place, StepId, TransactionId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import { isNotFound } from '../platform/grpc.ts'
import { senderWorkflowId } from '../workflows/messages-installation.ts'
import {
  FAIL_STEP,
  RETRY_STEP,
  SKIP_STEP,
  STATE,
  STEP_DATA,
  STOP,
  transactionWorkflowId,
  type NotificationMessage,
  type Order,
  type StepRecord,
  type TransactionState,
} from '../workflows/messages.ts'

export interface TransactionViewer {
  /** Steps, data and incidents; `unknown`: Temporal has no such workflow (any more, or yet); `unreachable`: it, or every worker, does not answer. */
  state(place: Place, transaction: TransactionId): Promise<TransactionState | 'unknown' | 'unreachable'>
  /** The same, with large data left out. */
  outline(place: Place, transaction: TransactionId): Promise<TransactionState | 'unknown' | 'unreachable'>
  /** Asks the workflow to stop; it does so whatever it is at. */
  stop(place: Place, transaction: TransactionId): Promise<'asked' | 'unknown' | 'unreachable'>
  /** Signals an operator's order about a step. `unknown`: the workflow is closed, or not there. */
  order(place: Place, transaction: TransactionId, order: Order, step: StepId): Promise<'asked' | 'unknown' | 'unreachable'>
  /** The transaction's page in Temporal's UI. */
  url(place: Place, transaction: TransactionId): string
  /** The page there of the workflow that sends a notification. */
  notificationUrl(notification: Pick<NotificationMessage, 'id' | 'installation'>): string
}

export interface ViewerOptions {
  /** Without a slash at the end. */
  readonly uiUrl: string
  readonly namespace: string
  /** How long a call may take. Default 9 s: large data may have to be read first. */
  readonly deadlineMs?: number
}

/** Large data, asked for step by step, may take that many times as long, all together. */
const DATA_FACTOR = 3
const SIGNALS = { retry: RETRY_STEP, skip: SKIP_STEP, fail: FAIL_STEP } as const satisfies Record<Order, string>

export function createTransactionViewer(client: Client, { uiUrl, namespace, deadlineMs = 9_000 }: ViewerOptions): TransactionViewer {
  const handle = (place: Place, transaction: TransactionId) => client.workflow.getHandle(transactionWorkflowId(place.cycle, transaction))

  const page = (workflowId: string): string => `${uiUrl}/namespaces/${encodeURIComponent(namespace)}/workflows/${encodeURIComponent(workflowId)}`

  async function ask<T>(run: () => Promise<T>, until = Date.now() + deadlineMs): Promise<T | 'unknown' | 'unreachable'> {
    try {
      return await client.withDeadline(until, run)
    } catch (error) {
      return isNotFound(error) ? 'unknown' : 'unreachable'
    }
  }

  const outline: TransactionViewer['outline'] = (place, transaction) => ask(() => handle(place, transaction).query<TransactionState>(STATE))

  return {
    outline,
    async state(place, transaction) {
      const asked = handle(place, transaction)
      const state = await outline(place, transaction)
      if (typeof state === 'string') return state
      const until = Date.now() + DATA_FACTOR * deadlineMs
      const steps: StepRecord[] = []
      for (const { large, ...step } of state.steps) {
        // One after the other: each is megabytes.
        const found =
          large === true ? await ask(async () => ({ data: await asked.query<Json | undefined, [StepId]>(STEP_DATA, step.stepId) }), until) : undefined
        if (typeof found === 'string') return found
        steps.push({ ...step, ...(found?.data === undefined ? {} : { data: found.data }) })
      }
      return { ...state, steps }
    },
    async stop(place, transaction) {
      const answer = await ask(() => handle(place, transaction).signal(STOP))
      return answer === undefined ? 'asked' : answer
    },
    async order(place, transaction, order, step) {
      const answer = await ask(() => handle(place, transaction).signal(SIGNALS[order], step))
      return answer === undefined ? 'asked' : answer
    },
    url: (place, transaction) => page(transactionWorkflowId(place.cycle, transaction)),
    notificationUrl: notification => page(senderWorkflowId(notification)),
  }
}

/** Held connections over Temporal's client (architecture.md 4, 5). The client's connection is one of grpc-js: the native one ignores abort signals. */
import { setMaxListeners } from 'node:events'
import {
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type Client,
} from '@temporalio/client'
import { isNotFound } from '../../platform/grpc.ts'
import { AWAIT_RESPONSE, RESPONSE, TRANSACTION, type ResponseResult, type TransactionInput } from '../../workflows/messages.ts'
import { transactionStart } from '../../workflows/start.ts'
import type { HeldOutcome, Wait, WebhookTemporal } from './deps.ts'
import { createTurns } from './turns.ts'

type TransactionWorkflow = (input: TransactionInput) => Promise<unknown>

/** A server that answered any call within this is busy, not gone: one that is late is given more time. */
const HEARD_MS = 3_000

/** Looks at once: thousands of senders that are held must not keep the server from their own starts. */
const LOOKS = 8

export function createWebhookTemporal(client: Client, taskQueue: string): WebhookTemporal {
  let heardAt = Number.NEGATIVE_INFINITY
  const looks = createTurns(() => LOOKS)
  const hear = (): void => {
    heardAt = performance.now()
  }
  const heard = (): boolean => performance.now() - heardAt < HEARD_MS

  /** Runs one call of the client with a deadline and the sender's signal; an aborted signal is looked at first, for the client would hang on it. */
  async function call<T>(wait: Wait, run: () => Promise<T>): Promise<T | 'over'> {
    if (wait.signal.aborted || wait.deadlineMs <= 0) return 'over'
    const mine = new AbortController()
    // The client adds a listener each time that it asks for the same answer again, every 20 s or so.
    setMaxListeners(0, mine.signal)
    const abort = (): void => mine.abort()
    wait.signal.addEventListener('abort', abort, { once: true })
    try {
      return await client.withDeadline(Date.now() + wait.deadlineMs, () => client.withAbortSignal(mine.signal, run))
    } catch (error) {
      if (wait.signal.aborted) return 'over'
      throw error
    } finally {
      wait.signal.removeEventListener('abort', abort)
    }
  }

  async function update(wait: Wait, run: () => Promise<ResponseResult>): Promise<HeldOutcome> {
    const until = performance.now() + wait.deadlineMs
    try {
      const answer = await call(wait, run)
      if (answer !== 'over') hear()
      return answer === 'over' ? { state: 'over' } : { state: 'answer', answer }
    } catch (error) {
      // A deadline that was not ours is the server's trouble.
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) return { state: performance.now() >= until - 50 ? 'over' : 'unreachable' }
      // The workflow closed, or went on as a new run, before it answered; or it was closed or unknown from the first.
      if (error instanceof WorkflowUpdateFailedError || error instanceof WorkflowExecutionAlreadyStartedError || isNotFound(error)) return { state: 'absent' }
      return { state: 'unreachable' }
    }
  }

  return {
    startAndAwait: (input, wait) =>
      update(wait, () =>
        client.workflow.executeUpdateWithStart<TransactionWorkflow, ResponseResult, [string]>(AWAIT_RESPONSE, {
          args: [input.transaction],
          updateId: input.transaction,
          startWorkflowOperation: new WithStartWorkflowOperation<TransactionWorkflow>(TRANSACTION, {
            ...transactionStart(input, taskQueue, 'held'),
            workflowIdConflictPolicy: 'USE_EXISTING',
          }),
        }),
      ),
    await: (workflowId, request, wait) =>
      update(wait, () => client.workflow.getHandle(workflowId).executeUpdate<ResponseResult, [string]>(AWAIT_RESPONSE, { args: [request], updateId: request })),
    async start(input, deadlineMs) {
      try {
        await client.withDeadline(Date.now() + deadlineMs, () =>
          client.workflow.start(TRANSACTION, { ...transactionStart(input, taskQueue, 'held'), workflowIdConflictPolicy: 'USE_EXISTING' }),
        )
      } catch (error) {
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      }
    },
    heard,
    async find(workflowId, deadlineMs) {
      const until = Date.now() + deadlineMs
      const done = await looks.take(AbortSignal.timeout(deadlineMs))
      try {
        if (done === undefined) throw new Error(`No turn to look came within ${deadlineMs} ms`)
        const found = await client.withDeadline(until, () => client.workflow.getHandle(workflowId).describe())
        hear()
        return found.status.name === 'RUNNING' ? 'open' : 'closed'
      } catch (error) {
        if (isNotFound(error)) {
          hear()
          return 'unknown'
        }
        if (heard()) return 'busy'
        throw error
      } finally {
        done?.()
      }
    },
    async recorded(workflowId, request, wait) {
      const answer = await call(wait, () => client.workflow.getHandle(workflowId).query<ResponseResult | undefined, [string]>(RESPONSE, request))
      return answer === 'over' ? undefined : answer
    },
  }
}

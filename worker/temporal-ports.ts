/** What the dispatcher and the upkeep ask of Temporal, its errors sorted by what is to be done about them. */
import { WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError, type Client, type WorkflowHandle } from '@temporalio/client'
import type { TransactionSignals } from '../activities/operations.ts'
import { isInvalid, isNotFound, serviceReason } from '../platform/grpc.ts'
import type { Place, TransactionId } from '../domain/ids.ts'
import type { QueuedNotification } from '../workflows/messages-installation.ts'
import {
  CHECK_STOP,
  CYCLE_OPERATION,
  cycleOperationWorkflowId,
  DELIVER,
  ITEMS_ENDED,
  notificationWorkflowId,
  SEND_NOW,
  STOP,
  transactionWorkflowId,
  type CycleOperationInput,
  type Delivery,
  type InstallationKey,
  type NotificationInput,
} from '../workflows/messages.ts'
import type { PackageOperationInput } from '../workflows/messages-package.ts'
import { packageOperationStart } from '../workflows/start-package.ts'
import { installationNotificationsStart, notificationStart, type transactionStart } from '../workflows/start.ts'

/** `later`: nothing is known, try again. `refused`: for good, the same call would be refused again. */
export type StartOutcome = 'started' | 'already' | 'refused' | 'later'
export type DeliverOutcome = 'signalled' | 'notFound' | 'refused' | 'later'

export interface Answered<O> {
  readonly outcome: O
  /** Why it is refused, or to be tried later. */
  readonly reason?: string
}

export interface TemporalPorts extends TransactionSignals {
  /** Starts a transaction, eagerly where this process's worker has room. */
  start(options: ReturnType<typeof transactionStart>): Promise<Answered<StartOutcome>>
  deliver(place: Place, transaction: TransactionId, delivery: Delivery): Promise<Answered<DeliverOutcome>>
  describe(place: Place, transaction: TransactionId): Promise<'open' | 'completed' | 'closed' | 'unknown' | 'later'>
  /** Tells a parent that as many items of a split have ended as it wanted to know of; one that is closed, or that Temporal refuses to tell, looks by itself. */
  itemsEnded(place: Place, parent: TransactionId, split: string): Promise<'told' | 'later'>
  /** Takes the workflow away with all its runs, also one that is open; one that is gone is fine. */
  remove(place: Place, transaction: TransactionId): Promise<'removed' | 'later'>
  /** Starts the workflow that carries a stop or a delete out; one that is there already is fine. */
  operate(input: CycleOperationInput): Promise<Answered<StartOutcome>>
  /** Starts the workflow of an operation on a package; one that is under way is fine. */
  operatePackage(input: PackageOperationInput): Promise<Answered<StartOutcome>>
  /** Starts the workflow that sends a notification; one that is there, or was, is fine. */
  notify(input: NotificationInput): Promise<Answered<StartOutcome>>
  /** Hands one of an installation to its workflow, which is started where it is not there; one that it has already is fine. */
  notifyInOrder(installation: InstallationKey, queued: QueuedNotification): Promise<Answered<Exclude<StartOutcome, 'already'>>>
  /** Sends it again: by its workflow where that is still at it, at once, else by another of the same id. */
  notifyAgain(input: NotificationInput): Promise<Answered<StartOutcome>>
}

export interface TemporalPortsOptions {
  /** Task queue of all but transactions, which name theirs themselves. */
  readonly taskQueue: string
  /** How long a call may take, in ms. Default 10 s. */
  readonly deadlineMs?: number
}

/** `client` over the worker's own `NativeConnection`: only then can a start be eager. */
export function createTemporalPorts(client: Client, options: TemporalPortsOptions): TemporalPorts {
  const deadlineMs = options.deadlineMs ?? 10_000
  const timed = <T>(call: () => Promise<T>): Promise<T> => client.withDeadline(Date.now() + deadlineMs, call)

  async function started(call: () => Promise<unknown>): Promise<Answered<StartOutcome>> {
    try {
      await timed(call)
      return { outcome: 'started' }
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) return { outcome: 'already' }
      return { outcome: isInvalid(error) ? 'refused' : 'later', reason: serviceReason(error) }
    }
  }

  const told = (place: Place, transaction: TransactionId, call: (handle: WorkflowHandle) => Promise<unknown>): Promise<boolean> =>
    toldTo(transactionWorkflowId(place.cycle, transaction), call)

  /** False: that workflow is closed or was never there. Rejects with the client's error otherwise. */
  async function toldTo(workflowId: string, call: (handle: WorkflowHandle) => Promise<unknown>): Promise<boolean> {
    try {
      await timed(() => call(client.workflow.getHandle(workflowId)))
      return true
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false
      throw error
    }
  }

  async function removeRun(workflowId: string, runId: string): Promise<void> {
    try {
      await client.workflowService.deleteWorkflowExecution({ namespace: client.options.namespace, workflowExecution: { workflowId, runId } })
    } catch (error) {
      if (!isNotFound(error)) throw error
    }
  }

  /** A long one has earlier runs: the last leads to them, so it goes last. */
  async function removeAll(workflowId: string): Promise<void> {
    const { runId, raw } = await client.workflow.getHandle(workflowId).describe()
    if (raw.workflowExecutionInfo?.firstRunId !== runId) {
      for await (const earlier of client.workflow.list({ query: `WorkflowId = "${workflowId}"` }))
        if (earlier.runId !== runId) await removeRun(workflowId, earlier.runId)
    }
    await removeRun(workflowId, runId)
  }

  const send = (input: NotificationInput, workflowIdReusePolicy: 'REJECT_DUPLICATE' | 'ALLOW_DUPLICATE'): Promise<Answered<StartOutcome>> => {
    const { workflowType, ...rest } = notificationStart(input, options.taskQueue)
    return started(() => client.workflow.start(workflowType, { ...rest, workflowIdReusePolicy }))
  }

  return {
    async notifyInOrder(installation, queued) {
      const { workflowType, ...rest } = installationNotificationsStart(installation, queued, options.taskQueue)
      try {
        await timed(() => client.workflow.signalWithStart(workflowType, rest))
        return { outcome: 'started' }
      } catch (error) {
        return { outcome: isInvalid(error) ? 'refused' : 'later', reason: serviceReason(error) }
      }
    },

    start: ({ workflowType, ...rest }) => started(() => client.workflow.start(workflowType, { ...rest, requestEagerStart: true })),

    async deliver(place, transaction, delivery) {
      try {
        return { outcome: (await told(place, transaction, handle => handle.signal(DELIVER, delivery))) ? 'signalled' : 'notFound' }
      } catch (error) {
        return { outcome: isInvalid(error) ? 'refused' : 'later', reason: serviceReason(error) }
      }
    },

    async describe(place, transaction) {
      try {
        const found = await timed(() => client.workflow.getHandle(transactionWorkflowId(place.cycle, transaction)).describe())
        if (found.status.name === 'RUNNING' || found.status.name === 'PAUSED') return 'open'
        return found.status.name === 'COMPLETED' ? 'completed' : 'closed'
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return 'unknown'
        return 'later'
      }
    },

    async itemsEnded(place, parent, split) {
      return told(place, parent, handle => handle.signal(ITEMS_ENDED, split)).then(
        () => 'told',
        error => (isInvalid(error) ? 'told' : 'later'),
      )
    },

    async remove(place, transaction) {
      try {
        await timed(() => removeAll(transactionWorkflowId(place.cycle, transaction)))
        return 'removed'
      } catch (error) {
        return error instanceof WorkflowNotFoundError ? 'removed' : 'later'
      }
    },

    async checkStop(place, transaction) {
      await told(place, transaction, handle => handle.signal(CHECK_STOP))
    },
    async stop(place, transaction) {
      await told(place, transaction, handle => handle.signal(STOP))
    },
    async terminate(place, transaction) {
      await told(place, transaction, handle => handle.terminate('the cycle was deleted'))
    },

    notify: input => send(input, 'REJECT_DUPLICATE'),
    async notifyAgain(input) {
      try {
        if (await toldTo(notificationWorkflowId(input.id), handle => handle.signal(SEND_NOW))) return { outcome: 'already' }
      } catch (error) {
        return { outcome: 'later', reason: serviceReason(error) }
      }
      return send(input, 'ALLOW_DUPLICATE')
    },

    operatePackage(input) {
      const { workflowType, ...rest } = packageOperationStart(input, options.taskQueue)
      return started(() => client.workflow.start(workflowType, rest))
    },

    operate: input =>
      started(() =>
        client.workflow.start(CYCLE_OPERATION, {
          workflowId: cycleOperationWorkflowId(input.cycle, input.op, input.epoch),
          workflowIdReusePolicy: 'REJECT_DUPLICATE',
          taskQueue: options.taskQueue,
          args: [input],
        }),
      ),
  }
}

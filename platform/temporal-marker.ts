/** The marker of the registry in Temporal (operations.md 3): a line in the data of the namespace, one for each task queue, as each is a Flywheel of its own. */
import type { ConnectionLike } from '@temporalio/client'
import { isNotFound } from './grpc.ts'

export interface MarkerOptions {
  readonly namespace: string
  readonly taskQueue: string
  /** How long a call may take, in ms. Default 2.5 s. */
  readonly deadlineMs?: number
}

/** `get` and `set` reject where Temporal does not answer in time; a namespace that is not there yet holds no marker. */
export function createTemporalMarker(connection: ConnectionLike, { namespace, taskQueue, deadlineMs = 2_500 }: MarkerOptions) {
  const name = `flywheel.registry.${taskQueue}`
  const timed = <T>(call: () => Promise<T>): Promise<T> => connection.withDeadline(Date.now() + deadlineMs, call)
  return {
    async get(): Promise<boolean> {
      try {
        const { namespaceInfo } = await timed(() => connection.workflowService.describeNamespace({ namespace }))
        return namespaceInfo?.data?.[name] !== undefined
      } catch (error) {
        if (isNotFound(error)) return false
        throw error
      }
    },
    /** Merged into what stands there. */
    async set(): Promise<void> {
      await timed(() => connection.workflowService.updateNamespace({ namespace, updateInfo: { data: { [name]: new Date().toISOString() } } }))
    },
  }
}

/** The marker of the registry in Temporal (operations.md 3): a line in the data of the namespace, one for each task queue, as each is a Flywheel of its own. */
import { isGrpcServiceError, type ConnectionLike } from '@temporalio/client'

export interface MarkerOptions {
  readonly namespace: string
  readonly taskQueue: string
  /** How long a call may take, in ms. Default 2.5 s. */
  readonly deadlineMs?: number
}

const NOT_FOUND = 5

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
        if (isGrpcServiceError(error) && Number(error.code) === NOT_FOUND) return false
        throw error
      }
    },
    /** Merged into what stands there. */
    async set(): Promise<void> {
      await timed(() => connection.workflowService.updateNamespace({ namespace, updateInfo: { data: { [name]: new Date().toISOString() } } }))
    },
  }
}

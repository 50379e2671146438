export type OperationKind = 'install' | 'uninstall' | 'start' | 'stop'

/** What a user does to a package: durable, a workflow (marketplace.md 2). Id: a GUID. */
export interface Operation {
  readonly kind: OperationKind
  readonly packageId: string
  readonly status: 'Running' | 'Completed' | 'Failed'
  readonly errors: readonly string[]
  /** ms since the epoch. */
  readonly startedAt: number
  readonly endedAt?: number
}

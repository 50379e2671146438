import type { CycleId } from '../domain/ids.ts'

export interface InstalledCycle {
  readonly cycleId: CycleId
  readonly templateId: string
  readonly templateReleaseId: string
}

/** A package in an account. Id: the package's. */
export interface Installation {
  readonly packageId: string
  readonly marketplaceId: string
  /** In the package's order of templates. */
  readonly cycles: readonly InstalledCycle[]
  /** Of the deploy call under which it was installed. */
  readonly completeParameter?: string
  /** ms since the epoch. */
  readonly installedAt: number
  readonly status: 'Installed' | 'Started' | 'Stopped'
}

import type { CycleDocument } from '../domain/document.ts'

/** Exactly one is `Live` once any was promoted; the ones before it are `Deprecated` (marketplace.md 1). */
export type ReleaseStatus = 'Draft' | 'Live' | 'Deprecated'

export interface TemplateRelease {
  /** GUID. */
  readonly id: string
  readonly status: ReleaseStatus
  /** ms since the epoch. */
  readonly createdAt: number
  /** As saved, secrets sealed. */
  readonly document: CycleDocument
}

/** What cycles are installed from. Id: a GUID. */
export interface Template {
  readonly name: string
  readonly description: string
  readonly tags: readonly string[]
  readonly published: boolean
  /** The oldest first. */
  readonly releases: readonly TemplateRelease[]
}

import type { CycleDocument } from '../domain/document.ts'
import type { Identifier, StepId } from '../domain/ids.ts'
import type { Records } from './records.ts'

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
  /** Of the webhook steps of all its releases; absent where none was ever given. */
  readonly identifiers?: { readonly [step: StepId]: Identifier }
}

export interface Templates extends Records<Template> {
  /** The webhook step behind an identifier, in the newest release that has it. */
  byIdentifier(identifier: Identifier): Promise<{ readonly id: string; readonly document: CycleDocument; readonly stepId: StepId } | undefined>
}

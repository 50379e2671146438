/** What the inbox has for cycles whose trigger is a schedule: their runs, and what their Temporal Schedules follow (cycles.md 4). */
import type { Place, StepId, TransactionId } from '../domain/ids.ts'
import type { CycleState } from '../domain/states.ts'
import type { MatchValue, Refusal, Versioned } from './inbox.ts'

/** A run of a schedule that fell due. */
export interface ScheduledRequest extends Versioned {
  /** A fresh id; becomes the transaction's unless that run was accepted before. */
  readonly transaction: TransactionId
  readonly stepId: StepId
  /** When it fell due, in ISO 8601: the run's key. */
  readonly due: string
  /** The start of the cycle that the schedule was made for: runs of another one are none. */
  readonly activation: number
  /** JSON of the trigger's step data. */
  readonly data: string
  readonly values: readonly MatchValue[]
  readonly maxConcurrency?: number
  /** The cycle finishes with this run (`runOnce`). */
  readonly once: boolean
}

export type ScheduledAnswer =
  | Extract<Refusal, { readonly outcome: 'deleted' | 'inactive' | 'stale' }> // inactive: not Active, or started anew since
  | { readonly outcome: 'accepted'; readonly transaction: TransactionId; readonly replayed: boolean }
  | { readonly outcome: 'skipped' } // the previous run is in progress or queued; a notice tells

/** What the Temporal Schedule of a cycle has to reflect. */
export interface Scheduling {
  readonly state: CycleState
  /** ms since the epoch, by Redis's clock: when the cycle was started last; each start has another. */
  readonly activation: number
  /** Grows with each change that the schedule has to follow. */
  readonly change: number
}

/** Cycles whose trigger is a schedule: worker. */
export interface InboxSchedule {
  /** Undefined: deleted, or unknown. */
  scheduling(place: Place): Promise<Scheduling | undefined>
  /** Only while the cycle is Active; a repeat answers as the first one. */
  acceptScheduled(request: ScheduledRequest): Promise<ScheduledAnswer>
}

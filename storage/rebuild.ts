/**
 * What is done when Redis was emptied (protocol.md, Rebuilding): cycles come back from an export, their transactions from Temporal's list. Every method may
 * be repeated, and none writes over what is there.
 */
import type { Place, StepId, TransactionId } from '../domain/ids.ts'
import type { CycleState } from '../domain/states.ts'

/** An open transaction as Temporal lists it. */
export interface OpenTransaction {
  readonly transaction: TransactionId
  /** `running`, `failed`: its values are not known; its workflow is asked for them. */
  readonly kind: 'waiting' | 'running' | 'failed'
  /** Its start, in ms since the epoch, with three decimals: transactions are ordered by it. */
  readonly startedAt: string
  /** What it waits for: step, and hash of step and value together. */
  readonly values: readonly { readonly stepId: StepId; readonly hash: string }[]
}

export interface Standing {
  readonly state: CycleState
  /** ms since the epoch; of a cycle that never stopped 0. */
  readonly stoppedAt: number
  /** Its last start, which the runs of a schedule belong to; of a cycle that was never started 0. */
  readonly activation: number
  /** Its first run, which has not come yet, is its last: as for `create`. */
  readonly once: boolean
}

export interface InboxRebuild {
  /** Makes a cycle in that state, its index missing; one that is there stays as it is. `scheduled`: as for `create`. */
  importCycle(place: Place, version: number, scheduled: boolean, standing: Standing): Promise<'made' | 'there' | 'deleted'>
  /** For an export; undefined where there is no such cycle. */
  standing(place: Place): Promise<Standing | undefined>
  /** Cycles of a partition whose index is missing, or all of them. */
  toRebuild(partition: number, all: boolean): Promise<readonly Place[]>
  /** To be called before Temporal is asked. While the index of a cycle is missing, its inbox only takes. */
  beginRebuild(place: Place): Promise<void>
  rebuild(place: Place, transactions: readonly OpenTransaction[]): Promise<void>
  /** All that is open was recorded: the rest follows from the inbox itself, which goes on from now. */
  endRebuild(place: Place): Promise<void>
  /** Running and failed transactions that nobody knows the values of: the hint of a stop makes them tell (`check`). Each comes again until `strayDone`. */
  strays(partition: number, max: number): Promise<readonly { readonly place: Place; readonly transaction: TransactionId }[]>
  strayDone(place: Place, transaction: TransactionId): Promise<void>
}

/** What the upkeep asks of the inbox (protocol.md, The sweep). Every method is one atomic script, or one for each cycle of a partition. */
import type { Place, StepId, TransactionId } from '../domain/ids.ts'

/** Something durable to be done about a cycle, from its control stream. */
export interface Control {
  readonly place: Place
  readonly id: string
  /** `schedule`: the Temporal Schedule is to follow the cycle's state. `unsubscribe`: subscriptions of it are to end. */
  readonly op: 'stop' | 'delete' | 'schedule' | 'unsubscribe'
  /** The epoch that was stopped or deleted; of the others the number of the change. */
  readonly epoch: number
}

/** Something that is to become an incident: a request that matched nothing any more, an entry whose step today's document has not. */
export interface Notice {
  readonly id: string
  readonly place: Place
  readonly kind: 'unmatched' | 'stepGone' | 'triggerSkipped'
  /** The transaction that the request had matched before, that was dropped, or that was the reason to skip a run. */
  readonly transaction?: TransactionId
  /** Of a run that was skipped: when it fell due. */
  readonly request: string
  readonly stepId: StepId
  readonly at: number
}

export interface InboxUpkeep {
  /** Whether this worker looks after a partition now: one does, for a few seconds at a time. */
  keep(partition: number, worker: string): Promise<boolean>
  /** One pass of the sweep over one partition (call for all each second): dead leases, lost wake-ups, expired early requests, batches of drops. */
  sweep(partition: number): Promise<void>
  /** Members and waiting whose workflow ought to be asked about; each is marked as asked. */
  toAsk(partition: number, max: number): Promise<readonly { readonly place: Place; readonly transaction: TransactionId; readonly since: number }[]>
  answer(place: Place, transaction: TransactionId, since: number, found: 'completed' | 'closed' | 'unknown'): Promise<void>
  /**
   * Transactions past their retention, of which nothing is shown any more: whatever else has data of them is to forget them, then `removed` is called;
   * until then they come again. `started`: a workflow of it may be there.
   */
  removals(partition: number, max: number): Promise<readonly Removal[]>
  removed(place: Place, transactions: readonly TransactionId[]): Promise<void>
  /** Entries of the control streams of one partition, oldest first; they stay until `controlDone`. */
  controls(partition: number, max: number): Promise<readonly Control[]>
  controlDone(control: Control): Promise<void>
  /** Notices of one partition, oldest first; they stay until `noticesDone`. */
  notices(partition: number, max: number): Promise<readonly Notice[]>
  noticesDone(partition: number, done: readonly Notice[]): Promise<void>
  /** Parents whose items have come as far as they wait for, and who have not asked for a while since: they are to be told, then `woken` is called. */
  wakes(partition: number, max: number): Promise<readonly Wake[]>
  woken(wake: Wake): Promise<void>
  /** Items of a split that run, in order, page by page: to be stopped. Those that wait or stand failed are not among them. */
  runningItems(place: Place, parent: TransactionId, split: string, from: string, max: number): Promise<Members>
  /** For the `cycleOperation` workflow, page by page: doomed ones; for a delete: all that have an open workflow. Some may come twice. */
  doomed(place: Place, from: string, max: number): Promise<Members>
  everyone(place: Place, from: string, max: number): Promise<Members>
  /** Ends a delete: purges what is left of the keys. */
  purge(place: Place): Promise<void>
}

/** A split whose items have come as far as their parent waits for. */
export interface Wake {
  readonly place: Place
  readonly transaction: TransactionId
  readonly split: string
  /** Tells it from a later one. */
  readonly at: number
}

export interface Removal {
  readonly place: Place
  readonly transaction: TransactionId
  readonly started: boolean
}

/** A page; about as many as were asked for, also none. `next`: where to go on (from '' at first), undefined after the last. */
export interface Members {
  readonly transactions: readonly TransactionId[]
  readonly next: string | undefined
}

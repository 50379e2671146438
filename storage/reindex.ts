/** The rebuilding of the index as operators see it, and who does it: one worker at a time. All methods reject with `StorageUnavailable`. */

/** `requested`: a worker takes it up within seconds. */
export interface ReindexProgress {
  readonly state: 'none' | 'requested' | 'running' | 'done'
  /** ms since the epoch. */
  readonly startedAt: number | undefined
  readonly endedAt: number | undefined
  readonly cycles: number
  readonly cyclesDone: number
  /** Open transactions that Temporal listed. */
  readonly waiting: number
  readonly running: number
  /** Why it does not get on. */
  readonly problem: string | undefined
}

export interface ReindexRequests {
  /** The index of all cycles is looked through, also where it seems whole. */
  request(): Promise<void>
  progress(): Promise<ReindexProgress>
}

export interface ReindexWork {
  /** Whether this worker looks after it: one does, for 15 s after each call. */
  keep(worker: string): Promise<boolean>
  /** Whether it was requested and not carried out since. */
  requested(): Promise<boolean>
  /** `all`: it answers the requests made until now. */
  begin(cycles: number, all: boolean): Promise<void>
  add(counts: Partial<Pick<ReindexProgress, 'cyclesDone' | 'waiting' | 'running'>>): Promise<void>
  failed(problem: string): Promise<void>
  end(): Promise<void>
}

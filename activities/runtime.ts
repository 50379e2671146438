/** What an activity may ask of the run it is in: bound to `@temporalio/activity` in the worker. */
export interface ActivityRuntime {
  /** Tells the server that the activity lives; without it another worker takes it over only after its whole timeout. */
  heartbeat(): void
  /** Temporal's id of the workflow's run. */
  readonly runId: string
  /** Aborted when the activity was cancelled or the worker shuts down. */
  readonly signal: AbortSignal
  /** From 1; more where it was tried before. */
  readonly attempt: number
}

const EVERY_MS = 1_000

/** Runs `work` with a heartbeat each second. */
export async function heartbeating<T>(runtime: ActivityRuntime, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timer = setInterval(() => runtime.heartbeat(), EVERY_MS)
  try {
    return await work(runtime.signal)
  } finally {
    clearInterval(timer)
  }
}

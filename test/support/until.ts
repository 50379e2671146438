import { setTimeout as sleep } from 'node:timers/promises'

export interface UntilOptions {
  /** Default 60 s: a bound, never a pace. */
  readonly timeoutMs?: number
  /** Default 25 ms. */
  readonly everyMs?: number
  /** What is waited for, for the message. */
  readonly what?: string
}

/**
 * Polls until `look` gives something else than undefined or false, and answers that. Errors of `look` count as "not yet"; the last one is told when
 * the time is up.
 */
export async function until<T>(look: () => T | Promise<T>, options: UntilOptions = {}): Promise<Exclude<T, undefined | false>> {
  const { timeoutMs = 60_000, everyMs = 25, what = 'what the test waits for' } = options
  const deadline = performance.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const found = await look()
      last = undefined
      if (isThere(found)) return found
    } catch (error) {
      last = error
    }
    if (performance.now() >= deadline) throw new Error(`${what} did not happen within ${timeoutMs} ms`, last === undefined ? {} : { cause: last })
    await sleep(everyMs)
  }
}

function isThere<T>(found: T): found is Exclude<T, undefined | false> {
  return found !== undefined && found !== false
}

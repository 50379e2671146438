/** Wakes those who wait, in this process; a ring that nobody waits for is heard by whoever waits next. */
export interface Bell {
  ring(): void
  /** Until it rings, `signal` is aborted, or so much time (ms) has passed. */
  heard(signal: AbortSignal, ms?: number): Promise<void>
}

export function createBell(): Bell {
  const waiting = new Set<() => void>()
  let rung = false
  return {
    ring() {
      rung = waiting.size === 0
      for (const wake of [...waiting]) wake()
    },
    heard(signal, ms) {
      if (rung || signal.aborted) {
        rung = false
        return Promise.resolve()
      }
      return new Promise(resolve => {
        const wake = (): void => {
          waiting.delete(wake)
          clearTimeout(timer)
          signal.removeEventListener('abort', wake)
          resolve()
        }
        const timer = ms === undefined ? undefined : setTimeout(wake, ms)
        waiting.add(wake)
        signal.addEventListener('abort', wake, { once: true })
      })
    },
  }
}

/** Lets only so many calls of one kind be under way at once: the others wait their turn, in order. */
export interface Turns {
  /** Runs `call` when it is its turn; rejects where that does not come within `patienceMs`. `call` is told how many ms of them are left. */
  <T>(patienceMs: number, call: (leftMs: number) => Promise<T>): Promise<T>
}

export function createTurns(width: number): Turns {
  let free = width
  const waiting = new Set<() => void>()

  function turn(patienceMs: number): Promise<void> {
    if (free > 0) {
      free--
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const mine = (): void => {
        clearTimeout(timer)
        resolve()
      }
      const timer = setTimeout(() => {
        waiting.delete(mine)
        reject(new Error(`No turn came within ${patienceMs} ms`))
      }, patienceMs)
      waiting.add(mine)
    })
  }

  function next(): void {
    const [first] = waiting
    if (first === undefined) {
      free++
      return
    }
    waiting.delete(first)
    first()
  }

  return async (patienceMs, call) => {
    const end = performance.now() + patienceMs
    await turn(patienceMs)
    try {
      return await call(Math.max(1, end - performance.now()))
    } finally {
      next()
    }
  }
}

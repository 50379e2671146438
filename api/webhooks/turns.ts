/** Lets only so many things of one kind be under way at once: the others wait their turn, in order. */
export interface Turns {
  /** Resolves when it is the caller's turn, with what ends it (once: a second call does nothing); with undefined where `giveUp` is raised before. */
  take(giveUp: AbortSignal): Promise<(() => void) | undefined>
}

export function createTurns(width: number): Turns {
  let free = width
  const waiting = new Set<() => void>()

  function turn(): () => void {
    let over = false
    return () => {
      if (over) return
      over = true
      const [next] = waiting
      if (next === undefined) free++
      else next()
    }
  }

  return {
    take(giveUp) {
      if (giveUp.aborted) return Promise.resolve(undefined)
      if (free > 0) {
        free--
        return Promise.resolve(turn())
      }
      return new Promise(resolve => {
        const mine = (): void => {
          waiting.delete(mine)
          giveUp.removeEventListener('abort', leave)
          resolve(turn())
        }
        const leave = (): void => {
          waiting.delete(mine)
          resolve(undefined)
        }
        giveUp.addEventListener('abort', leave, { once: true })
        waiting.add(mine)
      })
    },
  }
}

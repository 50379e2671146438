/** Lets only so many things of one kind be under way at once: the others wait their turn. */
export interface Turns {
  /**
   * Resolves when it is the caller's turn, with what ends it (once: a second call does nothing); with undefined where `giveUp` is raised before.
   * Those who wait come to it group by group in turn, and within a group in order.
   */
  take(giveUp: AbortSignal, group?: string): Promise<(() => void) | undefined>
}

/** `width` says how many may be under way now. */
export function createTurns(width: () => number): Turns {
  let taken = 0
  /** The group whose turn is next comes first; none is empty. */
  const waiting = new Map<string, Set<() => void>>()

  function turn(): () => void {
    let over = false
    taken++
    return () => {
      if (over) return
      over = true
      taken--
      while (taken < width() && pass());
    }
  }

  /** Whether somebody waited. */
  function pass(): boolean {
    const [first] = waiting
    if (first === undefined) return false
    const [group, members] = first
    const [next] = members
    waiting.delete(group)
    if (next !== undefined) members.delete(next)
    if (members.size > 0) waiting.set(group, members)
    next?.()
    return true
  }

  return {
    take(giveUp, group = '') {
      if (giveUp.aborted) return Promise.resolve(undefined)
      if (taken < width()) return Promise.resolve(turn())
      return new Promise(resolve => {
        const mine = (): void => {
          giveUp.removeEventListener('abort', gone)
          resolve(turn())
        }
        const members = waiting.get(group) ?? new Set()
        const gone = (): void => {
          if (members.delete(mine) && members.size === 0) waiting.delete(group)
          resolve(undefined)
        }
        giveUp.addEventListener('abort', gone, { once: true })
        waiting.set(group, members.add(mine))
      })
    },
  }
}

/**
 * How many starts a process may have sent that have not begun. What stands in the server's own queues is in the way of every other account's event
 * (webhooks.md 2, architecture.md 3), so only as many are sent as keep it busy.
 */
export interface Pace {
  readonly size: number
  /** One began `tookMs` after it was sent. */
  began(tookMs: number): void
}

/** What a pace aims at. */
export interface Aim {
  /** How many there may be before anything is known. */
  readonly first: number
  /** The fewest, also where the server is slow. */
  readonly least: number
  /** ms from which on a start came too late; `quickestMs`: what the quickest of those before took. */
  readonly late: (quickestMs: number) => number
}

/** As many as begin within half a second: nothing is left idle. */
export const BUSY: Aim = { first: 32, least: 4, late: () => 500 }

/** Hardly more than begin at once: what comes next waits for hardly anything. Twice the quickest is a queue of one; below a few ms it is chance. */
export const PROMPT: Aim = { first: 1, least: 1, late: quickestMs => Math.max(25, 2 * quickestMs) }

/** More keep a worker no busier. */
const MOST = 32
/** The quickest is that of the latest so many, or up to twice as many: what was quick long ago says nothing. Then it begins anew, to see how quick the server is by itself. */
const REMEMBERED = 500

export function createPace({ first, least, late }: Aim): Pace {
  let size = first
  let quickest = { before: Number.POSITIVE_INFINITY, now: Number.POSITIVE_INFINITY, count: 0 }
  return {
    get size() {
      return size
    },
    began(tookMs) {
      const { before, now, count } = quickest
      const latest = Math.min(now, tookMs)
      const over = count === REMEMBERED
      quickest = over ? { before: latest, now: Number.POSITIVE_INFINITY, count: 0 } : { before, now: latest, count: count + 1 }
      if (over) size = Math.min(size, first)
      else size = tookMs > late(Math.min(before, latest)) ? Math.max(least, size - 1) : Math.min(MOST, size + 1)
    },
  }
}

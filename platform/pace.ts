/**
 * How many starts a process may have sent that have not begun: as many as begin within half a second. A server that is quick is kept busy, and where it
 * is slow an account's single event does not wait long behind those of another (webhooks.md 2).
 */
export interface Pace {
  readonly size: number
  /** One began `tookMs` after it was sent. */
  began(tookMs: number): void
}

/** More keep a worker no busier, and lengthen Temporal's own backlog (architecture.md 3); fewer leave it waiting. */
const MOST = 32
const LEAST = 4
const TARGET_MS = 500

export function createPace(): Pace {
  let size = MOST
  return {
    get size() {
      return size
    },
    began(tookMs) {
      size = tookMs > TARGET_MS ? Math.max(LEAST, size - 1) : Math.min(MOST, size + 1)
    },
  }
}

/** Transactions that this worker started and that have not begun: a bounded number, so that Temporal's own backlog stays short (architecture.md 3). */
import type { AccountId, TransactionId } from '../domain/ids.ts'
import { BUSY, createPace, PROMPT } from '../platform/pace.ts'

export interface Window {
  /** The account has its turn: while several have, none of them is to wait long behind another (webhooks.md 2). */
  turnOf(account: AccountId): void
  /** How many more may be started now. */
  room(): number
  add(transaction: TransactionId): void
  began(transaction: TransactionId): void
  /** It will not begin, or has long ago. */
  leave(transaction: TransactionId): void
  /** Resolves when there is room; rejects when `signal` is aborted. */
  waitForRoom(signal: AbortSignal): Promise<void>
}

/** After this long (ms) a start leaves the window unasked: the message that it began may have been lost. */
const FORGOTTEN = 5_000
/** Accounts had turns beside each other within this (ms). */
const BESIDE = 10_000

export function createWindow(now: () => number = () => performance.now()): Window {
  let pace = createPace(BUSY)
  let latest: { readonly account: AccountId; readonly at: number } | undefined
  let sharedAt: number | undefined
  const pending = new Map<TransactionId, number>()
  const waiting = new Set<() => void>()

  function forget(): void {
    for (const [transaction, since] of pending) {
      if (now() - since < FORGOTTEN) break
      pending.delete(transaction)
    }
  }
  const room = (): number => {
    if (pending.size >= pace.size) forget()
    return Math.max(0, pace.size - pending.size)
  }

  function leave(transaction: TransactionId): void {
    if (!pending.delete(transaction) || room() === 0) return
    for (const go of waiting) go()
  }

  return {
    room,
    turnOf(account) {
      const at = now()
      const shared = latest !== undefined && latest.account !== account && at - latest.at < BESIDE
      if (shared && sharedAt === undefined) pace = createPace(PROMPT)
      if (shared) sharedAt = at
      else if (sharedAt !== undefined && at - sharedAt >= BESIDE) {
        sharedAt = undefined
        pace = createPace(BUSY)
      }
      latest = { account, at }
    },
    add: transaction => void pending.set(transaction, now()),
    began(transaction) {
      const since = pending.get(transaction)
      if (since !== undefined) pace.began(now() - since)
      leave(transaction)
    },
    leave,
    waitForRoom(signal) {
      if (room() > 0) return Promise.resolve()
      return new Promise((resolve, reject) => {
        const done = (): void => {
          clearTimeout(timer)
          waiting.delete(done)
          signal.removeEventListener('abort', abort)
          resolve()
        }
        const abort = (): void => {
          clearTimeout(timer)
          waiting.delete(done)
          reject(signal.reason)
        }
        const timer = setTimeout(done, 1_000)
        signal.addEventListener('abort', abort, { once: true })
        waiting.add(done)
      })
    },
  }
}

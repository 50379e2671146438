/** Until when a sender is waited for: its time is up, or it hung up. */
import type { ServerResponse } from 'node:http'
import { StorageUnavailable } from '../../domain/errors.ts'

export interface Deadline {
  /** ms, monotonic (`performance.now()`). */
  readonly at: number
  /** Raised when the sender hung up. */
  readonly gone: AbortSignal
}

/** ms left; 0 where the time is up or the sender is gone. */
export const remaining = (deadline: Deadline): number => (deadline.gone.aborted ? 0 : Math.max(0, deadline.at - performance.now()))

/** Waits, but not longer than the deadline, nor after the sender hung up. */
export function pause(ms: number, deadline: Deadline): Promise<void> {
  const left = Math.min(ms, remaining(deadline))
  if (left <= 0) return Promise.resolve()
  return new Promise(resolve => {
    const done = (): void => {
      clearTimeout(timer)
      deadline.gone.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, left)
    deadline.gone.addEventListener('abort', done, { once: true })
  })
}

/** A signal that is raised when the sender hangs up before it was answered. */
export function hangUp(res: ServerResponse): AbortSignal {
  const controller = new AbortController()
  if (res.destroyed || res.closed) controller.abort()
  else res.once('close', () => controller.abort())
  return controller.signal
}

/** Longest wait for Redis: what is hung is answered 503 within 10 s (operations.md 3). */
const STORAGE_MS = 8_000

/** The answer of the store, or `StorageUnavailable` where it hangs. */
export function bounded<T>(asked: Promise<T>, ms = STORAGE_MS): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new StorageUnavailable(`Redis did not answer within ${ms} ms`)), ms)
    asked.then(
      value => {
        clearTimeout(timer)
        resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error instanceof Error ? error : new Error(String(error)))
      },
    )
  })
}

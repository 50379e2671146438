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

/** What comes of `promise` within `ms`; undefined where that takes longer, or `gone` is raised before. `promise` goes on all the same. */
export function within<T>(ms: number, promise: Promise<T>, gone?: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const late = (): void => settle(() => resolve(undefined))
    const timer = setTimeout(late, ms)
    gone?.addEventListener('abort', late, { once: true })
    const settle = (how: () => void): void => {
      clearTimeout(timer)
      gone?.removeEventListener('abort', late)
      how()
    }
    promise.then(
      value => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
    )
    if (gone?.aborted === true) late()
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

/** Values found by a text that only its holder knows: one key each, by its SHA-256, as the text itself is never stored. All end by themselves. */
import type { Redis } from 'ioredis'
import { call, sha256 } from './registry-call.ts'

export interface Kept<T> {
  put(secret: string, value: T, ttlMs: number): Promise<void>
  get(secret: string): Promise<T | undefined>
  /** Once: of two that come with it one gets the value. */
  take(secret: string): Promise<T | undefined>
}

/** The text has at least 190 bits of chance in it: it needs nothing slower than SHA-256. `keyOf`: by the hash. */
export function createKept<T>(redis: Redis, keyOf: (hash: string) => string): Kept<T> {
  const key = (secret: string): string => keyOf(sha256(secret))
  const valueOf = (text: string | null): T | undefined => (text === null ? undefined : JSON.parse(text))
  return {
    async put(secret, value, ttlMs) {
      await call(() => redis.set(key(secret), JSON.stringify(value), 'PX', ttlMs))
    },
    get: async secret => valueOf(await call(() => redis.get(key(secret)))),
    take: async secret => valueOf(await call(() => redis.getdel(key(secret)))),
  }
}

/** Waits, and says so, until what a process needs is there (operations.md 1 and 3). */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import type { Config } from './config.ts'
import type { Logger } from './logger.ts'
import { checkDurable, VolatileRedisError } from './redis.ts'

const RETRY_MS = 1_000
/** While something is missing it is said again this often. */
const SAY_MS = 30_000

/** Tries until it works or `signal` is aborted (then rejects with its reason); `fatal` errors are passed on. */
export async function patiently<T>(
  what: string,
  logger: Logger,
  signal: AbortSignal,
  attempt: () => Promise<T>,
  fatal: (error: unknown) => boolean = () => false,
): Promise<T> {
  for (let said = -SAY_MS; ;) {
    signal.throwIfAborted()
    try {
      return await attempt()
    } catch (error) {
      if (fatal(error)) throw error
      if (performance.now() - said >= SAY_MS) {
        said = performance.now()
        logger.warn({ reason: error instanceof Error ? error.message : String(error) }, `waiting for ${what}`)
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined)
    }
  }
}

/** Nothing is accepted or begun before it is known that Redis keeps what it acknowledges. Throws `VolatileRedisError` where it does not. */
export async function awaitRedis(redis: Redis, config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  const isVolatile = (error: unknown): boolean => error instanceof VolatileRedisError
  const where = `Redis at ${redis.options.host ?? ''}:${redis.options.port ?? ''}`
  const reasons = await patiently(where, logger, signal, () => checkDurable(redis, config.allowVolatileRedis), isVolatile)
  if (reasons.length > 0) logger.warn({ reasons }, 'this Redis may lose webhooks that were answered with 200 (ALLOW_VOLATILE_REDIS)')
}

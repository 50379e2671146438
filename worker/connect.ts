/** Waits, and says so, until what the worker needs is there (operations.md 1 and 3). */
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import type { Redis } from 'ioredis'
import type { Config } from '../platform/config.ts'
import type { Logger } from '../platform/logger.ts'
import { checkDurable, VolatileRedisError } from '../platform/redis.ts'
import { ensureNamespace, temporalOptions } from '../platform/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/messages.ts'
import { connectNative } from './temporal-worker.ts'

const RETRY_MS = 1_000
/** While something is missing it is said again this often. */
const SAY_MS = 30_000
const PREPARE_MS = 30_000

/** Tries until it works or `signal` is aborted (then rejects with its reason); `fatal` errors are passed on. */
async function patiently<T>(what: string, logger: Logger, signal: AbortSignal, fatal: (error: unknown) => boolean, attempt: () => Promise<T>): Promise<T> {
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

/** Nothing is begun before it is known that Redis keeps what it acknowledges. Throws `VolatileRedisError` where it does not. */
export async function awaitRedis(redis: Redis, config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  const isVolatile = (error: unknown): boolean => error instanceof VolatileRedisError
  const reasons = await patiently(`Redis at ${redis.options.host ?? ''}:${redis.options.port ?? ''}`, logger, signal, isVolatile, () =>
    checkDurable(redis, config.allowVolatileRedis),
  )
  if (reasons.length > 0) logger.warn({ reasons }, 'this Redis may lose webhooks that were answered with 200 (ALLOW_VOLATILE_REDIS)')
}

/** A connection to Temporal whose namespace has all that the workflows use. */
export function awaitTemporal(config: Config, logger: Logger, signal: AbortSignal): Promise<NativeConnection> {
  return patiently(
    `Temporal at ${config.temporalAddress}`,
    logger,
    signal,
    () => false,
    async () => {
      const connection = await Connection.connect({ ...temporalOptions(config), connectTimeout: '5s' })
      try {
        await connection.withDeadline(Date.now() + PREPARE_MS, () => ensureNamespace(connection, config, SEARCH_ATTRIBUTES))
      } finally {
        await connection.close()
      }
      return connectNative(config)
    },
  )
}

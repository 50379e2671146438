/** Connections to Redis, and the check that what it acknowledges is on its disk (operations.md 3). */
import { Redis } from 'ioredis'
import type { Logger } from './logger.ts'

export interface RedisOptions {
  /** For blocking pops (of at most 10 s) and subscriptions: commands have no deadline of their own. */
  readonly blocking?: boolean
  readonly logger?: Pick<Logger, 'warn' | 'info'>
}

/** How long a command may take (ms), waiting for a connection included: a hung Redis is answered with 503 within 10 s. */
const COMMAND_TIMEOUT = 5_000
/** How long a connection may be silent while an answer is due (ms): longer than any blocking pop. */
const SOCKET_TIMEOUT = 15_000

/**
 * A client that connects at once and for ever again. A command whose connection breaks fails at once and is never sent a second time by
 * the client: whether it was carried out is for the caller to find out, by repeating it with the same key.
 */
export function connectRedis(url: string, options: RedisOptions = {}): Redis {
  const redis = new Redis(url, {
    connectTimeout: 5_000,
    ...(options.blocking === true ? {} : { commandTimeout: COMMAND_TIMEOUT }),
    socketTimeout: SOCKET_TIMEOUT,
    keepAlive: 10_000,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    retryStrategy: attempt => Math.min(50 * attempt, 1_000),
  })
  let told = false
  redis.on('error', (error: Error) => {
    if (!told) options.logger?.warn({ err: error }, 'Redis cannot be reached; trying again')
    told = true
  })
  redis.on('ready', () => {
    if (told) options.logger?.info('Redis is reached again')
    told = false
  })
  return redis
}

/** Redis may lose what it acknowledged; the message says what to set. */
export class VolatileRedisError extends Error {
  readonly reasons: readonly string[]
  constructor(reasons: readonly string[]) {
    super(
      `This Redis may lose webhooks that were answered with 200:\n${reasons.map(reason => `  ${reason}`).join('\n')}\n` +
        'Start it with: redis-server --appendonly yes --appendfsync always --maxmemory-policy noeviction\n' +
        'To run with it all the same, for a trial: ALLOW_VOLATILE_REDIS=true',
    )
    this.name = 'VolatileRedisError'
    this.reasons = reasons
  }
}

const DURABLE = [
  { parameter: 'appendonly', value: 'yes' },
  { parameter: 'appendfsync', value: 'always' },
  { parameter: 'maxmemory-policy', value: 'noeviction' },
] as const

/**
 * Throws `VolatileRedisError` where Redis is not set up to keep what it acknowledges, or does not let itself be asked (`CONFIG` forbidden);
 * with `allowVolatile` it gives the reasons instead (none: durable), for the caller to log. Errors of the connection are passed on.
 */
export async function checkDurable(redis: Redis, allowVolatile: boolean): Promise<readonly string[]> {
  const reasons = await volatileReasons(redis)
  if (reasons.length > 0 && !allowVolatile) throw new VolatileRedisError(reasons)
  return reasons
}

async function volatileReasons(redis: Redis): Promise<readonly string[]> {
  const reasons: string[] = []
  for (const { parameter, value } of DURABLE) {
    let found: string | undefined
    try {
      found = configValue(await redis.call('CONFIG', 'GET', parameter), parameter)
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ReplyError') throw error
      return [`it cannot be asked, CONFIG GET is refused (${error.message})`]
    }
    if (found !== value) reasons.push(`${parameter} is ${found ?? 'unknown'}; it must be ${value}`)
  }
  return reasons
}

/** The answer of `CONFIG GET` is a flat list in RESP2 and a map in RESP3. */
function configValue(answer: unknown, parameter: string): string | undefined {
  if (Array.isArray(answer)) return answer[0] === parameter ? String(answer[1]) : undefined
  if (answer instanceof Map) return text(answer.get(parameter))
  if (typeof answer === 'object' && answer !== null) return text(new Map<string, unknown>(Object.entries(answer)).get(parameter))
  return undefined
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { checkDurable, connectRedis, VolatileRedisError } from '../../platform/redis.ts'
import { startRedisWith, type OwnRedis } from './own-redis.ts'

describe('a Redis that may lose what it acknowledged (operations.md 3)', () => {
  let volatile: OwnRedis
  beforeAll(async () => {
    volatile = await startRedisWith(['--appendonly', 'no', '--save', '', '--maxmemory-policy', 'allkeys-lru'])
  })
  afterAll(() => volatile.stop())

  it('is refused, and the message names each reason and what to do', async () => {
    const redis = connectRedis(volatile.url)
    const error: unknown = await checkDurable(redis, false).catch((caught: unknown) => caught)
    redis.disconnect()
    expect(error).toBeInstanceOf(VolatileRedisError)
    const message = error instanceof Error ? error.message : ''
    for (const part of ['appendonly is no', 'appendfsync is everysec', 'maxmemory-policy is allkeys-lru', 'ALLOW_VOLATILE_REDIS=true']) {
      expect(message).toContain(part)
    }
  })

  it('is used where that is allowed, and the reasons are given for the log', async () => {
    const redis = connectRedis(volatile.url)
    expect(await checkDurable(redis, true)).toHaveLength(3)
    redis.disconnect()
  })

  it('is refused as well where it does not let itself be asked', async () => {
    const admin = new Redis(volatile.url)
    await admin.call('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all', '-config')
    await admin.quit()
    const redis = connectRedis(volatile.url.replace('redis://', 'redis://limited:secret@'))
    await expect(checkDurable(redis, false)).rejects.toThrow('it cannot be asked')
    expect(await checkDurable(redis, true)).toHaveLength(1)
    redis.disconnect()
  })
})

describe('a connection to Redis', () => {
  it('finds the Redis of a start durable', async () => {
    const redis = connectRedis(inject('redisUrl'))
    const reasons = await checkDurable(redis, true)
    redis.disconnect()
    expect(reasons.filter(reason => !reason.startsWith('appendfsync'))).toEqual([])
  })

  it('fails a command whose connection breaks, does not send it again, and goes on with the next', async () => {
    const own = await startRedisWith(['--save', ''])
    const redis = connectRedis(own.url, { blocking: true })
    await redis.ping()
    const held = redis.blpop('nothing', 0)
    const other = new Redis(own.url)
    await other.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
    await expect(held).rejects.toThrow()
    await other.quit()
    await expect.poll(() => redis.ping().catch(() => 'broken')).toBe('PONG')
    redis.disconnect()
    await own.stop()
  })
})

import { Writable } from 'node:stream'
import { afterEach, describe, expect, inject, it } from 'vitest'
import { parseConfig, type Config } from '../../platform/config.ts'
import { createLogger } from '../../platform/logger.ts'
import { connectRedis, VolatileRedisError } from '../../platform/redis.ts'
import { awaitRedis } from '../../platform/waiting.ts'
import { awaitTemporal } from '../../worker/connect.ts'
import { startRedisWith } from '../platform/own-redis.ts'
import { until } from '../support/until.ts'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

const configOf = (env: { readonly [name: string]: string }): Config =>
  parseConfig({ ENCRYPTION_KEYS: `k:${Buffer.alloc(32).toString('base64')}`, ...env }, 'worker')

/** A logger, and the lines that it wrote. */
function logging() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(chunk.toString())
      done()
    },
  })
  return { lines, logger: createLogger({ logLevel: 'info' }, 'test', stream) }
}

/** Nothing listens there. */
const NOWHERE = '127.0.0.1:1'

describe('a worker that starts (operations.md 1 to 3)', () => {
  it('waits for Redis, says so, and stops waiting when the process ends', async () => {
    const { lines, logger } = logging()
    const redis = connectRedis(`redis://${NOWHERE}`)
    closing.push(() => redis.disconnect())
    const ending = new AbortController()
    const waiting = awaitRedis(redis, configOf({}), logger, ending.signal).catch((error: unknown) => error)
    await until(() => lines.some(line => line.includes(`waiting for Redis at ${NOWHERE}`)))
    ending.abort(new Error('the process ends'))
    expect(await waiting).toMatchObject({ message: 'the process ends' })
  })

  it('refuses a Redis that may lose what it acknowledged, or goes on with a warning where that is allowed', async () => {
    const own = await startRedisWith(['--save', ''])
    closing.push(() => own.stop())
    const redis = connectRedis(own.url)
    closing.unshift(() => redis.disconnect())
    const { lines, logger } = logging()
    const { signal } = new AbortController()
    await expect(awaitRedis(redis, configOf({}), logger, signal)).rejects.toThrow(VolatileRedisError)
    await awaitRedis(redis, configOf({ ALLOW_VOLATILE_REDIS: 'true' }), logger, signal)
    expect(lines.join()).toContain('ALLOW_VOLATILE_REDIS')
  })

  it('waits for Temporal, says so, and connects when it is there', async () => {
    const { lines, logger } = logging()
    const ending = new AbortController()
    const waiting = awaitTemporal(configOf({ TEMPORAL_ADDRESS: NOWHERE }), logger, ending.signal).catch((error: unknown) => error)
    await until(() => lines.some(line => line.includes(`waiting for Temporal at ${NOWHERE}`)))
    ending.abort(new Error('the process ends'))
    expect(await waiting).toMatchObject({ message: 'the process ends' })
    const connection = await awaitTemporal(configOf({ TEMPORAL_ADDRESS: inject('temporalAddress') }), logger, new AbortController().signal)
    closing.push(() => connection.close())
  })
})

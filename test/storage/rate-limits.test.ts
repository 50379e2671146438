import type { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { createRateLimits } from '../../storage/redis/rate-limits.ts'
import type { RateLimits } from '../../storage/rate-limits.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let limits: RateLimits
beforeAll(async () => {
  redis = (await freshRedis()).client
  limits = createRateLimits(redis)
})
afterAll(() => redis?.quit())

const account = asAccountId('00000000-0000-4000-8000-00000000000a')
const RATE = { requests: 3, perMs: 60_000 }

it('gives so many turns at once, and the others a span later each', async () => {
  const waits: number[] = []
  for (let n = 0; n < 7; n++) waits.push(await limits.take(account, 'one', `call ${n}`, RATE))
  expect(waits.slice(0, 3)).toEqual([0, 0, 0])
  for (const wait of waits.slice(3, 6)) expect(wait).toBeGreaterThan(55_000)
  for (const wait of waits.slice(3, 6)) expect(wait).toBeLessThanOrEqual(60_000)
  expect(waits[6]).toBeGreaterThan(115_000)
})

it('a call that asks again has the same turn', async () => {
  for (let n = 0; n < 3; n++) await limits.take(account, 'two', `call ${n}`, RATE)
  const first = await limits.take(account, 'two', 'late', RATE)
  const again = await limits.take(account, 'two', 'late', RATE)
  expect(again).toBeLessThanOrEqual(first)
  expect(again).toBeGreaterThan(first - 5_000)
})

it('each account connector has turns of its own, and none is taken by one that waits no more', async () => {
  for (let n = 0; n < 3; n++) await limits.take(account, 'three', `call ${n}`, RATE)
  expect(await limits.take(account, 'four', 'call', RATE)).toBe(0)
  const quick = { requests: 1, perMs: 20 }
  expect(await limits.take(account, 'five', 'a', quick)).toBe(0)
  await expect.poll(() => limits.take(account, 'five', 'b', quick)).toBe(0)
})

it('in no span are there more turns, however many ask at once', async () => {
  const perMs = 200
  const turns: number[] = []
  const ask = async (n: number): Promise<void> => {
    for (;;) {
      const wait = await limits.take(account, 'six', `call ${n}`, { requests: 5, perMs })
      if (wait === 0) break
      await new Promise(done => setTimeout(done, wait))
    }
    const [seconds, micros] = await redis.time()
    turns.push(Number(seconds) * 1_000 + Number(micros) / 1_000)
  }
  await Promise.all(Array.from({ length: 20 }, (_, n) => ask(n)))
  turns.sort((a, b) => a - b)
  expect(turns.at(-1) ?? 0).toBeGreaterThan((turns[0] ?? 0) + 3 * perMs - 50)
})

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { PartnerInbox, PartnerTurn } from '../../storage/partner-inbox.ts'
import { createPartnerInbox } from '../../storage/redis/partner-inbox.ts'
import { freshRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

let redis: Redis
let inbox: PartnerInbox
const limits = { inboxLimit: 3, inboxBytes: 1_000, totalBytes: 1_500, keyTtlMs: 60_000, leaseMs: 300 }

beforeAll(async () => {
  redis = (await freshRedis()).client
})
beforeEach(async () => {
  await redis.flushdb()
  inbox = createPartnerInbox(redis, limits)
})
afterAll(() => redis.quit())

const put = (connector: string, data: string, key?: string) => inbox.accept(connector, { id: randomUUID(), data, ...(key === undefined ? {} : { key }) })
const taken = async (): Promise<PartnerTurn> => {
  const turn = await inbox.claim()
  if (turn === undefined) throw new Error('nothing was to be done')
  return turn
}
const data = ({ events }: PartnerTurn): readonly string[] => events.map(event => event.data)

describe('the inbox of a partner webhook (webhooks.md 9)', () => {
  it('keeps events in order until they are done, characters of any kind included', async () => {
    await put('a', '{"n":"1 é\\n"}')
    await put('a', '2')
    const turn = await taken()
    expect(turn.connector).toBe('a')
    expect(data(turn)).toEqual(['{"n":"1 é\\n"}', '2'])
    for (const event of turn.events) await inbox.done(turn, event)
    await inbox.release(turn)
    expect(await inbox.claim()).toBeUndefined()
    expect(await redis.get('{partner}:bytes')).toBe('0')
    expect(await redis.hgetall('{partner}:a')).toMatchObject({ entries: '0', bytes: '0' })
  })

  it('takes a key once for each connector', async () => {
    expect(await put('a', '1', 'k')).toBe('accepted')
    expect(await put('a', '2', 'k')).toBe('replayed')
    expect(await put('b', '1', 'k')).toBe('accepted')
    expect(await inbox.known('a', 'k')).toBe(true)
    expect(await inbox.known('a', 'other')).toBe(false)
    expect(data(await taken())).toEqual(['1'])
  })

  it('is full by entries, bytes, and bytes of all; a refusal uses up no key', async () => {
    for (const n of ['1', '2', '3']) await put('a', n)
    expect(await put('a', '4', 'k')).toBe('full')
    expect(await inbox.known('a', 'k')).toBe(false)
    expect(await put('b', 'x'.repeat(1_001))).toBe('full')
    expect(await put('b', 'x'.repeat(1_000))).toBe('accepted')
    expect(await put('c', 'x'.repeat(500))).toBe('full')
    const turn = await taken()
    for (const event of turn.events) await inbox.done(turn, event)
    expect(await put('a', '4', 'k')).toBe('accepted')
  })

  it('is one holder’s for as long as the lease, then another’s', async () => {
    await put('a', '1')
    const first = await taken()
    await put('a', '2')
    expect(await inbox.claim()).toBeUndefined()
    expect(await inbox.renew(first)).toBe(true)
    const second = await until(() => inbox.claim(), { everyMs: 20 })
    expect(data(second)).toEqual(['1', '2'])
    expect(await inbox.renew(first)).toBe(false)
    await inbox.release(first)
    expect(await inbox.renew(second)).toBe(true)
  })

  it('goes on with what is behind an event that waits, and comes back to it', async () => {
    await put('a', '1')
    await put('a', '2')
    const turn = await taken()
    const [one, two] = turn.events
    if (one === undefined || two === undefined) throw new Error('two events were to be there')
    await inbox.later(turn, one, 200)
    await inbox.done(turn, two)
    await inbox.release(turn)
    expect(await inbox.claim()).toBeUndefined()
    await put('a', '3')
    const next = await taken()
    expect(data(next)).toEqual(['3'])
    for (const event of next.events) await inbox.done(next, event)
    await inbox.release(next)
    const again = await until(() => inbox.claim(), { everyMs: 20 })
    expect(again.events).toEqual([one])
    await inbox.done(again, one)
    await inbox.done(again, one)
    await inbox.release(again)
    expect(await redis.get('{partner}:bytes')).toBe('0')
  })

  it('lets connectors take turns', async () => {
    for (const connector of ['a', 'b']) for (const n of ['1', '2']) await put(connector, n)
    const first = await taken()
    const second = await taken()
    expect([first.connector, second.connector].toSorted()).toEqual(['a', 'b'])
    expect(await inbox.claim()).toBeUndefined()
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asRequestId, asTransactionId } from '../../domain/ids.ts'
import { createFixture, DAY, HOUR, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const key = { identifier: 'identifier', key: 'key' }

describe('a trigger (webhooks.md 2)', () => {
  test('is refused as deleted where the cycle is unknown or was deleted', async () => {
    const cycle = await f.cycle()
    await f.inbox.delete(cycle.place)
    expect(await cycle.trigger()).toEqual({ outcome: 'deleted' })
    expect(await f.inbox.peek({ ...cycle.place, account: cycle.place.account }, 1, undefined)).toEqual({ outcome: 'deleted' })
  })

  test('is refused as inactive where the cycle was never started', async () => {
    const cycle = await f.cycle({ active: false })
    expect(await cycle.trigger()).toEqual({ outcome: 'inactive' })
    expect(await f.inbox.peek(cycle.place, 1, undefined)).toEqual({ outcome: 'inactive' })
  })

  test('is refused as stale where the caller knows another version of the document', async () => {
    const cycle = await f.cycle()
    expect(await cycle.trigger({ version: 2 })).toEqual({ outcome: 'stale' })
  })

  test('of an active cycle is a Queued transaction, next in the inbox', async () => {
    const cycle = await f.cycle()
    const transaction = asTransactionId(randomUUID())
    expect(await cycle.trigger({ transaction })).toEqual({ outcome: 'accepted', transaction, replayed: false, next: 'inbox' })
    expect(await cycle.statusOf(transaction)).toBe('Queued')
    expect(await cycle.status()).toMatchObject({ queued: 1, inProgress: 0, oldest: f.now() })
  })

  test('is queued while the cycle is stopped, to the last ms before 24 hours, and refused at exactly 24', async () => {
    const cycle = await f.cycle()
    await f.inbox.deactivate(cycle.place)
    f.pass(DAY - 1)
    expect(await cycle.trigger()).toMatchObject({ outcome: 'accepted', next: 'queued' })
    f.pass(1)
    expect(await cycle.trigger()).toEqual({ outcome: 'inactive' })
  })

  test('with a sender that is held is for the caller to start, unless places are limited or the cycle does not run', async () => {
    const cycle = await f.cycle()
    expect(await cycle.trigger({ held: true })).toMatchObject({ next: 'start' })
    expect(await cycle.status()).toMatchObject({ inProgress: 1, queued: 0 })
    expect(await cycle.trigger({ held: true, maxConcurrency: 5 })).toMatchObject({ next: 'inbox' })
    await f.inbox.finish(cycle.place)
    expect(await cycle.trigger({ held: true })).toMatchObject({ next: 'queued' })
  })
})

describe('limits (webhooks.md 2: 429)', () => {
  test('hold for entries and bytes of a cycle, and what is taken out makes room', async () => {
    const small = await createFixture({ inboxLimit: 2, inboxBytes: 10 })
    const cycle = await small.cycle()
    expect(await cycle.trigger({ data: '12345678901' })).toEqual({ outcome: 'full' })
    await cycle.running({ data: '1234567890' })
    await cycle.accepted({ data: '12345' })
    await cycle.accepted({ data: '12345' })
    expect(await cycle.trigger({ data: '' })).toEqual({ outcome: 'full' })
    expect(await cycle.request()).toEqual({ outcome: 'full' })
    await small.close()
  })

  test('hold for all cycles of a partition together', async () => {
    const small = await createFixture({ inboxTotalBytes: 160 })
    const first = await small.cycle()
    await first.accepted({ data: '12345678' })
    const second = await small.cycle({ account: first.place.account })
    expect(await second.trigger({ data: '123' })).toEqual({ outcome: 'full' })
    await small.inbox.delete(first.place)
    expect(await second.trigger({ data: '123' })).toMatchObject({ outcome: 'accepted' })
    await small.close()
  })

  test('a refusal writes nothing', async () => {
    const small = await createFixture({ inboxLimit: 0 })
    const cycle = await small.cycle()
    const before = await small.redis.dbsize()
    expect(await cycle.trigger({ key })).toEqual({ outcome: 'full' })
    expect(await small.redis.dbsize()).toBe(before)
    await small.close()
  })
})

describe('an idempotency key (webhooks.md 5)', () => {
  test('names the same transaction again, whatever the state of the cycle', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted({ key })
    const again = { outcome: 'accepted', transaction, replayed: true }
    expect(await cycle.trigger({ key })).toMatchObject({ ...again, next: 'inbox' })
    await f.inbox.deactivate(cycle.place)
    f.pass(HOUR)
    expect(await cycle.trigger({ key })).toMatchObject(again)
    expect(await f.inbox.peek(cycle.place, 1, key)).toMatchObject({ outcome: 'known', transaction, ignored: false })
    expect((await cycle.status()).queued).toBe(1)
  })

  test('two requests racing with one key make one transaction', async () => {
    const cycle = await f.cycle()
    const answers = await Promise.all(Array.from({ length: 10 }, () => cycle.trigger({ key })))
    expect(new Set(answers.map(a => a.outcome === 'accepted' && a.transaction)).size).toBe(1)
    expect((await cycle.status()).queued).toBe(1)
  })

  test('of another identifier is another key', async () => {
    const cycle = await f.cycle()
    expect(await cycle.accepted({ key })).not.toBe(await cycle.accepted({ key: { ...key, identifier: 'other' } }))
  })

  test('of a transaction that is over stays for the retention, at least 24 hours', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ key })
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', HOUR)
    const [found] = await f.redis.keys(`*${cycle.place.cycle}:key:*`)
    expect(await f.redis.pttl(found ?? '')).toBeGreaterThan(DAY - HOUR)
    expect(await cycle.trigger({ key })).toMatchObject({ transaction, replayed: true, next: 'start' })
  })

  test('is used up by a request that after_webhook turned away', async () => {
    const cycle = await f.cycle()
    const request = asRequestId(randomUUID())
    await f.inbox.ignored(cycle.place, request, key)
    expect(await f.inbox.peek(cycle.place, 1, key)).toMatchObject({ outcome: 'known', request, ignored: true })
    expect(await cycle.request({ key })).toMatchObject({ outcome: 'ignored', request, replayed: true })
    expect((await cycle.status()).ignored).toBe(1)
  })

  test('is unknown again once what it named was dropped', async () => {
    const cycle = await f.cycle()
    await f.inbox.deactivate(cycle.place)
    const transaction = await cycle.accepted({ key })
    f.pass(DAY)
    expect((await cycle.status()).queued).toBe(0)
    expect(await cycle.statusOf(transaction)).toBe('Dropped')
    expect(await f.inbox.peek(cycle.place, 1, key)).toEqual({ outcome: 'inactive' })
    await f.inbox.activate(cycle.place)
    const other = await cycle.accepted({ key })
    expect(other).not.toBe(transaction)
    await f.sweep()
    expect(await cycle.trigger({ key })).toMatchObject({ transaction: other, replayed: true })
    expect(await cycle.statusOf(transaction)).toBe('Dropped')
  })
})

describe('a mid-cycle request (webhooks.md 6)', () => {
  test('meets the most recent transaction with its value, also one that is still in the inbox', async () => {
    const cycle = await f.cycle()
    await cycle.waiting({ value: 'v' })
    const recent = await cycle.accepted({ value: 'v' })
    await cycle.accepted({ value: 'other' })
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: recent, replayed: false })
  })

  test('without a value, or without a window, is unmatched at once where nothing has its value', async () => {
    const cycle = await f.cycle()
    const { value: _none, ...without } = { value: 'v', window: 0 }
    expect(await cycle.request(without)).toMatchObject({ outcome: 'unmatched' })
    expect((await cycle.status()).unmatched).toBe(1)
  })

  test('is kept for its window and meets the first transaction that gets the value', async () => {
    const cycle = await f.cycle()
    const early = await cycle.request()
    expect(early).toMatchObject({ outcome: 'early' })
    f.pass(59_999)
    const transaction = await cycle.accepted({ value: 'v' })
    if (!('request' in early)) throw new Error('refused')
    expect(await f.inbox.outcomeOf(cycle.place, early.request)).toEqual({ outcome: 'matched', transaction })
  })

  test('is unmatched once its window is over, with a notice', async () => {
    const cycle = await f.cycle()
    const early = await cycle.request()
    f.pass(60_000)
    await f.sweep()
    if (!('request' in early)) throw new Error('refused')
    expect(await f.inbox.outcomeOf(cycle.place, early.request)).toEqual({ outcome: 'unmatched' })
    expect((await cycle.status()).unmatched).toBe(1)
    const notices = (await Promise.all(Array.from({ length: 16 }, (_, p) => f.inbox.notices(p, 100)))).flat()
    expect(notices.filter(n => n.place.cycle === cycle.place.cycle)).toMatchObject([{ kind: 'unmatched', request: early.request, stepId: 'despatched' }])
  })

  test('is queued while the cycle does not run, whatever waits for it', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.waiting({ value: 'v' })
    await f.inbox.deactivate(cycle.place)
    expect(await cycle.request()).toMatchObject({ outcome: 'queued' })
    expect(await cycle.statusOf(transaction)).toBe('Waiting')
  })

  test('with a key is delivered once', async () => {
    const cycle = await f.cycle()
    await cycle.waiting({ value: 'v' })
    const first = await cycle.request({ key })
    const again = await cycle.request({ key })
    if (!('request' in first)) throw new Error('refused')
    expect(again).toMatchObject({ outcome: 'matched', request: first.request, replayed: true })
    const turn = await cycle.take()
    expect(await cycle.claim(turn)).toHaveLength(1)
  })
})

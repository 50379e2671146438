import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cycleKey, cycleSuffix, keyHash, partitionOf } from '../../storage/keys.ts'
import { createFixture, DAY, HOUR, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const MINUTE = 60_000
const key = { identifier: 'i', key: 'k' }
/** For how long the key stays, in ms from now; Redis's own clock counts it. */
const keyFor = (cycle: Cycle) => f.redis.pttl(`${cycleKey(cycle.place)}${cycleSuffix.key}${keyHash(key)}`)
const listed = async (cycle: Cycle) => (await f.inbox.list(cycle.place, { limit: 10 })).map(t => t.id)
const removed = async (cycle: Cycle) => (await f.remove()).filter(r => r.place.cycle === cycle.place.cycle).map(r => r.transaction)

describe('the retention of a transaction (cycles.md 1 and 6)', () => {
  test('hides it at its end, exactly; record, key and run go with it where that is a day or more', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ key })
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', 3 * DAY)
    expect(await keyFor(cycle)).toBeGreaterThan(3 * DAY - MINUTE)
    f.pass(3 * DAY - 1)
    await f.sweep()
    expect(await listed(cycle)).toEqual([transaction])
    f.pass(1)
    // Also before a sweep has come.
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    expect(await f.inbox.stopTransaction(cycle.place, transaction)).toBe('unknown')
    expect(await listed(cycle)).toEqual([])
    expect(await removed(cycle)).toEqual([])
    f.pass(MINUTE)
    expect(await removed(cycle)).toEqual([transaction])
    expect(await f.redis.keys(`*${transaction}*`)).toEqual([])
    expect(await removed(cycle)).toEqual([])
  })

  test('of 0s hides it at once; its key answers for a day, then record and run go', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ key })
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', 0)
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    expect(await listed(cycle)).toEqual([])
    f.pass(DAY - 1)
    await f.sweep()
    expect(await removed(cycle)).toEqual([])
    expect(await cycle.trigger({ key })).toMatchObject({ outcome: 'accepted', transaction, replayed: true })
    expect(await cycle.trigger({ key, held: true })).toMatchObject({ transaction, replayed: true, next: 'start' })
    expect(await keyFor(cycle)).toBeGreaterThan(DAY - MINUTE)
    f.pass(1 + MINUTE)
    expect(await removed(cycle)).toEqual([transaction])
  })

  test('below a day hides it then, and the rest goes after the day', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ key })
    await f.inbox.end(cycle.place, transaction, {}, 'Errored', HOUR)
    f.pass(HOUR)
    await f.sweep()
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    expect(await cycle.trigger({ key })).toMatchObject({ transaction, replayed: true })
    f.pass(DAY - HOUR + MINUTE)
    expect(await removed(cycle)).toEqual([transaction])
  })

  test('of a failed one counts from its failure; past it nothing revives it, and its end does not show it again', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running()
    await f.inbox.fail(cycle.place, transaction, {}, HOUR, 1)
    f.pass(HOUR)
    await f.sweep()
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
    await f.inbox.end(cycle.place, transaction, {}, 'Errored', 0)
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    f.pass(DAY + MINUTE)
    expect(await removed(cycle)).toEqual([transaction])
    expect(await f.redis.keys(`*${transaction}*`)).toEqual([])
  })

  test('takes a failed one away even where its workflow stays open', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ value: 'v' })
    await f.inbox.fail(cycle.place, transaction, {}, HOUR, 1)
    f.pass(DAY + MINUTE)
    await f.sweep()
    expect(await removed(cycle)).toEqual([transaction])
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
    expect(await f.inbox.everyone(cycle.place, '', 10)).toMatchObject({ transactions: [] })
  })

  test('begins anew with what is revived, and ends with the later end', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running({ key })
    await f.inbox.fail(cycle.place, transaction, {}, HOUR, 1)
    await f.inbox.revive(cycle.place, transaction, 2)
    expect(await keyFor(cycle)).toBe(-1)
    f.pass(2 * DAY)
    await f.sweep()
    expect(await removed(cycle)).toEqual([])
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', 2 * DAY)
    expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ status: 'Completed', endedAt: f.now() })
    f.pass(2 * DAY - 1)
    expect(await listed(cycle)).toEqual([transaction])
  })

  test('holds for items as for any other', async () => {
    const cycle = await f.cycle()
    const parent = await cycle.running()
    const item = `${parent}.split.1.0` as typeof parent
    await f.inbox.beginItem(cycle.place, item, parent, 'split.1', [])
    await f.inbox.end(cycle.place, item, {}, 'Completed', HOUR)
    f.pass(HOUR)
    expect(await f.inbox.items(cycle.place, parent, { limit: 10 })).toEqual([])
    expect(await cycle.statusOf(item)).toBeUndefined()
    f.pass(DAY)
    await f.sweep()
    expect(await removed(cycle)).toEqual([item])
    expect(await cycle.statusOf(parent)).toBe('InProgress')
  })

  test('of what never began needs nothing of Temporal', async () => {
    const cycle = await f.cycle()
    const stopped = await cycle.accepted()
    await f.inbox.stopTransaction(cycle.place, stopped)
    f.pass(31 * DAY)
    await f.sweep()
    f.pass(MINUTE)
    const [found] = (await f.inbox.removals(partitionOf(cycle.place.account), 100)).filter(r => r.place.cycle === cycle.place.cycle)
    expect(found).toMatchObject({ transaction: stopped, started: false })
  })

  test('of a deleted cycle has nothing more to do', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running()
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', 0)
    await f.inbox.delete(cycle.place)
    f.pass(2 * DAY)
    expect(await removed(cycle)).toEqual([])
    await f.inbox.purge(cycle.place)
    expect(await f.redis.keys(`*${cycle.place.cycle}*`)).toEqual([])
  })
})

test('one that was taken for lost, and was not, ends when it ends', async () => {
  const cycle = await f.cycle()
  const transaction = await cycle.accepted({ held: true, key })
  f.pass(MINUTE)
  const [asked] = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).filter(a => a.transaction === transaction)
  await f.inbox.answer(cycle.place, transaction, asked?.since ?? 0, 'unknown')
  expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
  expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ status: 'InProgress', endedAt: undefined })
  expect(await keyFor(cycle)).toBe(-1)
  f.pass(HOUR)
  await f.inbox.end(cycle.place, transaction, {}, 'Completed', DAY)
  expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ endedAt: f.now() })
})

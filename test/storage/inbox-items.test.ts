import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asTransactionId, type TransactionId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import { allOf, createFixture, DAY, HOUR, isDelivery, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const SPLIT = 'orders.1'
const itemId = (parent: TransactionId, index: number, split = SPLIT): TransactionId => asTransactionId(`${parent}.${split}.${index}`)
const begin = (cycle: Cycle, parent: TransactionId, index: number, values: readonly { stepId: string; value: string }[] = []) =>
  f.inbox.beginItem(cycle.place, itemId(parent, index), parent, SPLIT, values)
const wait = (cycle: Cycle, parent: TransactionId, wakeAt: number) => f.inbox.awaitItems(cycle.place, parent, SPLIT, wakeAt)
const end = (cycle: Cycle, transaction: TransactionId, status: 'Completed' | 'Errored' | 'Stopped' = 'Completed') =>
  f.inbox.end(cycle.place, transaction, {}, status, DAY)
const asked = async (cycle: Cycle) => (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).filter(a => a.place.cycle === cycle.place.cycle)
const wakes = async (cycle: Cycle) => (await f.inbox.wakes(partitionOf(cycle.place.account), 100)).filter(w => w.place.cycle === cycle.place.cycle)

/** A parent whose first items run. */
async function splitting(cycle: Cycle, items: number): Promise<TransactionId> {
  const parent = await cycle.running({ maxConcurrency: 1 })
  for (let index = 0; index < items; index++) expect(await begin(cycle, parent, index)).toBe('go')
  return parent
}

describe('items of a split (cycles.md 4)', () => {
  test('run in the place of their parent, and show under it, not in the list of the cycle nor in its counts', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 2)
    await f.inbox.park(cycle.place, itemId(parent, 1), {})
    expect(await cycle.status()).toMatchObject({ inProgress: 1, waiting: 0 })
    expect((await f.inbox.list(cycle.place, { limit: 10 })).map(t => t.id)).toEqual([parent])
    expect(await f.inbox.transaction(cycle.place, itemId(parent, 0))).toMatchObject({ status: 'InProgress', startedAt: f.now(), errors: 0 })
    expect((await f.inbox.items(cycle.place, parent, { limit: 10 })).map(t => [t.id, t.status])).toEqual([
      [itemId(parent, 0), 'InProgress'],
      [itemId(parent, 1), 'Waiting'],
    ])
  })

  test('are listed by split and index, whatever began first', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 0)
    const second = 'orders.2'
    for (const index of [11, 2]) await begin(cycle, parent, index)
    for (const index of [1, 0]) await f.inbox.beginItem(cycle.place, itemId(parent, index, second), parent, second, [])
    await begin(cycle, parent, 0)
    const all = [itemId(parent, 0), itemId(parent, 2), itemId(parent, 11), itemId(parent, 0, second), itemId(parent, 1, second)]
    const ids = async (query: object) => (await f.inbox.items(cycle.place, parent, { limit: 10, ...query })).map(t => t.id)
    expect(await ids({})).toEqual(all)
    expect(await ids({ limit: 2 })).toEqual(all.slice(0, 2))
    expect(await ids({ after: all[2] })).toEqual(all.slice(3))
    expect(await ids({ after: asTransactionId('unknown') })).toEqual([])
  })

  test('count once each, by how they came to their first end, and the one that the parent waits for says so, also when it repeats', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 4)
    expect(await wait(cycle, parent, 4)).toEqual({ completed: 0, errored: 0, stopped: 0 })
    expect(await end(cycle, itemId(parent, 0))).toEqual({ wake: false, before: false })
    expect(await f.inbox.park(cycle.place, itemId(parent, 1), {})).toEqual({ answer: 'parked', wake: false })
    expect(await f.inbox.fail(cycle.place, itemId(parent, 2), {}, DAY, 1)).toEqual({ answer: 'failed', wake: false })
    await end(cycle, itemId(parent, 0), 'Stopped')
    expect(await end(cycle, itemId(parent, 3), 'Stopped')).toEqual({ wake: true, before: false })
    expect(await end(cycle, itemId(parent, 3), 'Stopped')).toEqual({ wake: true, before: true })
    expect(await f.inbox.park(cycle.place, itemId(parent, 1), {})).toEqual({ answer: 'parked', wake: false })
    // What becomes of them later does not count.
    expect(await f.inbox.revive(cycle.place, itemId(parent, 2), 2)).toBe('go')
    await end(cycle, itemId(parent, 1), 'Errored')
    expect(await wait(cycle, parent, 4)).toEqual({ completed: 2, errored: 1, stopped: 1 })
  })

  test('that end before anybody waits for them need wake nobody', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    expect(await end(cycle, itemId(parent, 0))).toMatchObject({ wake: false })
    expect(await wait(cycle, parent, 1)).toEqual({ completed: 1, errored: 0, stopped: 0 })
    expect(await wakes(cycle)).toEqual([])
  })

  test('whose word to the parent is lost are spoken for by the upkeep, unless the parent has asked', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    await wait(cycle, parent, 1)
    await f.inbox.park(cycle.place, itemId(parent, 0), {})
    expect(await wakes(cycle)).toEqual([])
    f.pass(30_000)
    const due = await wakes(cycle)
    expect(due).toMatchObject([{ place: cycle.place, transaction: parent, split: SPLIT }])
    expect(await wakes(cycle)).toEqual(due)
    // It has asked, and waits for more: that it was told is old.
    await wait(cycle, parent, 2)
    expect(await wakes(cycle)).toEqual([])
    await begin(cycle, parent, 1)
    await end(cycle, itemId(parent, 1))
    for (const wake of due) await f.inbox.woken(wake)
    f.pass(30_000)
    const [later] = await wakes(cycle)
    expect(later).toBeDefined()
    if (later !== undefined) await f.inbox.woken(later)
    expect(await wakes(cycle)).toEqual([])
  })

  test('that were terminated count as stopped, and the parent is told', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    await wait(cycle, parent, 1)
    f.pass(60_000)
    const found = (await asked(cycle)).find(a => a.transaction === itemId(parent, 0))
    if (found === undefined) throw new Error('not asked about')
    await f.inbox.answer(cycle.place, found.transaction, found.since, 'closed')
    expect(await wakes(cycle)).toHaveLength(1)
    expect(await wait(cycle, parent, 1)).toEqual({ completed: 0, errored: 0, stopped: 1 })
    expect(await cycle.statusOf(itemId(parent, 0))).toBe('Stopped')
  })

  test('that were terminated before they began are found missing', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 2)
    await wait(cycle, parent, 4)
    f.pass(60_000)
    const missing = (await asked(cycle)).filter(
      a => a.transaction.startsWith(parent) && ![parent, itemId(parent, 0), itemId(parent, 1)].includes(a.transaction),
    )
    expect(missing.map(a => a.transaction)).toEqual([itemId(parent, 2), itemId(parent, 3)])
    await f.inbox.answer(cycle.place, itemId(parent, 2), f.now(), 'closed')
    await f.inbox.answer(cycle.place, itemId(parent, 2), f.now(), 'closed')
    expect(await begin(cycle, parent, 2)).toBe('stop')
    expect(await begin(cycle, parent, 3)).toBe('go')
    expect(await wait(cycle, parent, 4)).toEqual({ completed: 0, errored: 0, stopped: 1 })
  })

  test('begin only while their parent runs: then they count as stopped', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    expect(await begin(cycle, parent, 0)).toBe('go')
    await wait(cycle, parent, 1)
    await f.inbox.fail(cycle.place, parent, {}, DAY, 1)
    expect(await begin(cycle, parent, 1)).toBe('stop')
    expect(await begin(cycle, parent, 1)).toBe('stop')
    expect(await f.inbox.check(cycle.place, itemId(parent, 0), { status: 'InProgress', acceptedAt: 0, values: [] })).toBe('go')
    f.pass(30_000)
    expect(await wakes(cycle)).toEqual([])
    await f.inbox.revive(cycle.place, parent, 2)
    expect(await begin(cycle, parent, 2)).toBe('go')
    expect(await wait(cycle, parent, 3)).toEqual({ completed: 0, errored: 0, stopped: 1 })
    await end(cycle, parent)
    expect(await begin(cycle, parent, 3)).toBe('stop')
    expect(await begin(cycle, asTransactionId('unknown'), 0)).toBe('stop')
  })

  test('are stopped with their cycle, as their parent is', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    await f.inbox.deactivate(cycle.place)
    await f.inbox.activate(cycle.place)
    expect(await allOf(f.inbox.doomed, cycle)).toEqual([parent, itemId(parent, 0)].toSorted())
    expect(await f.inbox.check(cycle.place, itemId(parent, 0), { status: 'InProgress', acceptedAt: 0, values: [] })).toBe('stop')
    expect(await f.inbox.park(cycle.place, itemId(parent, 0), {})).toMatchObject({ answer: 'stop' })
    expect(await begin(cycle, parent, 0)).toBe('stop')
    expect(await begin(cycle, parent, 1)).toBe('stop')
  })

  test('hold a drain open when their parent is gone', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    await f.inbox.finish(cycle.place)
    await end(cycle, parent, 'Stopped')
    expect((await cycle.status()).state).toBe('Stopping')
    await end(cycle, itemId(parent, 0))
    expect((await cycle.status()).state).toBe('Stopped')
  })

  test('take requests as any transaction; one that has waited takes a place of its own', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 0)
    const item = itemId(parent, 0)
    await begin(cycle, parent, 0, [{ stepId: 'despatched', value: 'v' }])
    expect(await cycle.request({ maxConcurrency: 1 })).toMatchObject({ outcome: 'matched', transaction: item })
    const turn = await cycle.take()
    const [first] = (await cycle.claim(turn, 1)).filter(isDelivery)
    if (first === undefined) throw new Error('nothing claimed')
    await f.inbox.deliveryDone(turn, first, 'signalled')
    expect(await f.inbox.park(cycle.place, item, {})).toMatchObject({ answer: 'busy' })
    expect(await f.inbox.resume(cycle.place, item, first.stepId, first.id)).toEqual({ answer: 'go' })
    expect(await f.inbox.park(cycle.place, item, { [first.stepId]: first.id })).toMatchObject({ answer: 'parked' })
    await cycle.request({ maxConcurrency: 1 })
    expect(await cycle.claim(turn, 1)).toEqual([])
    await end(cycle, parent)
    expect(await cycle.claim(turn, 1)).toMatchObject([{ kind: 'delivery', transaction: item }])
    expect(await allOf(f.inbox.doomed, cycle)).toEqual([])
    await f.inbox.release(turn)
  })

  test('that run are listed page by page, in order, for their parent to stop them', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 5)
    await f.inbox.beginItem(cycle.place, itemId(parent, 0, 'orders.2'), parent, 'orders.2', [])
    await end(cycle, itemId(parent, 1))
    await f.inbox.park(cycle.place, itemId(parent, 2), {})
    const first = await f.inbox.runningItems(cycle.place, parent, SPLIT, '', 2)
    expect(first.transactions).toEqual([itemId(parent, 0), itemId(parent, 3)])
    expect(await f.inbox.runningItems(cycle.place, parent, SPLIT, first.next ?? '', 2)).toEqual({ transactions: [itemId(parent, 4)], next: undefined })
    expect(await f.inbox.runningItems(cycle.place, parent, 'orders.3', '', 2)).toEqual({ transactions: [], next: undefined })
  })

  test('of items are items of theirs', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 1)
    const inner = itemId(parent, 0)
    expect(await begin(cycle, inner, 0)).toBe('go')
    await wait(cycle, inner, 1)
    expect(await end(cycle, itemId(inner, 0))).toMatchObject({ wake: true })
    expect(await wait(cycle, inner, 1)).toMatchObject({ completed: 1 })
    expect(await wait(cycle, parent, 1)).toMatchObject({ completed: 0 })
    expect((await f.inbox.items(cycle.place, parent, { limit: 10 })).map(t => t.id)).toEqual([inner])
  })

  test('outlive their parent, and leave nothing when they go', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 2)
    await f.inbox.park(cycle.place, itemId(parent, 0), {})
    await end(cycle, itemId(parent, 1))
    await f.inbox.end(cycle.place, parent, {}, 'Completed', HOUR)
    f.pass(2 * DAY)
    await f.sweep()
    await f.remove()
    expect(await cycle.statusOf(parent)).toBeUndefined()
    expect(await cycle.statusOf(itemId(parent, 1))).toBeUndefined()
    expect(await cycle.statusOf(itemId(parent, 0))).toBe('Waiting')
    await end(cycle, itemId(parent, 0))
    f.pass(2 * DAY)
    await f.sweep()
    await f.remove()
    expect(await f.redis.keys(`*${parent}*`)).toEqual([])
  })

  test('go with a deleted cycle, of which nothing is left', async () => {
    const cycle = await f.cycle()
    const parent = await splitting(cycle, 3)
    await f.inbox.park(cycle.place, itemId(parent, 0), {})
    await f.inbox.fail(cycle.place, itemId(parent, 1), {}, DAY, 1)
    await end(cycle, itemId(parent, 2))
    await begin(cycle, parent, 3)
    await wait(cycle, parent, 4)
    await f.inbox.delete(cycle.place)
    expect(await begin(cycle, parent, 4)).toBe('stop')
    expect(await allOf(f.inbox.everyone, cycle)).toEqual([parent, itemId(parent, 0), itemId(parent, 1), itemId(parent, 3)].toSorted())
    await f.inbox.purge(cycle.place)
    expect(await f.redis.keys(`*${cycle.place.cycle}*`)).toEqual([])
    f.pass(HOUR)
    expect(await wakes(cycle)).toEqual([])
  })
})

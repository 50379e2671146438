import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import { until } from '../support/until.ts'
import { createFixture, DAY, isDelivery, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

/** Claims, signals and resumes what there is for one step; answers the requests in order. */
async function deliverAll(cycle: Cycle): Promise<string[]> {
  const turn = await cycle.take()
  const requests: string[] = []
  for (;;) {
    const entries = (await cycle.claim(turn)).filter(isDelivery)
    if (entries.length === 0) break
    for (const entry of entries) {
      await f.inbox.deliveryDone(turn, entry, 'signalled')
      expect(await f.inbox.resume(cycle.place, entry.transaction, entry.stepId, entry.id)).toEqual({ answer: 'go' })
      requests.push(entry.request)
    }
  }
  await f.inbox.release(turn)
  return requests
}
const requestOf = (answer: Awaited<ReturnType<Cycle['request']>>): string => ('request' in answer ? answer.request : answer.outcome)

describe('turns', () => {
  test('go from account to account, and within an account from cycle to cycle', async () => {
    const own = await createFixture()
    const a1 = await own.cycle()
    const a2 = await own.cycle({ account: a1.place.account })
    let neighbour = asAccountId(randomUUID())
    while (partitionOf(neighbour) !== partitionOf(a1.place.account)) neighbour = asAccountId(randomUUID())
    const b1 = await own.cycle({ account: neighbour })
    for (const cycle of [a1, a2, b1]) await cycle.accepted()
    const turns = [await own.inbox.take('w'), await own.inbox.take('w'), await own.inbox.take('w')]
    expect(turns.map(turn => turn?.place.cycle)).toEqual([a1, b1, a2].map(cycle => cycle.place.cycle))
    expect(await own.inbox.take('worker')).toBeUndefined()
    await own.close()
  })

  test('wake a worker that waits', async () => {
    const own = await createFixture()
    const cycle = await own.cycle()
    while ((await own.inbox.take('worker')) !== undefined);
    const woken = own.inbox.waitForWork(20_000, new AbortController().signal)
    await cycle.accepted()
    await woken
    expect(await own.inbox.take('worker')).toMatchObject({ place: cycle.place })
    await own.close()
  })

  test('end a wait when the worker stops', async () => {
    const own = await createFixture()
    while ((await own.inbox.take('worker')) !== undefined);
    const stop = new AbortController()
    const wait = own.inbox.waitForWork(20_000, stop.signal)
    stop.abort(new Error('stopped'))
    await expect(wait).rejects.toThrow('stopped')
    await own.close()
  })

  test('of a lease that ran out are given up, and its entries are taken over', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted()
    const first = await cycle.take()
    const [entry] = await cycle.claim(first)
    f.pass(10_001)
    await f.sweep()
    const second = await cycle.take()
    expect(await f.inbox.claim(first, 10, undefined)).toEqual({ state: 'lost' })
    expect(await cycle.claim(second)).toEqual([entry])
    await f.inbox.release(first)
    if (entry !== undefined && isStart(entry)) await f.inbox.startDone(second, entry)
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    expect((await cycle.status()).inProgress).toBe(1)
  })

  test('with nothing claimable do not come again: maxConcurrency makes no busy loop', async () => {
    const cycle = await f.cycle()
    await cycle.accepted({ maxConcurrency: 1 })
    await cycle.accepted({ maxConcurrency: 1 })
    const turn = await cycle.take()
    const [entry] = await cycle.claim(turn, 1)
    expect(await cycle.claim(turn, 1)).toEqual([])
    if (entry !== undefined && isStart(entry)) await f.inbox.startDone(turn, entry)
    await f.inbox.release(turn)
    await f.sweep()
    await expect(cycle.take()).rejects.toThrow('no cycle is ready')
    if (entry !== undefined) {
      await f.inbox.begin(cycle.place, entry.transaction, [], undefined)
      await f.inbox.end(cycle.place, entry.transaction, {}, 'Completed', DAY)
    }
    expect(await cycle.claim(await cycle.take(), 1)).toHaveLength(1)
  })
})

describe('deliveries', () => {
  test('are claimable only when their transaction has begun', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted({ value: 'v' })
    const request = requestOf(await cycle.request())
    const turn = await cycle.take()
    const [start] = await cycle.claim(turn)
    if (start === undefined || !isStart(start)) throw new Error('no start')
    await f.inbox.startDone(turn, start)
    expect(await cycle.claim(turn)).toEqual([])
    await f.inbox.begin(cycle.place, transaction, [], undefined)
    expect(await cycle.claim(turn)).toMatchObject([{ kind: 'delivery', request, transaction }])
  })

  test('of one transaction come in order, one under way at a time', async () => {
    const cycle = await f.cycle()
    await cycle.waiting({ value: 'v' })
    const requests = [await cycle.request(), await cycle.request(), await cycle.request()].map(requestOf)
    const turn = await cycle.take()
    expect(await cycle.claim(turn)).toMatchObject([{ request: requests[0] }])
    expect(await cycle.claim(turn)).toEqual([])
    await f.inbox.release(turn)
    expect(await deliverAll(cycle)).toEqual(requests)
  })

  test('that are signalled and not taken are at most ten for one transaction and step', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.waiting({ value: 'v' })
    for (let i = 0; i < 12; i++) await cycle.request()
    const turn = await cycle.take()
    const ids: number[] = []
    for (;;) {
      const [entry] = (await cycle.claim(turn)).filter(isDelivery)
      if (entry === undefined) break
      ids.push(entry.id)
      await f.inbox.deliveryDone(turn, entry, 'signalled')
    }
    expect(ids).toHaveLength(10)
    await f.inbox.resume(cycle.place, transaction, 'despatched', ids[0] ?? 0)
    expect(await cycle.claim(turn)).toHaveLength(1)
  })

  test('to a workflow that is closed are matched once more, in order, then unmatched', async () => {
    const cycle = await f.cycle()
    const older = await cycle.waiting({ value: 'v' })
    const newer = await cycle.waiting({ value: 'v' })
    const requests = [await cycle.request(), await cycle.request()].map(requestOf)
    const turn = await cycle.take()
    const [first] = (await cycle.claim(turn)).filter(isDelivery)
    if (first === undefined) throw new Error('nothing claimed')
    expect(first.transaction).toBe(newer)
    await f.inbox.deliveryDone(turn, first, 'notFound')
    expect(await cycle.statusOf(newer)).toBe('Stopped')
    const [moved] = (await cycle.claim(turn)).filter(isDelivery)
    expect(moved).toMatchObject({ transaction: older, request: requests[0] })
    expect(moved?.id).toBeGreaterThan(first.id)
    await f.inbox.end(cycle.place, older, {}, 'Errored', DAY)
    expect((await cycle.status()).unmatched).toBe(2)
  })

  test('that Temporal refuses for good are unmatched and do not block the next', async () => {
    const cycle = await f.cycle()
    await cycle.waiting({ value: 'v' })
    await cycle.request()
    const next = requestOf(await cycle.request())
    const turn = await cycle.take()
    const [entry] = (await cycle.claim(turn)).filter(isDelivery)
    if (entry !== undefined) await f.inbox.deliveryDone(turn, entry, 'refused')
    expect(await cycle.claim(turn)).toMatchObject([{ request: next }])
    expect((await cycle.status()).unmatched).toBe(1)
  })

  test('that the workflow says it has not consumed at its end are matched once more', async () => {
    const cycle = await f.cycle()
    const older = await cycle.waiting({ value: 'v' })
    const newer = await cycle.waiting({ value: 'v' })
    const [taken, left] = [await cycle.request(), await cycle.request()]
    const turn = await cycle.take()
    const [entry] = (await cycle.claim(turn)).filter(isDelivery)
    if (entry === undefined) throw new Error('nothing claimed')
    await f.inbox.deliveryDone(turn, entry, 'signalled')
    await f.inbox.end(cycle.place, newer, { despatched: entry.id }, 'Completed', DAY)
    expect(await cycle.claim(turn)).toMatchObject([{ transaction: older, request: requestOf(left) }])
    expect(requestOf(taken)).toBe(entry.request)
  })
})

describe('starts', () => {
  test('that Temporal refuses for good are Errored and neither block nor vanish', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted()
    const turn = await cycle.take()
    const [entry] = await cycle.claim(turn)
    if (entry !== undefined && isStart(entry)) await f.inbox.startRefused(turn, entry)
    expect(await cycle.statusOf(transaction)).toBe('Errored')
    expect(await cycle.status()).toMatchObject({ inProgress: 0, queued: 0 })
  })

  test('report to the worker whose window they leave when they begin', async () => {
    const cycle = await f.cycle()
    const begun: string[] = []
    const unsubscribe = f.inbox.onBegun('worker-1', transaction => begun.push(transaction))
    const transaction = await cycle.running()
    await until(async () => {
      await f.inbox.begin(cycle.place, transaction, [], 'worker-1')
      return begun.includes(transaction)
    })
    unsubscribe()
  })

  test('and waiting transactions that resume share the places, the lower id first', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v', maxConcurrency: 1 })
    const first = await cycle.accepted({ maxConcurrency: 1 })
    await cycle.request({ maxConcurrency: 1 })
    const turn = await cycle.take()
    const [start] = await cycle.claim(turn, 1)
    expect(start?.transaction).toBe(first)
    if (start !== undefined && isStart(start)) await f.inbox.startDone(turn, start)
    await f.inbox.begin(cycle.place, first, [], undefined)
    await f.inbox.end(cycle.place, first, {}, 'Completed', DAY)
    expect(await cycle.claim(turn, 1)).toMatchObject([{ kind: 'delivery', transaction: waiting }])
    expect(await cycle.statusOf(waiting)).toBe('InProgress')
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asAccountId, type AccountId, type TransactionId } from '../../domain/ids.ts'
import { partitionKey, partitionOf, PARTITIONS, partitionSuffix } from '../../storage/keys.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import { createFixture, DAY, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

async function limited(max: number): Promise<AccountId> {
  const account = asAccountId(randomUUID())
  await f.redis.hset(registryKeys.account(account), 'apiId', 'acme')
  expect(await f.inbox.limitAccount(account, max)).toBe(true)
  return account
}

/** Takes whatever cycle is ready, claims, starts and begins; answers what began, of each turn. */
async function dispatch(account: AccountId): Promise<TransactionId[][]> {
  const begun: TransactionId[][] = []
  await f.redis.del(...Array.from({ length: PARTITIONS }, (_, p) => partitionKey(p) + partitionSuffix.wake))
  await f.redis.rpush(partitionKey(partitionOf(account)) + partitionSuffix.wake, '1')
  await f.inbox.waitForWork(1_000, new AbortController().signal)
  for (;;) {
    const turn = await f.inbox.take('worker')
    if (turn === undefined) return begun
    if (turn.place.account !== account) continue
    const mine: TransactionId[] = []
    for (;;) {
      const claims = await f.inbox.claim(turn, 10, undefined)
      if (claims.state !== 'ok' || claims.entries.length === 0) break
      for (const entry of claims.entries) {
        if (isStart(entry)) await f.inbox.startDone(turn, entry)
        else await f.inbox.deliveryDone(turn, entry, 'signalled')
        await f.inbox.begin(turn.place, entry.transaction, [], undefined)
        mine.push(entry.transaction)
      }
    }
    await f.inbox.release(turn)
    begun.push(mine)
  }
}
const end = (cycle: Cycle, transaction: TransactionId | undefined) => f.inbox.end(cycle.place, transaction ?? asTransaction(), {}, 'Completed', DAY)
const asTransaction = (): never => {
  throw new Error('nothing began')
}
const placesOf = (account: AccountId) => f.redis.keys(`*${account}*`)

describe('the MaxConcurrency of an account (cycles.md 7)', () => {
  test('is for all its cycles together, exactly', async () => {
    const account = await limited(2)
    const [a, b] = [await f.cycle({ account }), await f.cycle({ account })]
    const starts = [await a.accepted(), await a.accepted(), await b.accepted(), await b.accepted()]
    const begun = (await dispatch(account)).flat()
    expect(begun).toHaveLength(2)
    expect(await dispatch(account)).toEqual([])
    await end(starts.indexOf(begun[0] ?? asTransaction()) < 2 ? a : b, begun[0])
    expect((await dispatch(account)).flat()).toHaveLength(1)
  })

  test('is given to the cycles in turn, and a busy one does not hold another back', async () => {
    const account = await limited(1)
    const [a, b, c] = [await f.cycle({ account }), await f.cycle({ account }), await f.cycle({ account })]
    const running = await a.accepted()
    expect((await dispatch(account)).flat()).toEqual([running])
    const ofA = [await a.accepted(), await a.accepted()]
    const ofB = [await b.accepted(), await b.accepted()]
    const ofC = await c.accepted()
    const order: TransactionId[] = []
    for (let now: TransactionId | undefined = running; now !== undefined;) {
      await end(ofB.includes(now) ? b : now === ofC ? c : a, now)
      const began: TransactionId[] = (await dispatch(account)).flat()
      expect(began.length).toBeLessThanOrEqual(1)
      now = began[0]
      if (now !== undefined) order.push(now)
    }
    expect(order).toEqual([ofA[0], ofB[0], ofC, ofA[1], ofB[1]])
    expect(await placesOf(account)).toEqual([registryKeys.account(account)])
  })

  test('keeps no dispatcher busy while nothing is free', async () => {
    const account = await limited(1)
    const [a, b] = [await f.cycle({ account }), await f.cycle({ account })]
    for (const cycle of [a, a, b, b]) await cycle.accepted()
    await dispatch(account)
    expect(await dispatch(account)).toEqual([])
    await f.sweep()
    expect(await dispatch(account)).toEqual([])
  })

  test('that is raised lets as many more begin at once, and one that is taken away all', async () => {
    const account = await limited(1)
    const [a, b] = [await f.cycle({ account }), await f.cycle({ account })]
    for (const cycle of [a, a, b, b, b, b]) await cycle.accepted()
    expect((await dispatch(account)).flat()).toHaveLength(1)
    await f.inbox.limitAccount(account, 3)
    expect((await dispatch(account)).flat()).toHaveLength(2)
    await f.inbox.limitAccount(account, 2)
    expect(await dispatch(account)).toEqual([])
    await f.inbox.limitAccount(account, undefined)
    expect((await dispatch(account)).flat()).toHaveLength(3)
    expect(await f.redis.exists(partitionKey(partitionOf(account)) + partitionSuffix.line + account)).toBe(0)
  })

  test('that is lowered lets nothing begin before enough have ended', async () => {
    const account = await limited(3)
    const cycle = await f.cycle({ account })
    for (let i = 0; i < 4; i++) await cycle.accepted()
    const begun = (await dispatch(account)).flat()
    expect(begun).toHaveLength(3)
    await f.inbox.limitAccount(account, 1)
    for (const transaction of begun.slice(0, 2)) {
      await end(cycle, transaction)
      expect(await dispatch(account)).toEqual([])
    }
    await end(cycle, begun[2])
    expect((await dispatch(account)).flat()).toHaveLength(1)
  })

  test('sends synchronous requests through the inbox, in their turn', async () => {
    const account = await limited(1)
    const cycle = await f.cycle({ account })
    const first = await cycle.trigger({ held: true })
    const second = await cycle.trigger({ held: true })
    expect([first, second]).toMatchObject([{ next: 'inbox' }, { next: 'inbox' }])
    const [[transaction] = []] = await dispatch(account)
    expect(await dispatch(account)).toEqual([])
    await end(cycle, transaction)
    expect((await dispatch(account)).flat()).toHaveLength(1)
    await f.inbox.limitAccount(account, undefined)
    expect(await cycle.trigger({ held: true })).toMatchObject({ next: 'start' })
  })

  test('holds for one that waited and is resumed, and for one that is revived', async () => {
    const account = await limited(1)
    const [a, b] = [await f.cycle({ account }), await f.cycle({ account })]
    const waiting = await a.waiting({ value: 'v' })
    const failed = await b.running()
    await f.inbox.fail(b.place, failed, {}, DAY, 1)
    const running = await b.running()
    await a.request()
    expect(await f.inbox.revive(b.place, failed, 2)).toBe('busy')
    expect(await dispatch(account)).toEqual([])
    await end(b, running)
    await dispatch(account)
    expect(await a.statusOf(waiting)).toBe('InProgress')
    expect(await f.inbox.revive(b.place, failed, 2)).toBe('busy')
    await end(a, waiting)
    await dispatch(account)
    expect(await f.inbox.revive(b.place, failed, 2)).toBe('go')
  })

  test('is passed on by a cycle that stops, is deleted, or needs it no more', async () => {
    const account = await limited(1)
    const [a, b, c, d] = [await f.cycle({ account }), await f.cycle({ account }), await f.cycle({ account }), await f.cycle({ account })]
    const running = await a.accepted()
    await dispatch(account)
    await b.accepted()
    await c.accepted()
    const mine = await d.accepted()
    await f.inbox.deactivate(b.place)
    await end(a, running)
    // The first in line is ready, and is deleted before its turn.
    await f.inbox.delete(c.place)
    expect((await dispatch(account)).flat()).toEqual([mine])
  })

  test('is freed by a deleted cycle when its transactions are terminated', async () => {
    const account = await limited(1)
    const [a, b] = [await f.cycle({ account }), await f.cycle({ account })]
    await a.accepted()
    await dispatch(account)
    const mine = await b.accepted()
    await f.inbox.delete(a.place)
    expect(await dispatch(account)).toEqual([])
    await f.inbox.purge(a.place)
    expect((await dispatch(account)).flat()).toEqual([mine])
  })

  test('of an account that is gone is none', async () => {
    expect(await f.inbox.limitAccount(asAccountId(randomUUID()), 1)).toBe(false)
  })
})

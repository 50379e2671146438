import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import type { TestCycle, TransactionView, WebhookReply } from '../support/client.ts'
import type { ReceivedRequest } from '../support/receiver.ts'
import { until } from '../support/until.ts'
import { asking, telling, waiting } from '../e2e/documents.ts'
import { inParallel, insist, sizeOf } from './senders.ts'
import { killAndRestart, useOwnSystem } from './servers.ts'

const ASYNC = sizeOf('CHAOS_ASYNC', 400)
const MID = sizeOf('CHAOS_MID', 100)
const SYNC = sizeOf('CHAOS_SYNC', 50)
/** In each round one process is killed, while a share of the requests is under way. */
const ROUNDS = sizeOf('CHAOS_ROUNDS', 8)
const PER_ORDER = 5
const VICTIMS = ['api', 'worker', 'redis', 'temporal'] as const

const own = useOwnSystem({ ALLOW_VOLATILE_REDIS: 'false' })

/** Every transaction of a cycle, over all pages. */
async function all(cycle: TestCycle): Promise<TransactionView[]> {
  const found: TransactionView[] = []
  for (;;) {
    const last = found.at(-1)
    const page = await cycle.transactions(`?pageSize=500${last === undefined ? '' : `&after=${last.Id}`}`)
    found.push(...page)
    if (page.length < 500) return found
  }
}

/** Runs of one step: calls that carry the same key are one, sent again after a crash. */
const runs = (requests: readonly ReceivedRequest[]): ReceivedRequest[] => [
  ...new Map(requests.map(request => [String(request.headers['idempotency-key']), request])).values(),
]

describe('while api, worker, Redis and Temporal are killed at random instants', () => {
  it('every 200 is exactly one transaction, run to its end, and every mid-cycle request one run, in order', async () => {
    const { client, receiver } = own.system
    const told = await client.cycle(telling(receiver.url))
    const asked = await client.cycle(asking(receiver.url))
    const waits = await client.cycle(waiting(receiver.url))
    receiver.respond(({ path, headers }) => (path === '/ask' ? { body: { key: headers['idempotency-key'] } } : undefined))
    const orders = Math.ceil(MID / PER_ORDER)
    const opened = await inParallel(orders, 8, n => insist(waits, { id: n }, { key: `order-${n}` }))

    const share = (size: number, round: number): number[] => Array.from({ length: size }, (_, n) => n).filter(n => n % ROUNDS === round)
    const asynchronous = new Map<number, WebhookReply>()
    const synchronous = new Map<number, WebhookReply>()
    for (let round = 0; round < ROUNDS; round++) {
      const victim = VICTIMS[(round + Math.floor(round / VICTIMS.length)) % VICTIMS.length] ?? 'worker'
      const mine = share(ASYNC, round)
      const held = share(SYNC, round)
      await Promise.all([
        sleep(Math.random() * 1_500).then(() => killAndRestart(own, victim)),
        inParallel(mine.length, 8, async i => {
          const n = mine[i] ?? 0
          asynchronous.set(n, await insist(told, { n }, { key: `a-${n}` }))
        }),
        inParallel(held.length, 4, async i => {
          const n = held[i] ?? 0
          synchronous.set(n, await insist(asked, { id: n }, { key: `s-${n}` }))
        }),
        // The updates of one order are sent one after the other: their order is told by their numbers.
        inParallel(orders, 8, async order => {
          for (let n = 0; n < perOrder(order); n++)
            if (Math.floor((n * ROUNDS) / PER_ORDER) === round) await insist(waits, { id: order, n }, { step: 'update', key: `m-${order}-${n}` })
        }),
      ])
    }

    await until(async () => (await all(told)).every(({ Status }) => Status === 'Completed'), {
      timeoutMs: 240_000,
      everyMs: 1_000,
      what: 'all asynchronous ones completed',
    })
    const finished = await all(told)
    expect(finished).toHaveLength(ASYNC)
    expect(new Set(finished.map(({ Id }) => Id))).toEqual(new Set([...asynchronous.values()].map(({ transaction }) => transaction)))
    expect(
      runs(receiver.at('/told'))
        .map(({ json }) => numberOf(json))
        .toSorted((a, b) => a - b),
    ).toEqual(Array.from({ length: ASYNC }, (_, n) => n))

    await until(async () => (await all(asked)).every(({ Status }) => Status === 'Completed'), {
      timeoutMs: 240_000,
      everyMs: 1_000,
      what: 'all synchronous ones completed',
    })
    expect(await all(asked)).toHaveLength(SYNC)
    expect(runs(receiver.at('/ask'))).toHaveLength(SYNC)
    expect(runs(receiver.at('/after'))).toHaveLength(SYNC)
    for (const [n, reply] of synchronous) {
      expect(reply).toMatchObject({ status: 201 })
      const again = await insist(asked, { id: 'other' }, { key: `s-${n}` })
      expect(again).toMatchObject({ status: 201, body: reply.body, transaction: reply.transaction, replayed: true })
    }

    const updates = (order: number): unknown[] =>
      runs(receiver.at('/updates')).flatMap(({ json }) => (fieldOf(json, 'id') === order ? [fieldOf(json, 'n')] : []))
    for (let order = 0; order < orders; order++) {
      const expected = Array.from({ length: perOrder(order) }, (_, n) => n)
      await until(() => updates(order).length >= expected.length, { timeoutMs: 120_000, what: `all updates of order ${order}` })
      expect(updates(order)).toEqual(expected)
    }
    await until(async () => (await all(waits)).every(({ Status }) => Status === 'Waiting'), { timeoutMs: 120_000, everyMs: 500 })
    expect(new Set((await all(waits)).map(({ Id }) => Id))).toEqual(new Set(opened.map(({ transaction }) => transaction)))
  }, 900_000)
})

describe('a worker that is killed when transactions have just come to wait', () => {
  it('stops none of them, though their tasks are repeated', async () => {
    const cycle = await own.system.client.cycle(waiting(own.system.receiver.url))
    for (let round = 1; round <= 3; round++) {
      await inParallel(40, 20, n => insist(cycle, { id: `r${round}-${n}` }, { key: `r${round}-${n}` }))
      // The index has them as waiting a moment before Temporal has.
      await until(async () => (await cycle.transactions('?status=Waiting&pageSize=500')).length >= 40 * round - 20, { everyMs: 50 })
      await own.system.restart('worker')
      await until(async () => (await all(cycle)).every(({ Status }) => Status === 'Waiting' || Status === 'Stopped'), { timeoutMs: 120_000, everyMs: 250 })
      expect((await all(cycle)).map(({ Status }) => Status)).toEqual(Array.from({ length: 40 * round }, () => 'Waiting'))
    }
    // A task that was lost is repeated some seconds later: each of them takes its request only then.
    await inParallel(120, 20, n => insist(cycle, { id: `r${1 + Math.floor(n / 40)}-${n % 40}` }, { step: 'update', key: `u-${n}` }))
    await until(() => runs(own.system.receiver.at('/updates')).filter(({ text }) => text.includes('"r')).length === 120, { timeoutMs: 120_000, everyMs: 250 })
  }, 600_000)
})

const perOrder = (order: number): number => Math.min(PER_ORDER, MID - order * PER_ORDER)
const fieldOf = (json: unknown, name: string): unknown =>
  typeof json === 'object' && json !== null ? new Map<string, unknown>(Object.entries(json)).get(name) : undefined
const numberOf = (json: unknown): number => Number(fieldOf(fieldOf(json, 'body'), 'n'))

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asTransactionId } from '../../domain/ids.ts'
import { StorageUnavailable } from '../../domain/errors.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { allOf, createFixture, DAY, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
const view = { status: 'InProgress', acceptedAt: 0, values: [] } as const
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const controls = async (cycle: Cycle) => (await f.inbox.controls(partitionOf(cycle.place.account), 100)).filter(c => c.place.cycle === cycle.place.cycle)

/** Replays everything under a document that registers `value` for starts and matches deliveries with it. */
async function replayAll(cycle: Cycle, value: string): Promise<void> {
  const turn = await cycle.take()
  expect(await f.inbox.claim(turn, 10, undefined)).toMatchObject({ state: 'replay' })
  for (;;) {
    const entries = await f.inbox.readReplay(turn, 2)
    if (entries.length === 0) break
    const under = entries.map(({ id, kind }) =>
      kind === 'start' ? { id, gone: false as const, values: [{ stepId: 'despatched', value }] } : { id, gone: false as const, value, window: 0 },
    )
    await f.inbox.applyReplay(turn, under)
  }
  await f.inbox.release(turn)
}

describe('a stop (cycles.md 7)', () => {
  test('dooms what runs, spares what waits, and what is queued waits for the next start', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    const running = await cycle.running()
    const queued = await cycle.accepted()
    await f.inbox.deactivate(cycle.place)
    expect(await cycle.status()).toMatchObject({ state: 'Stopped', inProgress: 1, waiting: 1, queued: 1 })
    expect(await f.inbox.check(cycle.place, running, view)).toBe('stop')
    expect(await f.inbox.park(cycle.place, running, {})).toMatchObject({ answer: 'stop' })
    expect(await f.inbox.check(cycle.place, waiting, view)).toBe('go')
    expect(await allOf(f.inbox.doomed, cycle)).toEqual([running])
    expect(await controls(cycle)).toMatchObject([{ op: 'stop', epoch: 1 }])
    await f.inbox.activate(cycle.place)
    expect(await f.inbox.check(cycle.place, running, view)).toBe('stop')
    await f.inbox.end(cycle.place, running, {}, 'Stopped', DAY)
    expect((await cycle.claim(await cycle.take())).map(e => e.transaction)).toEqual([queued])
  })

  test('lets nothing begin, and what begins after the next start is not touched by it', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted()
    const turn = await cycle.take()
    const [entry] = await cycle.claim(turn)
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('stop')
    await f.inbox.activate(cycle.place)
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    if (entry !== undefined && isStart(entry)) await f.inbox.startDone(turn, entry)
    expect(await f.inbox.check(cycle.place, transaction, view)).toBe('go')
  })

  test('of one transaction takes it from the queue, else its workflow is to be told', async () => {
    const cycle = await f.cycle()
    const running = await cycle.running()
    const queued = await cycle.accepted()
    expect(await f.inbox.stopTransaction(cycle.place, queued)).toBe('stopped')
    expect(await f.inbox.stopTransaction(cycle.place, queued)).toBe('over')
    expect(await f.inbox.stopTransaction(cycle.place, running)).toBe('signal')
    expect(await f.inbox.stopTransaction(cycle.place, asTransactionId(randomUUID()))).toBe('unknown')
    expect(await cycle.statusOf(queued)).toBe('Stopped')
  })
})

describe('finish and stop', () => {
  test('drains what is in progress and queued, not what waits nor what comes after', async () => {
    const cycle = await f.cycle()
    await cycle.waiting({ value: 'v' })
    const queued = await cycle.accepted()
    await f.inbox.finish(cycle.place)
    const later = await cycle.trigger()
    expect(later).toMatchObject({ next: 'queued' })
    expect((await cycle.status()).state).toBe('Stopping')
    const turn = await cycle.take()
    const entries = await cycle.claim(turn)
    expect(entries.map(e => e.transaction)).toEqual([queued])
    for (const entry of entries) if (isStart(entry)) await f.inbox.startDone(turn, entry)
    await f.inbox.begin(cycle.place, queued, [], undefined)
    expect((await cycle.status()).state).toBe('Stopping')
    await f.inbox.end(cycle.place, queued, {}, 'Completed', DAY)
    expect(await cycle.status()).toMatchObject({ state: 'Stopped', waiting: 1, queued: 1 })
    expect(await controls(cycle)).toEqual([])
  })

  test('is at once over where nothing runs, and is taken back by a start', async () => {
    const cycle = await f.cycle()
    await f.inbox.finish(cycle.place)
    expect((await cycle.status()).state).toBe('Stopped')
    await f.inbox.activate(cycle.place)
    await cycle.running()
    await f.inbox.finish(cycle.place)
    await f.inbox.activate(cycle.place)
    expect((await cycle.status()).state).toBe('Active')
  })
})

describe('a start', () => {
  test('registers what was queued in its order, so that queued requests meet queued transactions', async () => {
    const cycle = await f.cycle()
    await f.inbox.deactivate(cycle.place)
    const first = await cycle.accepted()
    const request = await cycle.request()
    const second = await cycle.accepted()
    await f.inbox.activate(cycle.place)
    // While the replay goes on new ones queue behind it.
    const behind = await cycle.request({ value: 'new' })
    expect(behind).toMatchObject({ outcome: 'queued' })
    await replayAll(cycle, 'new')
    if (!('request' in request) || !('request' in behind)) throw new Error('refused')
    expect(await f.inbox.outcomeOf(cycle.place, request.request)).toEqual({ outcome: 'matched', transaction: first })
    expect(await f.inbox.outcomeOf(cycle.place, behind.request)).toEqual({ outcome: 'matched', transaction: second })
    expect(await cycle.request({ value: 'new' })).toMatchObject({ outcome: 'matched', transaction: second })
  })

  test('with another document registers anew what waited since before, and drops entries of a step that is gone', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted({ value: 'old' })
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.edited(cycle.place, 2)).toBe('done')
    await f.inbox.activate(cycle.place)
    expect(await f.inbox.edited(cycle.place, 3)).toBe('running')
    await replayAll(cycle, 'today')
    expect(await cycle.request({ version: 2, value: 'old', window: 0 })).toMatchObject({ outcome: 'unmatched' })
    expect(await cycle.request({ version: 2, value: 'today' })).toMatchObject({ outcome: 'matched', transaction })
    await f.inbox.deactivate(cycle.place)
    await f.inbox.edited(cycle.place, 3)
    await f.inbox.activate(cycle.place)
    const turn = await cycle.take()
    const entries = await f.inbox.readReplay(turn, 10)
    await f.inbox.applyReplay(
      turn,
      entries.map(({ id }) => ({ id, gone: true })),
    )
    expect(await f.inbox.readReplay(turn, 10)).toEqual([])
    expect(await cycle.statusOf(transaction)).toBe('Dropped')
    expect(await cycle.status()).toMatchObject({ queued: 0, unmatched: 2 })
  })

  test('after 24 hours begins with an empty inbox', async () => {
    const cycle = await f.cycle()
    const old = await cycle.accepted()
    await f.inbox.deactivate(cycle.place)
    f.pass(DAY)
    await f.inbox.activate(cycle.place)
    const fresh = await cycle.accepted()
    expect((await cycle.claim(await cycle.take())).map(e => e.transaction)).toEqual([fresh])
    await f.sweep()
    expect(await cycle.statusOf(old)).toBe('Dropped')
    expect(await cycle.status()).toMatchObject({ queued: 0, inProgress: 1 })
  })
})

describe('a delete', () => {
  test('answers at once, tells every transaction to end, and leaves nothing when it is carried out', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    const running = await cycle.running()
    await cycle.accepted({ key: { identifier: 'i', key: 'k' } })
    await cycle.request({ value: 'early' })
    expect(await f.inbox.delete(cycle.place)).toBe('done')
    expect(await f.inbox.delete(cycle.place)).toBe('deleted')
    expect(await f.inbox.status(cycle.place)).toBeUndefined()
    expect(await f.inbox.check(cycle.place, running, view)).toBe('stop')
    expect(await allOf(f.inbox.everyone, cycle)).toEqual([running, waiting].toSorted())
    const [control] = await controls(cycle)
    expect(control).toMatchObject({ op: 'delete' })
    if (control !== undefined) await f.inbox.controlDone(control)
    await f.inbox.purge(cycle.place)
    expect(await f.redis.keys(`*${cycle.place.cycle}*`)).toEqual([expect.stringContaining(':outcome:')])
  })
})

describe('the record of transactions', () => {
  test('lists them newest first, by status, after and before one of them', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    const running = await cycle.running()
    const queued = await cycle.accepted()
    const ids = async (query: object) => (await f.inbox.list(cycle.place, { limit: 10, ...query })).map(t => t.id)
    expect(await ids({})).toEqual([queued, running, waiting])
    expect(await ids({ limit: 1 })).toEqual([queued])
    expect(await ids({ after: queued })).toEqual([running, waiting])
    expect(await ids({ before: waiting })).toEqual([queued, running])
    expect(await ids({ status: 'Waiting' })).toEqual([waiting])
    expect(await ids({ after: asTransactionId('unknown') })).toEqual([])
  })

  test('has its times, and goes after its retention', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.running()
    await f.inbox.end(cycle.place, transaction, {}, 'Errored', DAY)
    await f.inbox.end(cycle.place, transaction, {}, 'Errored', DAY)
    const at = f.now()
    expect(await f.inbox.transaction(cycle.place, transaction)).toEqual({
      id: transaction,
      status: 'Errored',
      acceptedAt: at,
      startedAt: at,
      endedAt: at,
      errors: 0,
      warnings: 0,
    })
    f.pass(DAY)
    await f.sweep()
    expect(await f.inbox.transaction(cycle.place, transaction)).toBeUndefined()
    expect(await f.inbox.list(cycle.place, { limit: 10 })).toEqual([])
  })
})

describe('a synchronous start whose api died (webhooks.md 5)', () => {
  test('is swept when Temporal does not know it, and its repeat starts it, once', async () => {
    const cycle = await f.cycle()
    const key = { identifier: 'i', key: 'k' }
    const transaction = await cycle.accepted({ held: true, key })
    f.pass(60_000)
    const [asked] = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).filter(a => a.transaction === transaction)
    if (asked === undefined) throw new Error('not asked about')
    await f.inbox.answer(cycle.place, transaction, asked.since, 'unknown')
    expect(await cycle.statusOf(transaction)).toBeUndefined()
    expect(await cycle.status()).toMatchObject({ inProgress: 0 })
    expect(await cycle.trigger({ held: true, key })).toEqual({ outcome: 'accepted', transaction, replayed: true, next: 'start' })
    expect(await cycle.statusOf(transaction)).toBe('InProgress')
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
  })

  test('is not swept by an answer that is older than its repeat', async () => {
    const cycle = await f.cycle()
    const key = { identifier: 'i', key: 'k' }
    const transaction = await cycle.accepted({ held: true, key })
    f.pass(60_000)
    const [asked] = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).filter(a => a.transaction === transaction)
    await cycle.trigger({ held: true, key })
    await f.inbox.answer(cycle.place, transaction, asked?.since ?? 0, 'unknown')
    expect(await cycle.statusOf(transaction)).toBe('InProgress')
  })

  test('is not swept while its sender is held for it, and gets no more time once it has begun, was swept, or never was', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted({ held: true })
    f.pass(50_000)
    expect(await f.inbox.renewStart(cycle.place, transaction)).toBe(true)
    f.pass(50_000)
    const asked = async () => (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).find(a => a.transaction === transaction)
    expect(await asked()).toBeUndefined()
    f.pass(10_000)
    const question = await asked()
    expect(question).toBeDefined()
    expect(await f.inbox.renewStart(cycle.place, transaction)).toBe(true)
    await f.inbox.answer(cycle.place, transaction, question?.since ?? 0, 'unknown')
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    expect(await f.inbox.renewStart(cycle.place, transaction)).toBe(false)
    const swept = await cycle.accepted({ held: true })
    f.pass(60_000)
    const again = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).find(a => a.transaction === swept)
    await f.inbox.answer(cycle.place, swept, again?.since ?? 0, 'unknown')
    expect(await f.inbox.renewStart(cycle.place, swept)).toBe(false)
    const queued = await cycle.accepted({})
    expect(await f.inbox.renewStart(cycle.place, queued)).toBe(false)
    await f.inbox.delete(cycle.place)
    expect(await f.inbox.renewStart(cycle.place, transaction)).toBe(false)
  })

  test('that was swept too early begins all the same, unless the cycle was stopped', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.accepted({ held: true, value: 'v' })
    f.pass(60_000)
    const [asked] = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).filter(a => a.transaction === transaction)
    await f.inbox.answer(cycle.place, transaction, asked?.since ?? 0, 'unknown')
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.begin(cycle.place, transaction, [{ stepId: 'despatched', value: 'v' }], undefined)).toBe('stop')
    await f.inbox.activate(cycle.place)
    expect(await f.inbox.begin(cycle.place, transaction, [{ stepId: 'despatched', value: 'v' }], undefined)).toBe('go')
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction })
  })
})

test('a Redis that cannot be reached is StorageUnavailable, not an error of its own', async () => {
  const away = f.redis.duplicate({ port: 1, maxRetriesPerRequest: 0, retryStrategy: () => null })
  away.on('error', () => undefined)
  const inbox = createInbox({ redis: away, options: { stoppedQueueTtlMs: DAY, retentionMs: DAY, inboxLimit: 1, inboxBytes: 1, inboxTotalBytes: 1 } })
  const cycle = await f.cycle()
  await expect(inbox.status(cycle.place)).rejects.toBeInstanceOf(StorageUnavailable)
  await inbox.close()
  away.disconnect()
})

test('a Redis that was restarted has forgotten the scripts, and gets them again', async () => {
  const cycle = await f.cycle()
  await f.redis.script('FLUSH')
  expect((await cycle.status()).state).toBe('Active')
})

test('one worker at a time looks after a partition', async () => {
  expect(await f.inbox.keep(3, 'a')).toBe(true)
  expect(await f.inbox.keep(3, 'a')).toBe(true)
  expect(await f.inbox.keep(3, 'b')).toBe(false)
})

describe('a task that is lost with its worker, and so repeated', () => {
  test('goes on with a transaction that had come to wait in it', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.waiting({ value: 'v' })
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    expect(await f.inbox.park(cycle.place, transaction, {})).toMatchObject({ answer: 'parked' })
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    expect(await cycle.statusOf(transaction)).toBe('Waiting')
  })

  test('goes on with a run after which the transaction came to wait, failed, or came to its end', async () => {
    const cycle = await f.cycle()
    const transaction = await cycle.waiting({ value: 'v' })
    await cycle.request()
    const turn = await cycle.take()
    const [delivery] = await cycle.claim(turn)
    if (delivery?.kind !== 'delivery') throw new Error('nothing was delivered')
    const resume = async (): Promise<string> => (await f.inbox.resume(cycle.place, transaction, delivery.stepId, delivery.id)).answer
    const seen = { [delivery.stepId]: delivery.id }
    expect(await resume()).toBe('go')
    await f.inbox.park(cycle.place, transaction, seen)
    expect(await resume()).toBe('go')
    expect(await f.inbox.park(cycle.place, transaction, seen)).toMatchObject({ answer: 'parked' })
    await f.inbox.end(cycle.place, transaction, seen, 'Completed', DAY)
    expect(await resume()).toBe('go')
    expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
    await f.inbox.end(cycle.place, transaction, seen, 'Completed', DAY)
    expect(await cycle.statusOf(transaction)).toBe('Completed')

    await f.inbox.release(turn)
    const failing = await cycle.running()
    expect((await f.inbox.fail(cycle.place, failing, {}, DAY, 1)).answer).toBe('failed')
    expect(await f.inbox.begin(cycle.place, failing, [], undefined)).toBe('go')
    expect((await f.inbox.fail(cycle.place, failing, {}, DAY, 1)).answer).toBe('failed')
  })
})

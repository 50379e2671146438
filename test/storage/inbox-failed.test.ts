import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cycleKey, cycleSuffix, partitionOf } from '../../storage/keys.ts'
import { allOf, createFixture, DAY, HOUR, isDelivery, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const requestOf = (answer: Awaited<ReturnType<Cycle['request']>>): string => ('request' in answer ? answer.request : answer.outcome)

/** Running, and then it fails. */
async function failed(cycle: Cycle, value?: string) {
  const transaction = await cycle.running(value === undefined ? {} : { value })
  expect(await f.inbox.fail(cycle.place, transaction, {}, DAY, 1)).toEqual({ answer: 'failed', wake: false })
  return transaction
}

/** What Temporal says about one that the sweep asks about. */
async function found(cycle: Cycle, transaction: string, answer: 'closed' | 'unknown'): Promise<void> {
  const asked = (await f.inbox.toAsk(partitionOf(cycle.place.account), 100)).find(a => a.transaction === transaction)
  if (asked === undefined) throw new Error('not asked about')
  await f.inbox.answer(cycle.place, asked.transaction, asked.since, answer)
}

describe('a transaction that failed and can be mended (cycles.md 5)', () => {
  test('shows as Errored with its end, has no place and is no candidate', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle, 'v')
    expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ status: 'Errored', endedAt: f.now() })
    expect(await cycle.status()).toMatchObject({ inProgress: 0, waiting: 0 })
    expect(await cycle.request({ window: 0 })).toMatchObject({ outcome: 'unmatched' })
    expect(await f.inbox.fail(cycle.place, transaction, {}, DAY, 1)).toMatchObject({ answer: 'failed' })
    await f.inbox.finish(cycle.place)
    expect((await cycle.status()).state).toBe('Stopped')
  })

  test('gives what it did not take to another transaction, also what is on its way to it', async () => {
    const cycle = await f.cycle()
    const older = await cycle.waiting({ value: 'v' })
    const newer = await cycle.waiting({ value: 'v' })
    const [taken, left] = [requestOf(await cycle.request()), requestOf(await cycle.request())]
    const turn = await cycle.take()
    const [first] = (await cycle.claim(turn)).filter(isDelivery)
    if (first === undefined) throw new Error('nothing claimed')
    await f.inbox.deliveryDone(turn, first, 'signalled')
    await f.inbox.resume(cycle.place, newer, first.stepId, first.id)
    const [second] = (await cycle.claim(turn)).filter(isDelivery)
    if (second === undefined) throw new Error('nothing claimed')
    await f.inbox.fail(cycle.place, newer, { [first.stepId]: first.id }, DAY, 1)
    // The signal comes late, and finds a workflow that is open.
    await f.inbox.deliveryDone(turn, second, 'signalled')
    expect(await cycle.claim(turn)).toMatchObject([{ transaction: older, request: left }])
    expect(taken).toBe(first.request)
    expect(await f.inbox.revive(cycle.place, newer, 2)).toBe('go')
    expect(await f.inbox.resume(cycle.place, newer, second.stepId, second.id)).toEqual({ answer: 'moved' })
    expect(await f.inbox.resume(cycle.place, newer, first.stepId, first.id)).toEqual({ answer: 'go' })
    await f.inbox.release(turn)
  })

  test('is stopped where a stop had doomed it, and stays where a stop comes later', async () => {
    const cycle = await f.cycle()
    const doomed = await cycle.running()
    const transaction = await failed(cycle)
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.fail(cycle.place, doomed, {}, DAY, 1)).toMatchObject({ answer: 'stop' })
    expect(await allOf(f.inbox.doomed, cycle)).toEqual([doomed])
    expect(await f.inbox.check(cycle.place, transaction, { status: 'InProgress', acceptedAt: 0, values: [] })).toBe('go')
    expect(await cycle.statusOf(transaction)).toBe('Errored')
  })

  test('ends for good with the status it is given, and keeps the time of its failure', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle)
    const at = f.now()
    f.pass(HOUR)
    expect(await f.inbox.stopTransaction(cycle.place, transaction)).toBe('signal')
    expect(await f.inbox.end(cycle.place, transaction, {}, 'Stopped', DAY)).toEqual({ wake: false, before: true })
    expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ status: 'Stopped', endedAt: at })
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
    expect(await f.inbox.stopTransaction(cycle.place, transaction)).toBe('over')
  })

  test('stays Errored when its workflow is found closed', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle)
    f.pass(HOUR)
    await found(cycle, transaction, 'closed')
    expect(await cycle.statusOf(transaction)).toBe('Errored')
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
  })

  test('is terminated with a deleted cycle, and nothing of it stays', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle, 'v')
    await f.inbox.delete(cycle.place)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
    expect(await allOf(f.inbox.everyone, cycle)).toEqual([transaction])
    await f.inbox.purge(cycle.place)
    expect(await f.redis.keys(`*${cycle.place.cycle}*`)).toEqual([])
  })
})

describe('a revival', () => {
  test('makes it a member and a candidate again, without an end, its counts kept', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle, 'v')
    await f.redis.hincrby(`${cycleKey(cycle.place)}${cycleSuffix.transaction}${transaction}`, 'errors', 1)
    const early = requestOf(await cycle.request())
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('go')
    expect(await f.inbox.transaction(cycle.place, transaction)).toMatchObject({ status: 'InProgress', endedAt: undefined, errors: 1 })
    expect(await cycle.claim(await cycle.take())).toMatchObject([{ transaction, request: early }])
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction })
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('go')
    f.pass(2 * DAY)
    await f.sweep()
    expect(await cycle.statusOf(transaction)).toBe('InProgress')
  })

  test('is refused unless the cycle is Active, also to its late repeat', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle)
    await f.inbox.finish(cycle.place)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('refused')
    await f.inbox.activate(cycle.place)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('refused')
    expect(await f.inbox.revive(cycle.place, transaction, 3)).toBe('go')
    await f.inbox.deactivate(cycle.place)
    expect(await f.inbox.revive(cycle.place, transaction, 3)).toBe('stop')
  })

  test('is void when it comes late, and so is a failure from before it', async () => {
    const cycle = await f.cycle()
    const transaction = await failed(cycle)
    await f.inbox.revive(cycle.place, transaction, 2)
    expect(await f.inbox.fail(cycle.place, transaction, {}, DAY, 1)).toMatchObject({ answer: 'stop' })
    expect(await cycle.statusOf(transaction)).toBe('InProgress')
    await f.inbox.fail(cycle.place, transaction, {}, DAY, 3)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('stop')
    expect(await cycle.statusOf(transaction)).toBe('Errored')
  })

  test('waits for a place, and has the first that is free', async () => {
    const cycle = await f.cycle()
    const limited = { maxConcurrency: 1 }
    const transaction = await cycle.running(limited)
    await f.inbox.fail(cycle.place, transaction, {}, DAY, 1)
    const second = await cycle.accepted(limited)
    const third = await cycle.accepted(limited)
    const turn = await cycle.take()
    const [entry] = await cycle.claim(turn, 1)
    if (entry === undefined || !isStart(entry)) throw new Error('nothing claimed')
    expect(entry.transaction).toBe(second)
    await f.inbox.startDone(turn, entry)
    await f.inbox.begin(cycle.place, second, [], undefined)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('busy')
    await f.inbox.release(turn)
    await expect(cycle.take()).rejects.toThrow('no cycle is ready')
    await f.inbox.end(cycle.place, second, {}, 'Completed', DAY)
    const next = await cycle.take()
    expect(await cycle.claim(next, 1)).toEqual([])
    await f.inbox.release(next)
    expect(await f.inbox.revive(cycle.place, transaction, 2)).toBe('go')
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', DAY)
    expect((await cycle.claim(await cycle.take(), 1)).map(e => e.transaction)).toEqual([third])
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { asRequestId, asTransactionId, type TransactionId } from '../../domain/ids.ts'
import type { ScheduledRequest } from '../../storage/inbox-schedule.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createFixture, DAY, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const scheduled = (active = true): Promise<Cycle> => f.cycle({ active, scheduled: true })
const scheduling = async ({ place }: Cycle) => {
  const found = await f.inbox.scheduling(place)
  if (found === undefined) throw new Error('the cycle is gone')
  return found
}
const run = () => ({ version: 1, transaction: asTransactionId(randomUUID()), stepId: 'tick', data: '{}', values: [], once: false })
const due = async (cycle: Cycle, at: string, over: Partial<ScheduledRequest> = {}) =>
  f.inbox.acceptScheduled({
    place: cycle.place,
    ...run(),
    due: at,
    activation: (await scheduling(cycle)).activation,
    ...over,
  })
async function accepted(cycle: Cycle, at: string, over: Partial<ScheduledRequest> = {}): Promise<TransactionId> {
  const answer = await due(cycle, at, over)
  if (answer.outcome !== 'accepted') throw new Error(answer.outcome)
  return answer.transaction
}
/** Starts what is queued and lets it begin. */
async function begin(cycle: Cycle, transaction: TransactionId): Promise<void> {
  const turn = await cycle.take()
  for (const entry of await cycle.claim(turn)) if (isStart(entry)) await f.inbox.startDone(turn, entry)
  expect(await f.inbox.begin(cycle.place, transaction, [], undefined)).toBe('go')
  await f.inbox.release(turn)
}
const controls = async ({ place }: Cycle) =>
  (await f.inbox.controls(partitionOf(place.account), 500)).filter(control => control.place.cycle === place.cycle).map(({ op, epoch }) => `${op} ${epoch}`)
const notices = async ({ place }: Cycle) => (await f.inbox.notices(partitionOf(place.account), 500)).filter(notice => notice.place.cycle === place.cycle)

describe('what a Temporal Schedule follows', () => {
  test('each change of the state is an operation of its own', async () => {
    const cycle = await scheduled(false)
    expect(await controls(cycle)).toEqual([])
    await f.inbox.activate(cycle.place)
    await f.inbox.activate(cycle.place)
    await f.inbox.finish(cycle.place)
    expect(await scheduling(cycle)).toMatchObject({ state: 'Stopped', change: 2 })
    await f.inbox.activate(cycle.place)
    await f.inbox.deactivate(cycle.place)
    await f.inbox.deactivate(cycle.place)
    expect(await controls(cycle)).toEqual(['schedule 1', 'schedule 2', 'schedule 3', 'stop 2', 'schedule 4'])
    await f.inbox.delete(cycle.place)
    expect(await f.inbox.scheduling(cycle.place)).toBe(undefined)
    expect((await controls(cycle)).at(-1)).toMatch(/^delete/)
  })

  test('a cycle that a webhook triggers has none', async () => {
    const cycle = await f.cycle()
    await f.inbox.finish(cycle.place)
    expect(await controls(cycle)).toEqual([])
  })

  test('no two starts of a cycle are the same, also within one millisecond', async () => {
    const cycle = await scheduled()
    const first = (await scheduling(cycle)).activation
    expect(first).toBe(f.now())
    await f.inbox.deactivate(cycle.place)
    await f.inbox.activate(cycle.place)
    expect((await scheduling(cycle)).activation).toBe(first + 1)
  })
})

describe('a run that falls due', () => {
  test('becomes a transaction once, however often it is told', async () => {
    const cycle = await scheduled()
    const transaction = await accepted(cycle, 'a')
    expect(await due(cycle, 'a')).toEqual({ outcome: 'accepted', transaction, replayed: true })
    expect(await f.inbox.list(cycle.place, { limit: 10 })).toMatchObject([{ id: transaction, status: 'Queued' }])
    await begin(cycle, transaction)
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', DAY)
    expect(await due(cycle, 'a')).toEqual({ outcome: 'accepted', transaction, replayed: true })
    expect(await due(cycle, 'b')).toMatchObject({ outcome: 'accepted', replayed: false })
  })

  test('is skipped while the previous one is queued or in progress, and each such run leaves one notice', async () => {
    const cycle = await scheduled()
    const transaction = await accepted(cycle, 'a')
    expect(await due(cycle, 'b')).toEqual({ outcome: 'skipped' })
    expect(await due(cycle, 'b')).toEqual({ outcome: 'skipped' })
    await begin(cycle, transaction)
    expect(await due(cycle, 'c')).toEqual({ outcome: 'skipped' })
    expect(await notices(cycle)).toMatchObject([
      { kind: 'triggerSkipped', transaction, request: 'b', stepId: 'tick' },
      { kind: 'triggerSkipped', transaction, request: 'c', stepId: 'tick' },
    ])
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', DAY)
    expect(await due(cycle, 'd')).toMatchObject({ outcome: 'accepted' })
  })

  test('is not skipped for a transaction that waits, or that a stop has doomed', async () => {
    const cycle = await scheduled()
    const waiting = await accepted(cycle, 'a')
    await begin(cycle, waiting)
    await f.inbox.park(cycle.place, waiting, {})
    const running = await accepted(cycle, 'b')
    await begin(cycle, running)
    await f.inbox.deactivate(cycle.place)
    await f.inbox.activate(cycle.place)
    expect(await due(cycle, 'c')).toMatchObject({ outcome: 'accepted' })
  })

  test('is none where the cycle is not Active, or was started anew since', async () => {
    const cycle = await scheduled()
    const { activation } = await scheduling(cycle)
    await f.inbox.deactivate(cycle.place)
    expect(await due(cycle, 'a')).toEqual({ outcome: 'inactive' })
    await f.inbox.activate(cycle.place)
    expect(await due(cycle, 'a', { activation })).toEqual({ outcome: 'inactive' })
    expect(await due(cycle, 'a', { version: 2 })).toEqual({ outcome: 'stale' })
    const transaction = await accepted(cycle, 'b')
    await f.inbox.finish(cycle.place)
    expect(await due(cycle, 'c')).toEqual({ outcome: 'inactive' })
    await begin(cycle, transaction)
    await f.inbox.end(cycle.place, transaction, {}, 'Completed', DAY)
    expect(await scheduling(cycle)).toMatchObject({ state: 'Stopped' })
    await f.inbox.delete(cycle.place)
    expect(await f.inbox.acceptScheduled({ ...run(), place: cycle.place, due: 'd', activation })).toEqual({ outcome: 'deleted' })
    expect(await notices(cycle)).toEqual([])
  })

  test('finishes the cycle where it runs once', async () => {
    const cycle = await scheduled()
    const transaction = await accepted(cycle, 'a', { once: true })
    expect(await scheduling(cycle)).toMatchObject({ state: 'Stopping', change: 2 })
    expect(await due(cycle, 'a')).toMatchObject({ outcome: 'accepted', replayed: true })
    expect(await due(cycle, 'b')).toEqual({ outcome: 'inactive' })
    await begin(cycle, transaction)
    await f.inbox.end(cycle.place, transaction, {}, 'Errored', DAY)
    expect(await scheduling(cycle)).toMatchObject({ state: 'Stopped' })
    await f.inbox.activate(cycle.place)
    expect(await due(cycle, 'c', { once: true })).toMatchObject({ outcome: 'accepted' })
  })

  test('that was accepted before a stop waits for the next start, and is dropped after 24 h', async () => {
    const cycle = await scheduled()
    const transaction = await accepted(cycle, 'a')
    await f.inbox.deactivate(cycle.place)
    expect((await f.inbox.transaction(cycle.place, transaction))?.status).toBe('Queued')
    await f.inbox.activate(cycle.place)
    expect(await due(cycle, 'b')).toEqual({ outcome: 'skipped' })
    await f.inbox.deactivate(cycle.place)
    f.pass(DAY)
    await f.sweep()
    await f.inbox.activate(cycle.place)
    expect((await f.inbox.transaction(cycle.place, transaction))?.status).toBe('Dropped')
    expect(await due(cycle, 'c')).toMatchObject({ outcome: 'accepted' })
  })

  test('registers the values that mid-cycle steps match on', async () => {
    const cycle = await scheduled()
    const transaction = await accepted(cycle, 'a', { values: [{ stepId: 'despatched', value: 'a' }] })
    const answer = await f.inbox.acceptMidCycle({
      place: cycle.place,
      version: 1,
      request: asRequestId(randomUUID()),
      stepId: 'despatched',
      data: '{}',
      value: 'a',
      window: 0,
      held: false,
    })
    expect(answer).toMatchObject({ outcome: 'matched', transaction })
  })
})

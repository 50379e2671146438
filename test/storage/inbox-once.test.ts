/** Cycles that stop after their first run (marketplace.md 3, RunOnce; docs/decisions/0022). */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { asTransactionId } from '../../domain/ids.ts'
import { createFixture, DAY, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => (f = await createFixture()))
afterAll(() => f.close())

const KEY = { identifier: 'order', key: 'k' }
/** Claims what can be claimed and lets it begin; what did. */
async function begin(cycle: Cycle): Promise<readonly string[]> {
  const turn = await cycle.take()
  const begun: string[] = []
  for (const entry of await cycle.claim(turn)) {
    if (!isStart(entry)) continue
    await f.inbox.startDone(turn, entry)
    expect(await f.inbox.begin(cycle.place, entry.transaction, [], undefined)).toBe('go')
    begun.push(entry.transaction)
  }
  await f.inbox.release(turn)
  return begun
}
async function replay(cycle: Cycle): Promise<void> {
  const turn = await cycle.take()
  expect(await f.inbox.claim(turn, 10, undefined)).toMatchObject({ state: 'replay' })
  for (let entries = await f.inbox.readReplay(turn, 9); entries.length > 0; entries = await f.inbox.readReplay(turn, 9))
    await f.inbox.applyReplay(
      turn,
      entries.map(({ id }) => ({ id, gone: false as const, values: [] })),
    )
  await f.inbox.release(turn)
}
const end = (cycle: Cycle, transaction: string) => f.inbox.end(cycle.place, asTransactionId(transaction), {}, 'Completed', DAY)

test('what begins the first run finishes the cycle; what comes meanwhile waits for the next start', async () => {
  const cycle = await f.cycle({ once: true })
  const first = await cycle.accepted({ key: KEY })
  expect((await cycle.status()).state).toBe('Stopping')
  expect(await cycle.trigger()).toMatchObject({ outcome: 'accepted', next: 'queued' })
  expect(await cycle.trigger({ key: KEY })).toMatchObject({ transaction: first, replayed: true })
  expect(await begin(cycle)).toEqual([first])
  await end(cycle, first)
  expect(await cycle.status()).toMatchObject({ state: 'Stopped', queued: 1 })
  expect(await cycle.trigger()).toMatchObject({ outcome: 'accepted', next: 'queued' })
  // Started again it is a cycle like others.
  await f.inbox.activate(cycle.place)
  expect((await cycle.status()).state).toBe('Active')
  expect(await cycle.trigger()).toMatchObject({ next: 'inbox' })
  expect((await cycle.status()).state).toBe('Active')
})

test('one that is synchronous comes from the inbox, so that it is not lost with its api', async () => {
  const cycle = await f.cycle({ once: true })
  const answer = await cycle.trigger({ held: true })
  expect(answer).toMatchObject({ outcome: 'accepted', next: 'inbox' })
  expect((await cycle.status()).state).toBe('Stopping')
  await f.inbox.activate(cycle.place)
  expect(await cycle.trigger({ held: true })).toMatchObject({ next: 'start' })
})

test('a run that comes to wait is over', async () => {
  const cycle = await f.cycle({ once: true })
  const first = await cycle.accepted({ value: 'v' })
  await begin(cycle)
  await f.inbox.park(cycle.place, first, {})
  expect(await cycle.status()).toMatchObject({ state: 'Stopped', waiting: 1 })
  expect(await cycle.request()).toMatchObject({ outcome: 'queued' })
})

test('a stop before the first run leaves it to come', async () => {
  const cycle = await f.cycle({ once: true })
  await f.inbox.deactivate(cycle.place)
  await f.inbox.activate(cycle.place)
  expect((await cycle.status()).state).toBe('Active')
  await cycle.accepted()
  expect((await cycle.status()).state).toBe('Stopping')
})

test('what was queued before the start is its first run', async () => {
  const cycle = await f.cycle({ once: true })
  await f.inbox.deactivate(cycle.place)
  const queued = [await cycle.accepted(), await cycle.accepted()]
  await f.inbox.activate(cycle.place)
  expect((await cycle.status()).state).toBe('Stopping')
  expect(await cycle.trigger()).toMatchObject({ next: 'queued' })
  await replay(cycle)
  const begun = await begin(cycle)
  expect(begun).toEqual(queued)
  for (const transaction of begun) await end(cycle, transaction)
  expect(await cycle.status()).toMatchObject({ state: 'Stopped', queued: 1 })
})

test('a run of a schedule is one, and the schedule ends with it', async () => {
  const cycle = await f.cycle({ once: true, scheduled: true })
  const { activation } = (await f.inbox.scheduling(cycle.place)) ?? { activation: 0 }
  const run = { place: cycle.place, version: 1, transaction: asTransactionId('t1'), stepId: 'tick', due: 'a', activation, data: '{}', values: [], once: false }
  expect(await f.inbox.acceptScheduled(run)).toMatchObject({ outcome: 'accepted' })
  expect(await f.inbox.scheduling(cycle.place)).toMatchObject({ state: 'Stopping', change: 2 })
})

test('an export tells of it', async () => {
  const cycle = await f.cycle({ once: true })
  const standing = await f.inbox.standing(cycle.place)
  expect(standing).toMatchObject({ state: 'Active', once: true })
  await cycle.accepted()
  expect(await f.inbox.standing(cycle.place)).toMatchObject({ state: 'Stopping', once: false })
})

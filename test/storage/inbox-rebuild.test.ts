import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { UnknownCycle } from '../../domain/errors.ts'
import { asTransactionId, type Place, type TransactionId } from '../../domain/ids.ts'
import { cycleKey, cycleSuffix, partitionOf, valueHash } from '../../storage/keys.ts'
import type { Claimed } from '../../storage/inbox.ts'
import type { OpenTransaction } from '../../storage/rebuild.ts'
import { createFixture, DAY, isDelivery, isStart, type Cycle, type Fixture } from './inbox-fixture.ts'

let f: Fixture
beforeAll(async () => {
  f = await createFixture()
})
afterAll(() => f.close())

const view = { status: 'InProgress', acceptedAt: 1_600_000_000_000, values: [] } as const
const hashOf = (value: string): string => valueHash({ stepId: 'despatched', value })

/** An open transaction as Temporal would list it; `second`: when it was started. */
const open = (transaction: TransactionId, kind: OpenTransaction['kind'], value?: string, second = 0): OpenTransaction => ({
  transaction,
  kind,
  startedAt: `${1_650_000_000_000 + second * 1_000}.123`,
  values: value === undefined ? [] : [{ stepId: 'despatched', hash: hashOf(value) }],
})

const keysOf = (place: Place): Promise<string[]> => f.redis.keys(`${cycleKey(place)}*`)

/** Takes everything away but the cycle's hash and what is in its inbox. */
async function loseIndex({ place }: Cycle): Promise<void> {
  const kept = ['', cycleSuffix.starts, cycleSuffix.startClaims, cycleSuffix.deliveries, cycleSuffix.deliveryClaims, cycleSuffix.held].map(
    s => cycleKey(place) + s,
  )
  for (const key of await keysOf(place)) if (!kept.includes(key)) await f.redis.del(key)
}
async function loseAll({ place }: Cycle): Promise<void> {
  for (const key of await keysOf(place)) await f.redis.del(key)
}

async function rebuild({ place }: Cycle, ...transactions: OpenTransaction[]): Promise<void> {
  await f.inbox.beginRebuild(place)
  await f.inbox.rebuild(place, transactions)
  await f.inbox.endRebuild(place)
}

/** Takes the cycle, replays what is to be replayed, and claims all that can be. */
async function claimed(cycle: Cycle, maxConcurrency?: number) {
  const turn = await cycle.take()
  const entries: Claimed[] = []
  for (;;) {
    const answer = await f.inbox.claim(turn, 50, maxConcurrency)
    if (answer.state === 'lost') throw new Error('the lease was lost')
    if (answer.state === 'ok') {
      if (answer.entries.length === 0) return { turn, entries }
      entries.push(...answer.entries)
      continue
    }
    const read = await f.inbox.readReplay(turn, 50)
    await f.inbox.applyReplay(
      turn,
      read.map(entry =>
        entry.kind === 'start'
          ? { id: entry.id, gone: false, values: [{ stepId: 'despatched', value: 'queued' }] }
          : { id: entry.id, gone: false, value: 'v', window: 60_000 },
      ),
    )
  }
}

const lostPlaces = async (place: Place): Promise<readonly string[]> => (await f.inbox.toRebuild(partitionOf(place.account), false)).map(({ cycle }) => cycle)

describe('an index that was lost', () => {
  test('is missing until it is rebuilt', async () => {
    const cycle = await f.cycle()
    expect(await lostPlaces(cycle.place)).not.toContain(cycle.place.cycle)
    await loseIndex(cycle)
    expect(await lostPlaces(cycle.place)).toContain(cycle.place.cycle)
    await rebuild(cycle)
    expect(await lostPlaces(cycle.place)).not.toContain(cycle.place.cycle)
    expect((await f.inbox.toRebuild(partitionOf(cycle.place.account), true)).map(({ cycle: id }) => id)).toContain(cycle.place.cycle)
  })

  test('has what waits again: the most recent one is matched, under a delivery id above all before', async () => {
    const cycle = await f.cycle()
    const older = await cycle.waiting({ value: 'v' })
    const newer = await cycle.waiting({ value: 'v' })
    await loseIndex(cycle)
    await rebuild(cycle, open(newer, 'waiting', 'v', 2), open(older, 'waiting', 'v', 1))
    expect(await cycle.status()).toMatchObject({ waiting: 2, inProgress: 0 })
    expect((await f.inbox.list(cycle.place, { limit: 10 })).map(({ id }) => id)).toEqual([newer, older])
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: newer })
    const { turn, entries } = await claimed(cycle)
    expect(entries.map(({ transaction }) => transaction)).toEqual([newer])
    expect(entries[0]?.id).toBeGreaterThanOrEqual(f.now())
    for (const entry of entries.filter(isDelivery)) await f.inbox.deliveryDone(turn, entry, 'signalled')
    expect(await f.inbox.resume(cycle.place, newer, 'despatched', entries[0]?.id ?? 0)).toEqual({ answer: 'go' })
    expect(await f.inbox.park(cycle.place, newer, { despatched: entries[0]?.id ?? 0 })).toMatchObject({ answer: 'parked' })
  })

  test('keeps requests that come meanwhile, and starts, until it is whole', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    await loseIndex(cycle)
    expect(await cycle.request()).toMatchObject({ outcome: 'queued' })
    await f.inbox.beginRebuild(cycle.place)
    const start = await cycle.accepted()
    await expect(cycle.take()).rejects.toThrow('no cycle is ready')
    await f.inbox.rebuild(cycle.place, [open(waiting, 'waiting', 'v')])
    await f.inbox.endRebuild(cycle.place)
    expect((await claimed(cycle)).entries.map(({ transaction }) => transaction).sort()).toEqual([start, waiting].sort())
  })

  test('has what stood in the inbox: entries are started once, deliveries come to their transaction', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    const begun = await cycle.accepted()
    const unbegun = await cycle.accepted()
    const first = await cycle.take()
    expect((await f.inbox.claim(first, 50, undefined)).state).toBe('ok')
    await f.inbox.release(first)
    const queued = await cycle.accepted()
    await cycle.request()
    await loseIndex(cycle)
    // One of the two that were claimed has come to Temporal.
    await rebuild(cycle, open(waiting, 'waiting', 'v', 1), open(begun, 'running', undefined, 2))
    expect(await cycle.status()).toMatchObject({ waiting: 1, inProgress: 2, queued: 1 })
    const { entries } = await claimed(cycle)
    expect(
      entries
        .filter(isStart)
        .map(({ transaction }) => transaction)
        .sort(),
    ).toEqual([unbegun, queued].sort())
    expect(entries.filter(isDelivery).map(({ transaction }) => transaction)).toEqual([waiting])
    expect(await f.inbox.begin(cycle.place, begun, [], undefined)).toBe('go')
    expect(await f.inbox.begin(cycle.place, unbegun, [], undefined)).toBe('go')
  })

  test('leaves a record that is there as it is, and mends what belongs to it', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    const running = await cycle.running({ value: 'w' })
    await f.redis.del(
      cycleKey(cycle.place) + cycleSuffix.wait,
      cycleKey(cycle.place) + cycleSuffix.run,
      `${cycleKey(cycle.place)}${cycleSuffix.index}${hashOf('v')}`,
    )
    await rebuild(cycle, open(waiting, 'waiting', 'other'), open(running, 'waiting', 'other'))
    expect(await cycle.status()).toMatchObject({ waiting: 1, inProgress: 1 })
    expect(await cycle.request({ value: 'other', window: 0 })).toMatchObject({ outcome: 'unmatched' })
    expect(await cycle.request({ value: 'w' })).toMatchObject({ outcome: 'matched', transaction: running })
    expect(await cycle.request({ value: 'v' })).toMatchObject({ outcome: 'matched', transaction: waiting })
  })
})

describe('a running transaction whose record was lost', () => {
  test('goes on, counts as running, and is asked what it waits for', async () => {
    const cycle = await f.cycle()
    const running = await cycle.running({ value: 'v' })
    await loseIndex(cycle)
    await rebuild(cycle, open(running, 'running'))
    expect(await cycle.status()).toMatchObject({ inProgress: 1 })
    expect(await cycle.request({ window: 0 })).toMatchObject({ outcome: 'unmatched' })
    const strays = await f.inbox.strays(partitionOf(cycle.place.account), 100)
    expect(strays).toContainEqual({ place: cycle.place, transaction: running })
    await f.inbox.strayDone(cycle.place, running)
    expect(await f.inbox.check(cycle.place, running, { ...view, values: [{ stepId: 'despatched', value: 'v' }] })).toBe('go')
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: running })
    f.pass(60_000)
    expect(await f.inbox.strays(partitionOf(cycle.place.account), 100)).not.toContainEqual({ place: cycle.place, transaction: running })
  })

  test.each(['begin', 'register', 'resume', 'park'] as const)('gets one with its own %s, where Temporal did not list it', async call => {
    const cycle = await f.cycle()
    const running = await cycle.running({ value: 'v' })
    await loseIndex(cycle)
    const answers = {
      begin: () => f.inbox.begin(cycle.place, running, [{ stepId: 'despatched', value: 'v' }], undefined),
      register: () => f.inbox.register(cycle.place, running, { stepId: 'despatched', value: 'v' }),
      resume: async () => (await f.inbox.resume(cycle.place, running, 'despatched', 1)).answer,
      park: async () => (await f.inbox.park(cycle.place, running, {})).answer,
    }
    expect(['go', 'parked', hashOf('v')]).toContain(await answers[call]())
    expect(await cycle.statusOf(running)).toBe(call === 'park' ? 'Waiting' : 'InProgress')
    expect(await f.inbox.strays(partitionOf(cycle.place.account), 100)).toContainEqual({ place: cycle.place, transaction: running })
    await rebuild(cycle, open(running, 'running'))
    await f.inbox.check(cycle.place, running, { ...view, values: [{ stepId: 'despatched', value: 'v' }] })
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: running })
  })

  test('waits where it says so, though Temporal listed it as running, and the other way round', async () => {
    const cycle = await f.cycle()
    const [waiting, running] = [await cycle.waiting({ value: 'v' }), await cycle.running({ value: 'w' })]
    await loseIndex(cycle)
    await rebuild(cycle, open(waiting, 'running'), open(running, 'waiting', 'w'))
    expect(await f.inbox.check(cycle.place, waiting, { ...view, status: 'Waiting', values: [{ stepId: 'despatched', value: 'v' }] })).toBe('go')
    expect(await f.inbox.resume(cycle.place, running, 'despatched', 7)).toEqual({ answer: 'go' })
    expect([await cycle.statusOf(waiting), await cycle.statusOf(running)]).toEqual(['Waiting', 'InProgress'])
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: waiting })
  })

  test('is stopped in a stopped cycle; what waits stays', async () => {
    const cycle = await f.cycle()
    const [waiting, running, unlisted] = [await cycle.waiting({ value: 'v' }), await cycle.running(), await cycle.running()]
    await f.inbox.deactivate(cycle.place)
    await loseIndex(cycle)
    await rebuild(cycle, open(waiting, 'waiting', 'v'), open(running, 'running'))
    expect(await f.inbox.check(cycle.place, running, view)).toBe('stop')
    expect((await f.inbox.park(cycle.place, unlisted, {})).answer).toBe('stop')
    expect(await f.inbox.check(cycle.place, waiting, { ...view, status: 'Waiting' })).toBe('go')
    await f.inbox.activate(cycle.place)
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: waiting })
  })

  test('stands failed where it did, and is revived with its values', async () => {
    const cycle = await f.cycle()
    const failed = await cycle.running({ value: 'v' })
    await f.inbox.fail(cycle.place, failed, {}, DAY, 1)
    await loseIndex(cycle)
    await rebuild(cycle, open(failed, 'failed'))
    expect(await cycle.statusOf(failed)).toBe('Errored')
    expect(await f.inbox.strays(partitionOf(cycle.place.account), 100)).toContainEqual({ place: cycle.place, transaction: failed })
    expect(await f.inbox.check(cycle.place, failed, { ...view, values: [{ stepId: 'despatched', value: 'v' }] })).toBe('go')
    expect(await cycle.request({ window: 0 })).toMatchObject({ outcome: 'unmatched' })
    expect(await f.inbox.revive(cycle.place, failed, 2)).toBe('go')
    expect(await cycle.request()).toMatchObject({ outcome: 'matched', transaction: failed })
  })

  test('takes what had been brought to it before everything was lost', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    await cycle.request()
    const [delivery] = await cycle.claim(await cycle.take())
    await loseAll(cycle)
    await f.inbox.importCycle(cycle.place, 1, false, { state: 'Active', stoppedAt: 0, activation: 0, once: false })
    await rebuild(cycle, open(waiting, 'running'))
    expect(await f.inbox.resume(cycle.place, waiting, 'despatched', delivery?.id ?? 0)).toEqual({ answer: 'go' })
  })

  test('holds its place, and a drain waits for it', async () => {
    const cycle = await f.cycle()
    const running = await cycle.running({ maxConcurrency: 1 })
    await f.inbox.finish(cycle.place)
    await loseIndex(cycle)
    await f.inbox.beginRebuild(cycle.place)
    await f.sweep()
    expect(await cycle.status()).toMatchObject({ state: 'Stopping' })
    await f.inbox.rebuild(cycle.place, [open(running, 'running')])
    await f.inbox.endRebuild(cycle.place)
    expect(await cycle.status()).toMatchObject({ state: 'Stopping', inProgress: 1 })
    await f.inbox.end(cycle.place, running, {}, 'Completed', 1_000)
    expect(await cycle.status()).toMatchObject({ state: 'Stopped', inProgress: 0 })
  })
})

describe('a cycle that is imported', () => {
  test.each(['Paused', 'Active', 'Stopping', 'Stopped'] as const)('comes back %s, and once', async state => {
    const cycle = await f.cycle()
    await loseAll(cycle)
    const stoppedAt = state === 'Stopped' ? f.now() - 1_000 : 0
    expect(await f.inbox.importCycle(cycle.place, 1, false, { state, stoppedAt, activation: 7, once: false })).toBe('made')
    expect(await f.inbox.importCycle(cycle.place, 9, false, { state: 'Paused', stoppedAt: 0, activation: 0, once: false })).toBe('there')
    expect(await f.inbox.standing(cycle.place)).toEqual({ state, stoppedAt, activation: 7, once: false })
    await rebuild(cycle)
    // Nothing runs that a drain would wait for.
    expect(await cycle.status()).toMatchObject({ state: state === 'Stopping' ? 'Stopped' : state, version: 1, inProgress: 0, queued: 0 })
    expect((await cycle.trigger()).outcome).toBe(state === 'Paused' ? 'inactive' : 'accepted')
  })

  test('has an epoch of its own, so that a stop is carried out once more', async () => {
    const cycle = await f.cycle()
    await loseAll(cycle)
    await f.inbox.importCycle(cycle.place, 1, false, { state: 'Active', stoppedAt: 0, activation: 0, once: false })
    await f.inbox.deactivate(cycle.place)
    const controls = await f.inbox.controls(partitionOf(cycle.place.account), 100)
    expect(controls.find(({ place }) => place.cycle === cycle.place.cycle)?.epoch).toBe(f.now())
  })

  test('is unknown before, not deleted; nothing is stopped, and what ends ends', async () => {
    const cycle = await f.cycle()
    const running = await cycle.running()
    await loseAll(cycle)
    await expect(f.inbox.begin(cycle.place, running, [], undefined)).rejects.toThrow(UnknownCycle)
    await expect(f.inbox.resume(cycle.place, running, 'despatched', 1)).rejects.toThrow(UnknownCycle)
    await expect(f.inbox.park(cycle.place, running, {})).rejects.toThrow(UnknownCycle)
    await expect(f.inbox.fail(cycle.place, running, {}, 1_000, 1)).rejects.toThrow(UnknownCycle)
    await expect(f.inbox.revive(cycle.place, running, 1)).rejects.toThrow(UnknownCycle)
    await expect(f.inbox.check(cycle.place, running, view)).rejects.toThrow(UnknownCycle)
    expect(await f.inbox.register(cycle.place, running, { stepId: 'despatched', value: 'v' })).toBe(hashOf('v'))
    await f.inbox.end(cycle.place, running, {}, 'Completed', 1_000)
    expect(await keysOf(cycle.place)).toEqual([])
  })

  test('is not made over one that is being deleted; its transactions are found before they are ended', async () => {
    const cycle = await f.cycle()
    const waiting = await cycle.waiting({ value: 'v' })
    await f.inbox.delete(cycle.place)
    expect(await f.inbox.importCycle(cycle.place, 1, false, { state: 'Active', stoppedAt: 0, activation: 0, once: false })).toBe('deleted')
    await loseIndex(cycle)
    await expect(f.inbox.everyone(cycle.place, '', 10)).rejects.toThrow('being rebuilt')
    await rebuild(cycle, open(waiting, 'waiting', 'v'))
    expect(await f.inbox.everyone(cycle.place, '', 10)).toMatchObject({ transactions: [waiting] })
    await f.inbox.purge(cycle.place)
    expect(await keysOf(cycle.place)).toEqual([])
  })

  test('takes any number of transactions at a time', async () => {
    const cycle = await f.cycle()
    await loseAll(cycle)
    await f.inbox.importCycle(cycle.place, 1, false, { state: 'Active', stoppedAt: 0, activation: 0, once: false })
    const many = Array.from({ length: 1_000 }, (_, n) => open(asTransactionId(randomUUID()), 'waiting', `many-${n}`, n))
    await rebuild(cycle, ...many)
    expect((await cycle.status()).waiting).toBe(1_000)
    expect(await cycle.request({ value: 'many-7' })).toMatchObject({ outcome: 'matched', transaction: many[7]?.transaction })
  })
})

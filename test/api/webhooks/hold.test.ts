import { describe, expect, it, vi } from 'vitest'
import { holdMidCycle, holdQueued, holdStarted, startLimit } from '../../../api/webhooks/held-requests.ts'
import { asRequestId, asTransactionId, type TransactionId } from '../../../domain/ids.ts'
import type { TransactionStatus } from '../../../domain/states.ts'
import type { RequestOutcome } from '../../../storage/inbox.ts'
import { transactionWorkflowId } from '../../../workflows/messages.ts'
import { answer, created, deps, one, place, trigger } from './hold-fakes.ts'

const two = asTransactionId('t2')
const request = asRequestId('r1')
const idOf = (transaction: TransactionId): string => transactionWorkflowId(place.cycle, transaction)

describe('a held trigger that this process starts', () => {
  it('gets the status, headers and body of the response step', async () => {
    const { deps: given } = deps({ startAndAwait: async () => answer(created) })
    expect(await holdStarted(given, trigger().held)).toMatchObject({
      kind: 'custom',
      status: 201,
      headers: { 'x-a': '1' },
      body: 'made',
      about: { transaction: one },
    })
  })

  it.each([
    ['none', 'accepted'],
    ['failed', 'failed'],
  ] as const)('gets the fixed answer where its transaction ends with %s', async (kind, name) => {
    const { deps: given } = deps({ startAndAwait: async () => answer({ kind }) })
    expect(await holdStarted(given, trigger().held)).toMatchObject({ kind: 'table', answer: name })
  })

  it('gets the recorded answer where the transaction has closed before', async () => {
    const { deps: given } = deps({
      startAndAwait: async () => ({ state: 'absent' }),
      await: async () => ({ state: 'absent' }),
      find: async () => 'closed',
      recorded: async () => created,
    })
    expect(await holdStarted(given, trigger().held)).toMatchObject({ kind: 'custom', status: 201 })
  })

  it('asks again where the update was lost and the transaction is open', async () => {
    let asked = 0
    const { deps: given } = deps({
      startAndAwait: async () => ({ state: 'absent' }),
      await: async () => (++asked < 3 ? { state: 'absent' } : answer(created)),
    })
    expect(await holdStarted(given, trigger().held)).toMatchObject({ kind: 'custom', status: 201 })
  })

  it('gets 504 when its time is up, and the transaction goes on', async () => {
    const { deps: given } = deps({})
    expect(await holdStarted(given, trigger(50).held)).toMatchObject({ kind: 'table', answer: 'timedOut' })
  })

  it('gets 503 where Temporal does not acknowledge the start within 5 s', async () => {
    const { deps: given } = deps({ find: () => Promise.reject(new Error('silent')) })
    expect(await holdStarted(given, trigger().held)).toMatchObject({ kind: 'table', answer: 'unavailable' })
  })

  it('is held while a busy Temporal answers but does not know the start yet, and gets 503 when the start may not be sent any more', async () => {
    let looks = 0
    const { deps: given } = deps({ find: async () => (looks++, 'unknown') })
    const { held } = trigger()
    expect(await holdStarted(given, { ...held, limit: startLimit(performance.now(), 10_500, () => Promise.resolve(false)) })).toMatchObject({
      kind: 'table',
      answer: 'unavailable',
    })
    expect(looks).toBe(2)
  })

  it('is held for longer than one term of the sweep while the inbox gives more time', async () => {
    let renewals = 0
    const { deps: given } = deps({ find: async () => 'unknown' })
    const { held } = trigger()
    const limit = startLimit(performance.now(), 10_500, async () => ++renewals < 3)
    const before = limit.before
    expect(await holdStarted(given, { ...held, limit })).toMatchObject({ kind: 'table', answer: 'unavailable' })
    expect(renewals).toBeGreaterThanOrEqual(3)
    expect(limit.before).toBeGreaterThan(before)
  })

  it('gets 503 where Temporal does not answer at all', async () => {
    const { deps: given } = deps({ startAndAwait: async () => ({ state: 'unreachable' }) })
    expect(await holdStarted(given, trigger().held)).toMatchObject({ kind: 'table', answer: 'unavailable' })
  })

  it('is not started when the sweep may have given it up: 503', async () => {
    let called = false
    const { deps: given } = deps({ startAndAwait: async () => ((called = true), answer(created)) })
    const { held } = trigger()
    expect(await holdStarted(given, { ...held, limit: startLimit(performance.now(), 4_999, () => Promise.resolve(false)) })).toMatchObject({
      answer: 'unavailable',
    })
    expect(called).toBe(false)
  })

  it('that hangs up frees what it held, and its transaction is started all the same', async () => {
    const started: TransactionId[] = []
    const { deps: given } = deps({
      start: async ({ transaction }) => {
        started.push(transaction)
      },
    })
    const { held, hangUp } = trigger()
    const waiting = holdStarted(given, held)
    hangUp.abort()
    expect(await waiting).toBeUndefined()
    await vi.waitFor(() => expect(started).toEqual([one]))
  })
})

describe('a held trigger that waits its turn in the inbox', () => {
  it('attaches when the inbox reports the start', async () => {
    let status: TransactionStatus = 'Queued'
    const { deps: given, ring, listeners } = deps({ await: async () => answer(created) }, { status: () => status })
    const waiting = holdQueued(given, place, one, { replayed: false }, trigger().held.deadline)
    await Promise.resolve()
    status = 'InProgress'
    ring()
    expect(await waiting).toMatchObject({ kind: 'custom', status: 201 })
    expect(listeners.size).toBe(0)
  })

  it('looks again by itself where the message was lost', async () => {
    let looks = 0
    const { deps: given } = deps({ await: async () => answer(created) }, { status: () => (++looks < 2 ? 'Queued' : 'InProgress') })
    expect(await holdQueued(given, place, one, { replayed: false }, trigger().held.deadline)).toMatchObject({ status: 201 })
  })

  it('gets 500 where it was stopped in the queue', async () => {
    const { deps: given } = deps({ await: async () => ({ state: 'absent' }), find: async () => 'unknown' }, { status: () => 'Stopped' })
    expect(await holdQueued(given, place, one, { replayed: false }, trigger().held.deadline)).toMatchObject({ answer: 'failed' })
  })

  it('gets 504 where its turn does not come in time', async () => {
    const { deps: given } = deps({}, { status: () => 'Queued' })
    expect(await holdQueued(given, place, one, { replayed: false }, trigger(50).held.deadline)).toMatchObject({ answer: 'timedOut' })
  })
})

describe('a held mid-cycle request', () => {
  it('gets the response of the run that it began, with its transaction', async () => {
    const { deps: given } = deps({ await: async id => (id === idOf(one) ? answer(created) : { state: 'absent' }) })
    expect(await holdMidCycle(given, place, request, one, false, trigger().held.deadline)).toMatchObject({ status: 201, about: { transaction: one } })
  })

  it('is followed to the transaction that it was matched with anew', async () => {
    const { deps: given } = deps(
      { await: async id => (id === idOf(two) ? answer(created) : answer({ kind: 'moved' })) },
      { outcome: () => ({ outcome: 'matched', transaction: two }) },
    )
    expect(await holdMidCycle(given, place, request, one, false, trigger().held.deadline)).toMatchObject({ status: 201, about: { transaction: two } })
  })

  it('is answered at once where it turned out to match nothing', async () => {
    const { deps: given } = deps({ await: async () => ({ state: 'absent' }), find: async () => 'closed' }, { outcome: () => ({ outcome: 'unmatched' }) })
    const got = await holdMidCycle(given, place, request, one, false, trigger().held.deadline)
    expect(got).toEqual({ kind: 'table', answer: 'accepted', about: { replayed: false } })
  })

  it('leaves a transaction that it was taken from while it waited there', async () => {
    let outcome: RequestOutcome = { outcome: 'matched', transaction: one }
    const { deps: given, ring } = deps(
      {
        await: (id, _request, wait) =>
          id === idOf(two) ? Promise.resolve(answer(created)) : new Promise(resolve => wait.signal.addEventListener('abort', () => resolve({ state: 'over' }))),
      },
      { outcome: () => outcome },
    )
    const waiting = holdMidCycle(given, place, request, one, false, trigger().held.deadline)
    await Promise.resolve()
    outcome = { outcome: 'matched', transaction: two }
    ring()
    expect(await waiting).toMatchObject({ status: 201, about: { transaction: two } })
  })

  it('waits for the start of the transaction that it matched', async () => {
    let asked = 0
    const { deps: given } = deps(
      { await: async () => (++asked < 2 ? { state: 'absent' } : answer(created)), find: async () => 'unknown' },
      { outcome: () => ({ outcome: 'matched', transaction: one }) },
    )
    expect(await holdMidCycle(given, place, request, one, false, trigger().held.deadline)).toMatchObject({ status: 201 })
  })
})

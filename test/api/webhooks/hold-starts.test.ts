import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { holdStarted } from '../../../api/webhooks/held-requests.ts'
import type { HeldOutcome, WebhookTemporal } from '../../../api/webhooks/deps.ts'
import { asTransactionId, type TransactionId } from '../../../domain/ids.ts'
import { answer, created, deps, trigger } from './hold-fakes.ts'

const id = (n: number): TransactionId => asTransactionId(`t${n}`)

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

/** Temporal that notes what it was sent, and answers when told; one start at a time may be under way. */
function one(given: Partial<WebhookTemporal> = {}) {
  const sent: TransactionId[] = []
  const started: TransactionId[] = []
  const answers = new Map<TransactionId, (outcome: HeldOutcome) => void>()
  const made = deps(
    {
      startAndAwait: ({ transaction }, wait) => {
        if (wait.signal.aborted || wait.deadlineMs <= 0) return Promise.resolve({ state: 'over' })
        sent.push(transaction)
        return new Promise(resolve => {
          answers.set(transaction, resolve)
          wait.signal.addEventListener('abort', () => resolve({ state: 'over' }), { once: true })
          setTimeout(() => resolve({ state: 'over' }), wait.deadlineMs)
        })
      },
      start: async ({ transaction }) => void started.push(transaction),
      ...given,
    },
    {},
    1,
  )
  return { ...made, sent, started, answer: (transaction: TransactionId) => answers.get(transaction)?.(answer(created)) }
}

/** The outcome of a held sender, as far as it has come. */
function watched<T>(waiting: Promise<T>): { readonly got: () => T | 'held' } {
  let got: T | 'held' = 'held'
  void waiting.then(value => (got = value))
  return { got: () => got }
}

describe('a held trigger whose start waits behind those of others', () => {
  it('is sent when the one before it has begun, and both get their answers', async () => {
    const temporal = one()
    const first = watched(holdStarted(temporal.deps, trigger(60_000, id(1)).held))
    const second = watched(holdStarted(temporal.deps, trigger(60_000, id(2)).held))
    await vi.advanceTimersByTimeAsync(100)
    expect(temporal.sent).toEqual([id(1)])
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.sent).toEqual([id(1), id(2)])
    expect(first.got()).toBe('held')
    temporal.answer(id(2))
    temporal.answer(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect([first.got(), second.got()]).toMatchObject([{ status: 201 }, { status: 201 }])
  })

  it('is sent when the one before it was found in Temporal, its news lost', async () => {
    const temporal = one({ find: async () => 'open' })
    void holdStarted(temporal.deps, trigger(60_000, id(1)).held)
    void holdStarted(temporal.deps, trigger(60_000, id(2)).held)
    await vi.advanceTimersByTimeAsync(5_100)
    expect(temporal.sent).toEqual([id(1), id(2)])
  })

  it('is held for longer than 5 s while Temporal answers others, and has 5 s of its own from its turn on', async () => {
    let answering = true
    const temporal = one({ heard: () => answering, find: async () => Promise.reject(new Error('silent')) })
    const first = trigger(60_000, id(1))
    void holdStarted({ ...temporal.deps, temporal: { ...temporal.deps.temporal, find: async () => 'unknown' } }, first.held)
    const second = watched(holdStarted(temporal.deps, trigger(60_000, id(2)).held))
    await vi.advanceTimersByTimeAsync(20_000)
    expect(second.got()).toBe('held')
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(4_900)
    expect(temporal.sent).toEqual([id(1), id(2)])
    expect(second.got()).toBe('held')
    answering = false
    await vi.advanceTimersByTimeAsync(200)
    expect(second.got()).toMatchObject({ answer: 'unavailable' })
  })

  it('gets 503 within 10 s where Temporal hangs, and is not started', async () => {
    const silent = (): Promise<never> => new Promise((_resolve, reject) => setTimeout(() => reject(new Error('silent')), 2_000))
    const temporal = one({ find: silent })
    const all = [1, 2, 3].map(n => watched(holdStarted(temporal.deps, trigger(60_000, id(n)).held)))
    await vi.advanceTimersByTimeAsync(3_000)
    // It comes to its turn when those before it have waited in vain: they have used up its 5 s.
    const late = watched(holdStarted(temporal.deps, trigger(60_000, id(4)).held))
    await vi.advanceTimersByTimeAsync(4_100)
    for (const each of all) expect(each.got()).toMatchObject({ answer: 'unavailable' })
    expect(late.got()).toBe('held')
    await vi.advanceTimersByTimeAsync(5_800)
    expect(late.got()).toMatchObject({ answer: 'unavailable' })
    expect(temporal.started).toEqual([])
  })

  it('whose sender hangs up is let go at once, and is started when its turn comes', async () => {
    const temporal = one({ heard: () => true, find: async () => 'unknown' })
    void holdStarted(temporal.deps, trigger(60_000, id(1)).held)
    const second = trigger(60_000, id(2))
    const got = watched(holdStarted(temporal.deps, second.held))
    await vi.advanceTimersByTimeAsync(1_000)
    second.hangUp.abort()
    await vi.advanceTimersByTimeAsync(1)
    expect(got.got()).toBeUndefined()
    expect(temporal.started).toEqual([])
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.sent).toEqual([id(1)])
    expect(temporal.started).toEqual([id(2)])
  })

  it('gets 504 when its time is up, and is started when its turn comes', async () => {
    const temporal = one({ heard: () => true, find: async () => 'unknown' })
    void holdStarted(temporal.deps, trigger(60_000, id(1)).held)
    const second = watched(holdStarted(temporal.deps, trigger(2_000, id(2)).held))
    await vi.advanceTimersByTimeAsync(2_001)
    expect(second.got()).toMatchObject({ answer: 'timedOut' })
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.started).toEqual([id(2)])
  })

  it('is told apart in the log where its sender is gone and Temporal does not take it', async () => {
    const temporal = one({ heard: () => true, start: () => Promise.reject(new Error('no')) })
    const { held, hangUp } = trigger(60_000, id(1))
    const waiting = holdStarted(temporal.deps, held)
    hangUp.abort()
    expect(await waiting).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.warned).toEqual([{ transaction: id(1) }])
  })

  it('is not looked for in Temporal when it is known that it began', async () => {
    let looks = 0
    const temporal = one({ find: async () => (looks++, 'open') })
    const first = watched(holdStarted(temporal.deps, trigger(60_000, id(1)).held))
    await vi.advanceTimersByTimeAsync(1)
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(30_000)
    temporal.answer(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(first.got()).toMatchObject({ status: 201 })
    expect(looks).toBe(0)
  })

  it('is not started a second time where its sender hangs up after it began', async () => {
    const temporal = one()
    const { held, hangUp } = trigger(60_000, id(1))
    const waiting = holdStarted(temporal.deps, held)
    await vi.advanceTimersByTimeAsync(1)
    temporal.begin(id(1))
    hangUp.abort()
    expect(await waiting).toBeUndefined()
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.started).toEqual([])
  })

  it('asks the inbox for more time before the sweep would give it up, and gets 503, unsent, where there is none', async () => {
    const temporal = one({ heard: () => true, find: async () => 'unknown' })
    let renewals = 0
    void holdStarted(temporal.deps, trigger(600_000, id(1), async () => true).held)
    const second = watched(holdStarted(temporal.deps, trigger(600_000, id(2), async () => ++renewals < 3).held))
    await vi.advanceTimersByTimeAsync(120_000)
    expect(second.got()).toBe('held')
    expect(renewals).toBeGreaterThanOrEqual(3)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(second.got()).toMatchObject({ answer: 'unavailable' })
    temporal.begin(id(1))
    await vi.advanceTimersByTimeAsync(1)
    expect(temporal.sent).toEqual([id(1)])
    expect(temporal.started).toEqual([])
  })
})

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { asking } from './documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem({ env: { MAX_STEP_EXECUTIONS: '60' } })
})
afterAll(async () => system?.stop())

describe('running transactions', () => {
  it('maxConcurrency 1 runs them strictly in order of acceptance, never two at once', async () => {
    const cycle = await system.client.cycle({
      name: 'One by one',
      settings: { maxConcurrency: 1 },
      steps: [
        { id: 'order', type: 'webhook', next: 'work' },
        { id: 'work', type: 'request', method: 'POST', url: `${system.receiver.url}/work`, body: { n: '{{order.body.n}}' } },
      ],
    })
    let now = 0
    let most = 0
    system.receiver.respond(async () => {
      most = Math.max(most, ++now)
      await sleep(20)
      now--
      return undefined
    })
    for (let n = 0; n < 15; n++) await cycle.post({ n })
    const worked = await system.receiver.waitFor('/work', 15)
    expect(worked.map(({ json }) => json)).toEqual(Array.from({ length: 15 }, (_, n) => ({ n })))
    expect(most).toBe(1)
    system.receiver.respond(() => undefined)
  })

  it('a synchronous request waits its turn with its connection held', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url, { maxConcurrency: 1 }))
    system.receiver.respond(async ({ path }) => {
      if (path === '/ask') await sleep(100)
      return undefined
    })
    const replies = await Promise.all([1, 2, 3, 4, 5].map(id => cycle.post({ id }, { key: `k${id}` })))
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201])
    expect(replies.map(({ headers }) => headers['x-order'])).toEqual(['1', '2', '3', '4', '5'])
    expect(await cycle.post({ id: 9 }, { key: 'k3' })).toMatchObject({ status: 201, transaction: replies[2]?.transaction, replayed: true })
    system.receiver.respond(() => undefined)
  })

  it('a delay waits durably, also through the kill of the worker', async () => {
    const cycle = await system.client.cycle({
      name: 'Delay',
      steps: [
        { id: 'order', type: 'webhook', next: 'pause' },
        { id: 'pause', type: 'delay', for: '3s', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${system.receiver.url}/delayed`, body: { id: '{{order.body.id}}' } },
      ],
    })
    const id = randomUUID()
    const order = await cycle.post({ id })
    await cycle.settled(order.transaction ?? '', ['InProgress'])
    const began = performance.now()
    await system.restart('worker')
    const [told] = await system.receiver.waitFor('/delayed')
    expect(told?.json).toEqual({ id })
    expect((told?.at ?? 0) - began).toBeGreaterThan(1_000)
    await cycle.settled(order.transaction ?? '', ['Completed'])
  })

  it('a loop runs until its decision leaves it', async () => {
    const cycle = await system.client.cycle({
      name: 'Loop',
      steps: [
        { id: 'order', type: 'webhook', next: 'poll' },
        { id: 'poll', type: 'request', method: 'GET', url: `${system.receiver.url}/poll`, next: 'ready' },
        { id: 'ready', type: 'decision', left: '{{poll.body.ready}}', condition: 'equals', right: true, true: 'answer', false: 'poll' },
        { id: 'answer', type: 'synchronousResponse', body: { tries: '{{poll.body.n}}' } },
      ],
    })
    let n = 0
    system.receiver.respond(() => ({ body: { n: ++n, ready: n === 7 } }))
    expect(await cycle.post({})).toMatchObject({ status: 200, body: '{"tries":7}' })
    n = -1_000_000
    const endless = await cycle.post({})
    expect(endless).toMatchObject({ status: 500, body: 'Webhook failed.' })
    expect((await cycle.settled(endless.transaction ?? '', ['Errored'])).Incidents).toHaveLength(1)
    system.receiver.respond(() => undefined)
  })

  it('a list in next runs its paths at once', async () => {
    const cycle = await system.client.cycle({
      name: 'Fork',
      steps: [
        { id: 'order', type: 'webhook', next: ['left', 'right'] },
        { id: 'left', type: 'request', method: 'POST', url: `${system.receiver.url}/fork` },
        { id: 'right', type: 'request', method: 'POST', url: `${system.receiver.url}/fork` },
      ],
    })
    let now = 0
    let both: () => void = () => {}
    const met = new Promise<void>(resolve => {
      both = resolve
    })
    system.receiver.respond(async ({ path }) => {
      if (path === '/fork' && ++now === 2) both()
      await met
      return undefined
    })
    const order = await cycle.post({})
    await cycle.settled(order.transaction ?? '', ['Completed'])
    system.receiver.respond(() => undefined)
  })

  it('300 connections are held at once by one api process, and all are answered with their own', { timeout: 420_000 }, async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url, { syncTimeout: '600s' }, { timeout: '600s' }))
    const count = Number(process.env.HELD ?? 300)
    let release: () => void = () => {}
    const allHeld = new Promise<void>(resolve => {
      release = resolve
    })
    system.receiver.respond(async ({ path }) => {
      if (path === '/ask') await allHeld
      return undefined
    })
    const waiting = Promise.all(Array.from({ length: count }, (_, id) => cycle.post({ id }, { timeoutMs: 240_000 })))
    await until(
      async () => (await (await fetch(`${system.apiUrl}/metrics`)).text()).match(/^flywheel_held_connections\{[^}]*\} (\d+)$/m)?.[1] === String(count),
      {
        everyMs: 200,
        timeoutMs: 150_000,
      },
    )
    release()
    const replies = await waiting
    expect(replies.filter(({ status }) => status !== 201)).toEqual([])
    expect(replies.map(({ headers }) => headers['x-order'])).toEqual(Array.from({ length: count }, (_, id) => String(id)))
    system.receiver.respond(() => undefined)
  })

  it('hanging up changes nothing for transactions whose starts still wait their turn', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    const before = system.receiver.at('/after').length
    const count = 100
    const hangUp = new AbortController()
    const senders = Array.from({ length: count }, (_, id) => cycle.post({ id }, { signal: hangUp.signal }).catch(() => 'gone'))
    await until(async () => (await cycle.transactions('?pageSize=500')).length === count, { everyMs: 50 })
    hangUp.abort()
    expect((await Promise.all(senders)).filter(reply => reply === 'gone').length).toBeGreaterThan(count / 2)
    await until(() => system.receiver.at('/after').length >= before + count, { timeoutMs: 120_000, what: `${count} transactions run` })
    expect(
      new Set(
        system.receiver
          .at('/after')
          .slice(before)
          .map(({ json }) => JSON.stringify(json)),
      ).size,
    ).toBe(count)
  })
})

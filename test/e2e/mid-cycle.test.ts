import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { waiting } from './documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

interface Update {
  readonly tx: string
  readonly id: unknown
  readonly n: unknown
}
const updatesOf = (id: unknown): Update[] =>
  system.receiver.at('/updates').flatMap(({ text }) => {
    const update: Update = JSON.parse(text)
    return update.id === id ? [update] : []
  })
/** How often one transaction is resumed in the test of that; 500 by hand. */
const RESUMES = Number(process.env.FLYWHEEL_TEST_RESUMES ?? 50)
const numbers = (id: unknown): unknown[] => updatesOf(id).map(({ n }) => n)

describe('a mid-cycle webhook', () => {
  it('runs the transaction with the mapped value, five times in a row, in order, also after its end', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const order = await cycle.post({ id })
    await cycle.settled(order.transaction ?? '', ['Waiting'])
    for (let n = 0; n < 5; n++) expect(await cycle.post({ id, n }, { step: 'update' })).toMatchObject({ status: 200, transaction: order.transaction })
    await until(() => updatesOf(id).length === 5)
    expect(numbers(id)).toEqual([0, 1, 2, 3, 4])
    await cycle.settled(order.transaction ?? '', ['Waiting'])
    await cycle.post({ id, n: 'late' }, { step: 'update' })
    await until(() => updatesOf(id).length === 6)
    expect(numbers(id)[5]).toBe('late')
    expect(new Set(updatesOf(id).map(({ tx }) => tx))).toEqual(new Set([order.transaction]))
  })

  it(`resumes a transaction that waits ${RESUMES} times, and its data stays readable`, { timeout: 600_000 }, async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const { transaction = '' } = await cycle.post({ id, kept: 'since the start' })
    for (let n = 0; n < RESUMES; n++) {
      await cycle.settled(transaction, ['Waiting'])
      expect(await cycle.post({ id, n }, { step: 'update' })).toMatchObject({ status: 200, transaction })
      await until(() => updatesOf(id).length > n)
    }
    const { Steps = [], Incidents } = await cycle.settled(transaction, ['Waiting'])
    expect(numbers(id)).toEqual(Array.from({ length: RESUMES }, (_, n) => n))
    const dataOf = (step: string): unknown => Steps.find(({ StepId }) => StepId === step)?.Data
    expect(dataOf('order')).toMatchObject({ body: { id, kept: 'since the start' } })
    expect(dataOf('update')).toMatchObject({ body: { id, n: RESUMES - 1 } })
    expect(Incidents).toEqual([])
  })

  it('runs the most recent of several transactions with the value', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const orders = []
    for (let n = 0; n < 3; n++) orders.push(await cycle.post({ id }))
    const last = orders.at(-1)?.transaction
    const reply = await cycle.post({ id, n: 1 }, { step: 'update' })
    expect(reply.transaction).toBe(last)
    await until(() => updatesOf(id).length === 1)
    expect(updatesOf(id)).toMatchObject([{ tx: last, n: 1 }])
  })

  it.each([
    [10, '10'],
    ['10.0', '10.0'],
    [true, 'true'],
    ['Ä b', 'Ä b'],
  ])('compares values as canonical strings: %j and %j are equal', async (mapped, sent) => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const order = await cycle.post({ id: mapped })
    expect((await cycle.post({ id: sent, n: 1 }, { step: 'update' })).transaction).toBe(order.transaction)
  })

  it.each([[null], [''], [{}], [[]], ['Other'], [' a'], ['A']])('answers 200 without a transaction where nothing matches: %j', async sent => {
    const cycle = await system.client.cycle(waiting(system.receiver.url, { earlyArrivalWindow: '0s' }))
    await cycle.post({ id: 'a' })
    expect(await cycle.post({ id: sent }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined })
  })

  it('takes requests that come before its step is reached, in order', async () => {
    const cycle = await system.client.cycle({
      name: 'Slow',
      steps: [
        { id: 'order', type: 'webhook', next: 'pause' },
        { id: 'pause', type: 'delay', for: '2s', next: 'update' },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'tell' },
        {
          id: 'tell',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/updates`,
          body: { tx: '{{transaction.id}}', id: '{{order.body.id}}', n: '{{update.body.n}}' },
        },
      ],
    })
    const id = randomUUID()
    const order = await cycle.post({ id })
    for (let n = 0; n < 3; n++) expect((await cycle.post({ id, n }, { step: 'update' })).transaction).toBe(order.transaction)
    expect(updatesOf(id)).toEqual([])
    await until(() => updatesOf(id).length === 3)
    expect(numbers(id)).toEqual([0, 1, 2])
  })

  it('takes requests that come before the value exists, in order', async () => {
    const cycle = await system.client.cycle({
      name: 'Warehouse',
      steps: [
        { id: 'order', type: 'webhook', next: 'reserve' },
        { id: 'reserve', type: 'request', method: 'POST', url: `${system.receiver.url}/reserve`, next: 'update' },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'reserve.body.id' }, next: 'tell' },
        {
          id: 'tell',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/updates`,
          body: { tx: '{{transaction.id}}', id: '{{reserve.body.id}}', n: '{{update.body.n}}' },
        },
      ],
    })
    const id = randomUUID()
    system.receiver.respond(async ({ path }) => {
      if (path !== '/reserve') return undefined
      // The warehouse calls back before its own answer to us was read.
      for (let n = 0; n < 3; n++) expect((await cycle.post({ id, n }, { step: 'update' })).transaction).toBeUndefined()
      return { body: { id } }
    })
    const order = await cycle.post({})
    await until(() => updatesOf(id).length === 3)
    expect(updatesOf(id)).toMatchObject([0, 1, 2].map(n => ({ tx: order.transaction, n })))
    system.receiver.respond(() => undefined)
  })

  it('takes requests that come while the cycle is stopped, in order, after the next start', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const order = await cycle.post({ id })
    await cycle.settled(order.transaction ?? '', ['Waiting'])
    await cycle.deactivate()
    for (let n = 0; n < 5; n++) expect(await cycle.post({ id, n }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.' })
    await sleep(300)
    expect(updatesOf(id)).toEqual([])
    await cycle.activate()
    await until(() => updatesOf(id).length === 5)
    expect(numbers(id)).toEqual([0, 1, 2, 3, 4])
  })

  it('gives a request that waits in a stopped transaction to another one', async () => {
    const cycle = await system.client.cycle({
      name: 'Rematch',
      steps: [
        { id: 'order', type: 'webhook', next: 'hold' },
        { id: 'hold', type: 'request', method: 'POST', url: `${system.receiver.url}/hold`, body: { wait: '{{order.body.wait}}' }, next: 'update' },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'tell' },
        {
          id: 'tell',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/updates`,
          body: { tx: '{{transaction.id}}', id: '{{order.body.id}}', n: '{{update.body.n}}' },
        },
      ],
    })
    const id = randomUUID()
    system.receiver.respond(async ({ path, text }) => {
      if (path === '/hold' && text.includes('true')) await sleep(5_000)
      return undefined
    })
    const older = await cycle.post({ id, wait: false })
    const newer = await cycle.post({ id, wait: true })
    expect((await cycle.post({ id, n: 1 }, { step: 'update' })).transaction).toBe(newer.transaction)
    await cycle.settled(newer.transaction ?? '', ['InProgress'])
    await system.client.call('POST', `/cycles/${cycle.id}/transactions/${newer.transaction}/stop`, { account: cycle.account })
    await until(() => updatesOf(id).length === 1)
    expect(updatesOf(id)).toMatchObject([{ tx: older.transaction, n: 1 }])
    system.receiver.respond(() => undefined)
  })

  it('that can reach a response holds a matched request and answers it, each with its own', async () => {
    const cycle = await system.client.cycle({
      name: 'Conversation',
      steps: [
        { id: 'order', type: 'webhook', next: 'update' },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', status: 202, body: { n: '{{update.body.n}}', order: '{{order.body.id}}' } },
      ],
    })
    const id = randomUUID()
    const order = await cycle.post({ id })
    expect(order.body).toBe('Webhook accepted.')
    const replies = await Promise.all([1, 2, 3].map(n => cycle.post({ id, n }, { step: 'update', key: `k${n}` })))
    expect(replies.map(({ status, body }) => [status, body])).toEqual([1, 2, 3].map(n => [202, JSON.stringify({ n, order: id })]))
    expect(new Set(replies.map(({ transaction }) => transaction))).toEqual(new Set([order.transaction]))
    const again = await cycle.post({ id, n: 9 }, { step: 'update', key: 'k2' })
    expect(again).toMatchObject({ status: 202, body: JSON.stringify({ n: 2, order: id }), replayed: true, transaction: order.transaction })
    expect(await cycle.post({ id: 'nobody' }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined })
  })
})

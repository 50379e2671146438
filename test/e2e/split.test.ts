import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

/** Elements of a list that is split in the tests; 100,000 by hand. */
const MANY = Number(process.env.FLYWHEEL_TEST_SPLIT ?? 2_000)

const splitting = (url: string, call: object = {}, more: readonly object[] = []): object => ({
  name: 'Splitting',
  settings: { retention: { errored: '31d' } },
  steps: [
    { id: 'order', type: 'webhook', split: 'body.items', next: 'call' },
    {
      id: 'call',
      type: 'request',
      method: 'POST',
      url,
      body: { item: '{{order.item}}', index: '{{order.index}}', total: '{{order.total}}' },
      next: 'all',
      ...call,
    },
    { id: 'all', type: 'waitAll', next: 'report' },
    { id: 'report', type: 'script', input: '{{all}}', source: 'function run(input) { return input }' },
    ...more,
  ],
})
const report = (found: { readonly Steps?: readonly { readonly StepId: string; readonly Data?: unknown }[] }): unknown =>
  found.Steps?.find(step => step.StepId === 'report')?.Data

describe('splitting (cycles.md 4)', () => {
  it('each element runs in a transaction of its own; the join tells how all ended', async () => {
    const id = randomUUID()
    system.receiver.respond(request => (request.path === `/item/${id}` && request.text.includes('"bad"') ? { status: 500 } : undefined))
    const cycle = await system.client.cycle(splitting(`${system.receiver.url}/item/${id}`))
    const { transaction = '' } = await cycle.post({ items: ['a', 'bad', { c: 1 }, null] })
    const found = await cycle.settled(transaction, ['Completed'])
    expect(report(found)).toEqual({ body: { completed: 3, errored: 1, stopped: 0 } })
    expect(system.receiver.at(`/item/${id}`).map(({ json }) => json)).toEqual(
      expect.arrayContaining([
        { item: 'a', index: 0, total: 4 },
        { item: { c: 1 }, index: 2, total: 4 },
        { item: null, index: 3, total: 4 },
      ]),
    )
    // They show under their parent, not in the cycle's list.
    expect((await cycle.transactions()).map(({ Id }) => Id)).toEqual([transaction])
    const items = await system.client.call<readonly { readonly Id: string; readonly Status: string }[]>(
      'GET',
      `/cycles/${cycle.id}/transactions/${transaction}/items`,
      { account: cycle.account },
    )
    expect(items.map(({ Id, Status }) => [Id, Status])).toEqual([0, 1, 2, 3].map(n => [`${transaction}.order.1.${n}`, n === 1 ? 'Errored' : 'Completed']))
    const bad = await cycle.transaction(`${transaction}.order.1.1`)
    expect(bad.Incidents?.map(({ Message }) => Message)).toEqual(['Failed to call the method'])
  })
  it('of an empty list makes none; of no list is a step error', async () => {
    const cycle = await system.client.cycle(splitting(`${system.receiver.url}/none`))
    const empty = await cycle.post({ items: [] })
    expect(report(await cycle.settled(empty.transaction ?? '', ['Completed']))).toEqual({ body: { completed: 0, errored: 0, stopped: 0 } })
    const none = await cycle.post({ items: 'x' })
    const found = await cycle.settled(none.transaction ?? '', ['Errored'])
    expect(found.Incidents?.map(({ Message }) => Message)).toEqual(['Step data cannot be split'])
  })
  it('takes one place for all its items, and a stop stops them', async () => {
    const id = randomUUID()
    const cycle = await system.client.cycle({
      name: 'Slow items',
      settings: { maxConcurrency: 1 },
      steps: [
        { id: 'order', type: 'webhook', split: 'body.items', next: 'began' },
        { id: 'began', type: 'request', method: 'POST', url: `${system.receiver.url}/began/${id}`, body: '{{order.item}}', next: 'pause' },
        { id: 'pause', type: 'delay', for: '1h', next: 'done' },
        { id: 'done', type: 'request', method: 'POST', url: `${system.receiver.url}/done/${id}` },
      ],
    })
    const { transaction = '' } = await cycle.post({ items: [1, 2, 3] })
    await system.receiver.waitFor(`/began/${id}`, 3)
    expect(await cycle.view()).toMatchObject({ InProgressTransactionCount: 1 })
    await cycle.deactivate()
    await cycle.settled(transaction, ['Stopped'])
    for (const n of [0, 1, 2]) await cycle.settled(`${transaction}.order.1.${n}`, ['Stopped'])
    expect(system.receiver.at(`/done/${id}`)).toEqual([])
  })
  it("an item's mid-cycle webhook finds it by its own value", async () => {
    const id = randomUUID()
    const cycle = await system.client.cycle({
      name: 'Parcels',
      steps: [
        { id: 'order', type: 'webhook', split: 'body.parcels', next: 'sent' },
        { id: 'sent', type: 'webhook', match: { request: 'body.parcel', transaction: 'order.item.parcel' }, next: 'tell' },
        {
          id: 'tell',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/tell/${id}`,
          body: { tx: '{{transaction.id}}', parcel: '{{sent.body.parcel}}' },
        },
      ],
    })
    const { transaction = '' } = await cycle.post({ parcels: [{ parcel: `A-${id}` }, { parcel: `B-${id}` }] })
    await cycle.settled(transaction, ['Completed'])
    for (const n of [0, 1]) await cycle.settled(`${transaction}.order.1.${n}`, ['Waiting'])
    const reply = await cycle.post({ parcel: `B-${id}` }, { step: 'sent' })
    expect(reply.transaction).toBe(`${transaction}.order.1.1`)
    const [told] = await system.receiver.waitFor(`/tell/${id}`)
    expect(told?.json).toEqual({ tx: `${transaction}.order.1.1`, parcel: `B-${id}` })
  })
  it("a response step in an item answers the parent's sender", async () => {
    const cycle = await system.client.cycle({
      name: 'Answering items',
      steps: [
        { id: 'order', type: 'webhook', split: 'body.items', next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', status: 201, body: '{{order.item}}' },
      ],
    })
    expect(await cycle.post({ items: [{ only: 'one' }] })).toMatchObject({ status: 201, body: '{"only":"one"}' })
    expect(await cycle.post({ items: [] })).toMatchObject({ status: 200, body: 'Webhook accepted.' })
  })
  it(`of ${MANY} elements completes, each once, also when the worker is killed in between`, async () => {
    const id = randomUUID()
    const cycle = await system.client.cycle({
      name: 'Many',
      steps: [
        { id: 'order', type: 'webhook', next: 'list' },
        { id: 'list', type: 'request', method: 'GET', url: `${system.receiver.url}/list/${id}`, split: 'body', next: 'odd' },
        { id: 'odd', type: 'decision', left: '{{list.item.odd}}', condition: 'equals', right: true, true: 'all', false: 'bad' },
        { id: 'bad', type: 'waitUntil', at: '{{list.item.never}}', next: 'all' },
        { id: 'all', type: 'waitAll', next: 'report' },
        { id: 'report', type: 'script', input: '{{all}}', source: 'function run(input) { return input }' },
      ],
    })
    const list = Array.from({ length: MANY }, (_, n) => ({ odd: n % 100 !== 0 }))
    system.receiver.respond(request => (request.path === `/list/${id}` ? { body: list } : undefined))
    const { transaction = '' } = await cycle.post({})
    await until(async () => (await cycle.transaction(transaction)).Steps?.some(step => step.StepId === 'list'), { what: 'the split having begun' })
    await new Promise(resolve => setTimeout(resolve, 3_000))
    await system.restart('worker')
    const found = await cycle.settled(transaction, ['Completed'], 600_000)
    const errored = list.filter(({ odd }) => !odd).length
    expect(report(found)).toEqual({ body: { completed: MANY - errored, errored, stopped: 0 } })
  }, 700_000)
})

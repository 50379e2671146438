import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { telling, waiting } from './documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

const delayed = (receiver: string, ms: number, extra: object = {}): object => ({
  name: 'Delayed',
  ...extra,
  steps: [
    { id: 'order', type: 'webhook', next: 'began' },
    { id: 'began', type: 'request', method: 'POST', url: `${receiver}/began`, body: '{{order.body}}', next: 'pause' },
    { id: 'pause', type: 'delay', for: `${ms}ms`, next: 'done' },
    { id: 'done', type: 'request', method: 'POST', url: `${receiver}/done`, body: '{{order.body}}' },
  ],
})
const at = (path: string, id: string): unknown[] => system.receiver.at(path).flatMap(({ text, json }) => (text.includes(id) ? [json] : []))

describe('starting and stopping a cycle', () => {
  it('stops what is in progress where it is, and it never goes on', async () => {
    const cycle = await system.client.cycle(delayed(system.receiver.url, 1_500))
    const id = randomUUID()
    const order = await cycle.post({ id })
    await until(() => at('/began', id).length === 1)
    expect((await cycle.deactivate()).Status).toBe('Stopped')
    await cycle.settled(order.transaction ?? '', ['Stopped'])
    await cycle.activate()
    const next = await cycle.post({ id: `${id}-next` })
    await cycle.settled(next.transaction ?? '', ['Completed'])
    expect(at('/done', id)).toEqual([{ id: `${id}-next` }])
    expect((await cycle.transaction(order.transaction ?? '')).Status).toBe('Stopped')
  })

  it('queues while stopped, and releases in the order of acceptance at the next start', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url, { settings: { maxConcurrency: 1 } }))
    await cycle.deactivate()
    const replies = []
    for (let n = 0; n < 10; n++) replies.push(await cycle.post({ n }))
    expect(replies.every(({ status, body }) => status === 200 && body === 'Webhook accepted.')).toBe(true)
    expect((await cycle.transactions()).map(({ Status }) => Status)).toEqual(Array.from({ length: 10 }, () => 'Queued'))
    await cycle.activate()
    for (const { transaction } of replies) await cycle.settled(transaction ?? '', ['Completed'])
    const ids = replies.map(({ transaction }) => transaction)
    const told = system.receiver.at('/told').flatMap(({ json }) => (hasTx(json) && ids.includes(json.tx) ? [json.tx] : []))
    expect(told).toEqual(ids)
  })

  it('finish and stop: queues what comes, ends what is there, and is stopped then', async () => {
    const cycle = await system.client.cycle(delayed(system.receiver.url, 1_000))
    const order = await cycle.post({ id: 'first' })
    expect((await cycle.deactivate(true)).Status).toBe('Stopping')
    const late = await cycle.post({ id: 'late' })
    expect(late).toMatchObject({ status: 200, body: 'Webhook accepted.' })
    await cycle.settled(order.transaction ?? '', ['Completed'])
    await until(async () => (await cycle.view()).Status === 'Stopped')
    expect((await cycle.transaction(late.transaction ?? '')).Status).toBe('Queued')
    await cycle.activate()
    await cycle.settled(late.transaction ?? '', ['Completed'])
  })

  it('waiting transactions survive a stop and are no reason to stay stopping', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const order = await cycle.post({ id })
    await cycle.settled(order.transaction ?? '', ['Waiting'])
    await cycle.deactivate(true)
    await until(async () => (await cycle.view()).Status === 'Stopped')
    await cycle.activate()
    await cycle.deactivate()
    await cycle.activate()
    await cycle.post({ id, n: 1 }, { step: 'update' })
    await until(() => at('/updates', id).length === 1)
    await cycle.settled(order.transaction ?? '', ['Waiting'])
  })

  it('activating an active cycle and stopping a stopped one changes nothing', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    expect((await cycle.activate()).Status).toBe('Active')
    expect((await cycle.deactivate()).Status).toBe('Stopped')
    expect((await cycle.deactivate()).Status).toBe('Stopped')
  })

  it('queued entries run under the document of the next start', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    await cycle.deactivate()
    const queued = await cycle.post({ n: 1 })
    await cycle.edit({
      name: 'Edited',
      steps: [
        { id: 'order', type: 'webhook', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${system.receiver.url}/edited`, body: { tx: '{{transaction.id}}' } },
      ],
    })
    await cycle.activate()
    await system.receiver.waitFor('/edited')
    expect(system.receiver.at('/edited').map(({ json }) => json)).toEqual([{ tx: queued.transaction }])
  })

  it('a stop never touches a transaction that begins after the next start, ten times in a row', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    for (let n = 0; n < 10; n++) {
      await cycle.deactivate()
      await cycle.activate()
      const reply = await cycle.post({ n })
      expect((await cycle.settled(reply.transaction ?? '', ['Completed', 'Stopped', 'Errored'])).Status).toBe('Completed')
    }
  })

  it('deleting stops everything that runs', async () => {
    const cycle = await system.client.cycle(delayed(system.receiver.url, 1_500))
    const id = randomUUID()
    await cycle.post({ id })
    await until(() => at('/began', id).length === 1)
    await cycle.remove()
    expect((await cycle.post({ id })).status).toBe(404)
    const other = await system.client.cycle(delayed(system.receiver.url, 2_500))
    const later = await other.post({ id: 'later' })
    await other.settled(later.transaction ?? '', ['Completed'])
    expect(at('/done', id)).toEqual([])
  })
})

const hasTx = (json: unknown): json is { tx: string } => typeof json === 'object' && json !== null && 'tx' in json && typeof json.tx === 'string'

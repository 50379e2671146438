import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { asking, telling, waiting } from './documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

describe('an idempotency key', () => {
  it('makes one transaction of many requests that race, whatever body they carry', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    const key = randomUUID()
    const replies = await Promise.all(Array.from({ length: 20 }, (_, n) => cycle.post({ n }, { key })))
    expect(new Set(replies.map(({ status, body }) => `${status} ${body}`))).toEqual(new Set(['200 Webhook accepted.']))
    expect(new Set(replies.map(({ transaction }) => transaction)).size).toBe(1)
    expect(replies.filter(({ replayed }) => !replayed)).toHaveLength(1)
    expect(await cycle.transactions()).toHaveLength(1)
  })

  it('may be sent as webhook-id', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    const first = await cycle.post({}, { headers: { 'webhook-id': 'msg_1' } })
    const second = await cycle.post({}, { headers: { 'webhook-id': 'msg_1' } })
    expect(second).toMatchObject({ status: 200, transaction: first.transaction, replayed: true })
  })

  it('belongs to one identifier', async () => {
    const [one, other] = await Promise.all([system.client.cycle(telling(system.receiver.url)), system.client.cycle(telling(system.receiver.url))])
    const first = await one.post({}, { key: 'same' })
    const second = await other.post({}, { key: 'same' })
    expect(second).toMatchObject({ status: 200, replayed: false })
    expect(second.transaction).not.toBe(first.transaction)
  })

  it('answers a repeat in any state of the cycle, and with any body, even one that does not parse', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    const first = await cycle.post({ n: 1 }, { key: 'k' })
    await cycle.settled(first.transaction ?? '', ['Completed'])
    await cycle.deactivate()
    for (const body of [{ n: 2 }, '{']) {
      const again = await cycle.post(body, { key: 'k', headers: { 'content-type': 'application/json' } })
      expect(again).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: first.transaction, replayed: true })
    }
    expect(await cycle.transactions()).toHaveLength(1)
  })

  it('gives a synchronous repeat the same status, headers and body, also after its end', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    let asked = 0
    system.receiver.respond(({ path }) => (path === '/ask' ? { body: { n: ++asked } } : undefined))
    const [first, racing] = await Promise.all([cycle.post({ id: 1 }, { key: 'k' }), cycle.post({ id: 1 }, { key: 'k' })])
    await cycle.settled(first.transaction ?? '', ['Completed'])
    const late = await cycle.post({ id: 2 }, { key: 'k' })
    for (const reply of [first, racing, late]) {
      expect(reply).toMatchObject({ status: 201, body: '{"got":{"n":1}}', transaction: first.transaction })
      expect(reply.headers['x-order']).toBe('1')
      expect(reply.headers['content-type']).toBe(first.headers['content-type'])
    }
    expect(late.replayed).toBe(true)
    expect(asked).toBe(1)
  })

  it('delivers a mid-cycle request once', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const order = await cycle.post({ id })
    await cycle.settled(order.transaction ?? '', ['Waiting'])
    const replies = []
    for (let n = 0; n < 3; n++) replies.push(await cycle.post({ id, n }, { step: 'update', key: 'k' }))
    expect(replies.map(({ transaction }) => transaction)).toEqual([order.transaction, order.transaction, order.transaction])
    expect(replies.map(({ replayed }) => replayed)).toEqual([false, true, true])
    await cycle.post({ id, n: 'last' }, { step: 'update' })
    await system.receiver.waitFor('/updates', 2)
    expect(system.receiver.at('/updates').map(({ json }) => json)).toMatchObject([{ n: 0 }, { n: 'last' }])
  })

  it('given to a request that is queued while the cycle is stopped answers its repeat as it answered it', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    await cycle.deactivate()
    const first = await cycle.post({ id: 1 }, { key: 'k' })
    expect(first).toMatchObject({ status: 200, body: 'Webhook accepted.', replayed: false })
    await cycle.activate()
    await cycle.settled(first.transaction ?? '', ['Completed'])
    expect(await cycle.post({ id: 1 }, { key: 'k' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: first.transaction, replayed: true })
  })
})

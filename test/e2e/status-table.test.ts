import { Readable } from 'node:stream'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { telling } from './documents.ts'

let system: TestSystem
let active: TestCycle
beforeAll(async () => {
  system = await startSystem({ env: { STOPPED_QUEUE_TTL: '2s', MAX_BODY: '2kb', INBOX_LIMIT: '3' } })
  active = await system.client.cycle(telling(system.receiver.url))
})
afterAll(async () => system?.stop())

const PLAIN = 'text/plain; charset=utf-8'

describe('the answers of inbound webhooks', () => {
  it.each(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('%s to an unknown identifier is 404', async method => {
    for (const identifier of ['0123456789012345678901', 'short', 'x'.repeat(300)]) {
      const reply = await system.client.post(`${system.apiUrl}/api/webhook/${identifier}`, undefined, { method })
      expect(reply.status).toBe(404)
      if (method !== 'HEAD') expect(reply.body).toBe('Webhook not found.')
      expect(reply.headers['content-type']).toBe(PLAIN)
    }
  })

  it('a deleted cycle is 404 at once, whatever the method', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    expect((await cycle.post({})).status).toBe(200)
    await cycle.remove()
    for (const method of ['POST', 'GET', 'PUT']) {
      expect(await cycle.post(undefined, { method })).toMatchObject({ status: 404, body: 'Webhook not found.' })
    }
  })

  it('a cycle that was never started is 406', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url), { activate: false })
    expect(await cycle.post({})).toMatchObject({ status: 406, body: 'Please make sure your webhook is active.', transaction: undefined })
    expect((await cycle.transactions()).length).toBe(0)
  })

  it('a running cycle is 200 with the id of the transaction, which runs', async () => {
    const reply = await active.post({ n: 1 })
    expect(reply).toMatchObject({ status: 200, body: 'Webhook accepted.', replayed: false })
    expect(reply.headers['content-type']).toBe(PLAIN)
    expect(reply.transaction).toMatch(/^[0-9a-f-]{36}$/)
    await active.settled(reply.transaction ?? '', ['Completed'])
    expect(system.receiver.at('/told').map(({ json }) => json)).toContainEqual({ tx: reply.transaction, body: { n: 1 } })
  })

  it('a stopped cycle is 200 for its time, and 406 after it, with what was queued dropped', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    await cycle.deactivate()
    const queued = await cycle.post({ n: 1 }, { key: 'k' })
    expect(queued).toMatchObject({ status: 200, body: 'Webhook accepted.' })
    expect((await cycle.transaction(queued.transaction ?? '')).Status).toBe('Queued')
    await until(async () => (await cycle.transaction(queued.transaction ?? '')).Status === 'Dropped')
    expect(await cycle.post({ n: 2 })).toMatchObject({ status: 406, body: 'Please make sure your webhook is active.' })
    await cycle.activate()
    const again = await cycle.post({ n: 3 }, { key: 'k' })
    expect(again).toMatchObject({ status: 200, replayed: false })
    expect(again.transaction).not.toBe(queued.transaction)
    await cycle.settled(again.transaction ?? '', ['Completed'])
    expect((await cycle.transaction(queued.transaction ?? '')).Status).toBe('Dropped')
  })

  it('GET and HEAD are 200 in any state, HEAD without a body', async () => {
    const paused = await system.client.cycle(telling(system.receiver.url), { activate: false })
    for (const cycle of [active, paused]) {
      expect(await cycle.post(undefined, { method: 'GET' })).toMatchObject({ status: 200, body: 'Webhook found.', transaction: undefined })
      expect(await cycle.post(undefined, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    }
  })

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is 405 and says what is allowed', async method => {
    const reply = await active.post(method === 'PUT' ? '{}' : undefined, { method })
    expect(reply).toMatchObject({ status: 405, body: 'Method not allowed.' })
    expect(reply.headers['allow']).toBe('GET, HEAD, POST')
  })

  it('a body over the limit is 413, declared, chunked or packed', async () => {
    const large = { status: 413, body: 'Webhook payload too large.' }
    expect(await active.post({ text: 'x'.repeat(3000) })).toMatchObject(large)
    const chunked = await request(active.url(), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: Readable.from([Buffer.from('{"text":"'), Buffer.from('x'.repeat(3000)), Buffer.from('"}')]),
    })
    expect(chunked.statusCode).toBe(413)
    expect(await chunked.body.text()).toBe(large.body)
  })

  it('a body that does not parse is 400, and leaves no trace', async () => {
    const before = await active.transactions()
    for (const [type, text] of [
      ['application/json', '{"a":'],
      ['application/xml', '<a><b></a>'],
      ['multipart/form-data', 'no boundary'],
    ] as const) {
      const reply = await active.post(text, { headers: { 'content-type': type }, key: 'unparsed' })
      expect(reply).toMatchObject({ status: 400, body: 'Webhook payload could not be parsed.' })
    }
    expect(await active.transactions()).toEqual(before)
    // A refused request uses up no key.
    expect(await active.post({}, { key: 'unparsed' })).toMatchObject({ status: 200, replayed: false })
  })

  it('state comes before parsing: a paused cycle refuses a bad body with 406', async () => {
    const paused = await system.client.cycle(telling(system.receiver.url), { activate: false })
    expect(await paused.post('{', { headers: { 'content-type': 'application/json' } })).toMatchObject({ status: 406 })
  })

  it.each([
    ['too long', 'k'.repeat(256)],
    ['not visible', 'a b'],
    ['empty', ''],
  ])('an idempotency key that is %s is 400', async (_, key) => {
    expect(await active.post({}, { key })).toMatchObject({ status: 400, body: 'Idempotency key is not valid.' })
  })

  it('a full inbox is 429 and says when to come again', async () => {
    const cycle = await system.client.cycle(telling(system.receiver.url))
    await cycle.deactivate()
    const replies = []
    for (let n = 0; n < 5; n++) replies.push(await cycle.post({ n }))
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 200, 429, 429])
    expect(replies[4]?.body).toBe('Too many webhooks waiting.')
    expect(Number(replies[4]?.headers['retry-after'])).toBeGreaterThan(0)
  })
})

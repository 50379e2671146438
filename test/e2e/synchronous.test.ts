import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { asking, echo } from './documents.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

/** Four response steps; which one is reached first depends on the request. After each the receiver is told. */
const four = (receiver: string): object => ({
  name: 'Four answers',
  steps: [
    { id: 'order', type: 'webhook', next: 'isJson' },
    { id: 'isJson', type: 'decision', left: '{{order.body.kind}}', condition: 'equals', right: 'json', true: 'json', false: 'isXml' },
    { id: 'json', type: 'synchronousResponse', status: 201, headers: { 'X-Kind': 'json' }, body: { id: '{{order.body.id}}' }, next: 'told' },
    { id: 'isXml', type: 'decision', left: '{{order.body.kind}}', condition: 'equals', right: 'xml', true: 'xml', false: 'isText' },
    { id: 'xml', type: 'synchronousResponse', status: 409, bodyType: 'xml', body: { error: { id: '{{order.body.id}}' } }, next: 'told' },
    { id: 'isText', type: 'decision', left: '{{order.body.kind}}', condition: 'equals', right: 'text', true: 'text', false: 'html' },
    { id: 'text', type: 'synchronousResponse', body: 'number {{order.body.id}}', next: 'told' },
    { id: 'html', type: 'synchronousResponse', status: 202, bodyType: 'html', body: '<p>{{order.body.id}}</p>', next: 'told' },
    { id: 'told', type: 'request', method: 'POST', url: `${receiver}/four`, body: { id: '{{order.body.id}}' } },
  ],
})

describe('a synchronous webhook', () => {
  it('with four response steps answers the first one reached, with its status, headers and body, and the steps after it run', async () => {
    const cycle = await system.client.cycle(four(system.receiver.url))
    const expected = [
      { kind: 'json', status: 201, type: /^application\/json/, body: '{"id":0}' },
      { kind: 'xml', status: 409, type: /xml/, body: '<error><id>1</id></error>' },
      { kind: 'text', status: 200, type: /^text\/plain/, body: 'number 2' },
      { kind: 'other', status: 202, type: /^text\/html/, body: '<p>3</p>' },
    ]
    for (const [id, { kind, status, type, body }] of expected.entries()) {
      const reply = await cycle.post({ kind, id })
      expect(reply.status).toBe(status)
      expect(reply.headers['content-type']).toMatch(type)
      if (kind === 'xml') expect(reply.body).toContain(body)
      else expect(reply.body).toBe(body)
      if (kind === 'json') expect(reply.headers['x-kind']).toBe('json')
    }
    const told = await system.receiver.waitFor('/four', 4)
    expect(told.map(({ json }) => json)).toEqual([{ id: 0 }, { id: 1 }, { id: 2 }, { id: 3 }])
  })

  it('does not wait for the steps after its response', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    let release: () => void = () => {}
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    system.receiver.respond(async ({ path }) => {
      if (path === '/after') await held
      return undefined
    })
    const reply = await cycle.post({ id: 'slow' })
    expect(reply.status).toBe(201)
    expect((await cycle.transaction(reply.transaction ?? '')).Status).toBe('InProgress')
    release()
    await cycle.settled(reply.transaction ?? '', ['Completed'])
    system.receiver.respond(() => undefined)
  })

  it('answers 200 where every path ends without a response', async () => {
    const cycle = await system.client.cycle({
      name: 'Maybe',
      steps: [
        { id: 'order', type: 'webhook', next: 'which' },
        { id: 'which', type: 'decision', left: '{{order.body.answer}}', condition: 'equals', right: true, true: 'answer' },
        { id: 'answer', type: 'synchronousResponse', status: 201 },
      ],
    })
    expect(await cycle.post({ answer: true })).toMatchObject({ status: 201 })
    expect(await cycle.post({ answer: false })).toMatchObject({ status: 200, body: 'Webhook accepted.' })
  })

  it('answers 200 where the path comes to stand at a mid-cycle webhook', async () => {
    const cycle = await system.client.cycle({
      name: 'Stands',
      steps: [
        { id: 'order', type: 'webhook', next: 'which' },
        { id: 'which', type: 'decision', left: '{{order.body.answer}}', condition: 'equals', right: true, true: 'answer', false: 'update' },
        { id: 'answer', type: 'synchronousResponse', status: 201 },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } },
      ],
    })
    expect(await cycle.post({ answer: false, id: 1 })).toMatchObject({ status: 200, body: 'Webhook accepted.' })
  })

  it('answers 500 where the transaction fails first', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    system.receiver.respond(() => ({ status: 500, body: 'no' }))
    const reply = await cycle.post({ id: 1 })
    expect(reply).toMatchObject({ status: 500, body: 'Webhook failed.' })
    expect((await cycle.settled(reply.transaction ?? '', ['Errored'])).Incidents?.[0]?.Message).toBe('Failed to call the method')
    system.receiver.respond(() => undefined)
  })

  it('answers 500 where the cycle is stopped first', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    let arrived: () => void = () => {}
    const came = new Promise<void>(resolve => {
      arrived = resolve
    })
    system.receiver.respond(async () => {
      arrived()
      await sleep(3_000)
      return undefined
    })
    const waiting = cycle.post({ id: 1 })
    await came
    await cycle.deactivate()
    expect(await waiting).toMatchObject({ status: 500, body: 'Webhook failed.' })
    system.receiver.respond(() => undefined)
  })

  it('answers 504 after syncTimeout, and the transaction goes on', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url, { syncTimeout: '1s' }))
    system.receiver.respond(async ({ path }) => {
      if (path === '/ask') await sleep(3_000)
      return undefined
    })
    const key = randomUUID()
    const reply = await cycle.post({ id: 1 }, { key })
    expect(reply).toMatchObject({ status: 504, body: 'Webhook response timed out.' })
    await cycle.settled(reply.transaction ?? '', ['Completed'])
    expect(await cycle.post({ id: 1 }, { key })).toMatchObject({ status: 201, transaction: reply.transaction, replayed: true })
    system.receiver.respond(() => undefined)
  })

  it('whose sender hangs up goes on all the same, and frees what its connection held', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    const id = randomUUID()
    system.receiver.respond(async ({ path }) => {
      if (path === '/ask') await sleep(500)
      return undefined
    })
    const hangUp = new AbortController()
    const gone = cycle.post({ id }, { signal: hangUp.signal }).catch(() => 'gone')
    await until(() => system.receiver.at('/ask').some(({ json }) => JSON.stringify(json).includes(id)))
    hangUp.abort()
    expect(await gone).toBe('gone')
    await until(() => system.receiver.at('/after').some(({ json }) => JSON.stringify(json).includes(id)))
    await until(async () => (await (await fetch(`${system.apiUrl}/metrics`)).text()).match(/^flywheel_held_connections\{[^}]*\} 0$/m) !== null)
    system.receiver.respond(() => undefined)
  })

  it('sees headers, query and method in its step data, without credentials', async () => {
    const cycle = await system.client.cycle(echo())
    const reply = await cycle.post({ a: 1 }, { query: '?x=1&y=2&x=3', headers: { 'X-Shop': 'one', authorization: 'Bearer x', cookie: 'a=b' } })
    const data: { headers: object } = JSON.parse(reply.body)
    expect(data).toMatchObject({ body: { a: 1 }, headers: { 'x-shop': 'one' }, query: { x: ['1', '3'], y: '2' }, method: 'POST' })
    expect(data.headers).not.toHaveProperty('authorization')
    expect(data.headers).not.toHaveProperty('cookie')
  })

  it('keeps the first response; a later one is a warning on its step', async () => {
    const cycle = await system.client.cycle({
      name: 'Twice',
      steps: [
        { id: 'order', type: 'webhook', next: 'first' },
        { id: 'first', type: 'synchronousResponse', status: 201, next: 'second' },
        { id: 'second', type: 'synchronousResponse', status: 202 },
      ],
    })
    const reply = await cycle.post({})
    expect(reply.status).toBe(201)
    const seen = await cycle.settled(reply.transaction ?? '', ['Completed'])
    expect(seen.Incidents).toMatchObject([{ IncidentLevel: 'Warning' }])
  })

  it('gets the same answer again after the transaction closed and after api and worker were killed', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    const first = await cycle.post({ id: 'kept' }, { key: 'k' })
    await cycle.settled(first.transaction ?? '', ['Completed'])
    await Promise.all([system.kill('api'), system.kill('worker')])
    await Promise.all([system.start('api'), system.start('worker')])
    const again = await cycle.post({ id: 'other' }, { key: 'k' })
    expect(again).toMatchObject({ status: first.status, body: first.body, transaction: first.transaction, replayed: true })
    expect(again.headers['x-order']).toBe('kept')
  })

  it('held by an api that is killed gets its answer by a repeat, of one transaction', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    let asked = 0
    system.receiver.respond(async ({ path }) => {
      if (path !== '/ask') return undefined
      asked++
      await sleep(2_000)
      return { body: { n: asked } }
    })
    const broken = cycle.post({ id: 1 }, { key: 'k' }).catch(() => 'broken')
    await until(() => asked > 0)
    await system.restart('api')
    expect(await broken).toBe('broken')
    expect(await cycle.post({ id: 1 }, { key: 'k' })).toMatchObject({ status: 201, body: '{"got":{"n":1}}', replayed: true })
    expect(await cycle.transactions()).toHaveLength(1)
    system.receiver.respond(() => undefined)
  })

  it('survives the kill of a worker: another one answers on the same connection', async () => {
    const cycle = await system.client.cycle(asking(system.receiver.url))
    let asked = 0
    system.receiver.respond(async ({ path }) => {
      if (path === '/ask' && asked++ === 0) await sleep(1_000)
      return undefined
    })
    const waiting = cycle.post({ id: 1 })
    await until(() => asked > 0)
    await system.restart('worker')
    expect(await waiting).toMatchObject({ status: 201 })
    system.receiver.respond(() => undefined)
  })
})

import { createHmac, randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { HeldOutcome } from '../../../api/webhooks/deps.ts'
import { until } from '../../support/until.ts'
import { midCycle, simple, startEndpoint, synchronous, type Harness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await startEndpoint({ limits: { maxBody: 2_000_000, heldLimit: 3 } })
})
afterAll(async () => harness?.close())

const json = { 'content-type': 'application/json' }
const guarded = (value: string): object => ({ verify: { scheme: 'header', header: 'X-Ok', value: `sealed:${value}` } })
const response: HeldOutcome = { state: 'answer', answer: { kind: 'response', status: 201, headers: { 'x-a': 'b' }, body: 'made' } }

describe('the order of answers', () => {
  it('leaves other paths to the next handler', async () => {
    expect((await harness.client.post(`${harness.url}/healthz`, undefined, { method: 'GET' })).status).toBe(418)
  })

  it('looks at the size before the signature', async () => {
    const cycle = await harness.cycle(simple(guarded('s')))
    expect(await cycle.post('x'.repeat(2_000_001))).toMatchObject({ status: 413, body: 'Webhook payload too large.' })
    expect(await cycle.post('{', { headers: json })).toMatchObject({ status: 401, body: 'Webhook signature is not valid.' })
  })

  it('looks at the signature before before_webhook, the key and the state', async () => {
    const cycle = await harness.cycle(simple({ ...guarded('s'), script: 'function before_webhook() { throw new Error() }' }), 'Paused')
    expect((await cycle.post({}, { key: 'not valid' })).status).toBe(401)
    expect((await cycle.post({}, { key: 'not valid', headers: { 'x-ok': 's' } })).status).toBe(500)
  })

  it('does not verify GET and HEAD, but one that before_webhook turns into a POST', async () => {
    const plain = await harness.cycle(simple(guarded('s')))
    expect((await plain.post(undefined, { method: 'GET' })).status).toBe(200)
    const turning = await harness.cycle(simple({ ...guarded('s'), script: `function before_webhook() { method_request_method = 'POST' }` }))
    expect((await turning.post(undefined, { method: 'GET' })).status).toBe(401)
    expect((await turning.post(undefined, { method: 'GET', headers: { 'x-ok': 's' } })).body).toBe('Webhook accepted.')
  })

  it('verifies with the value of a secret variable, and lets nobody pass where it has none', async () => {
    const hmac = (key: string): string => `sha256=${createHmac('sha256', key).update('{}').digest('hex')}`
    const verify = { scheme: 'hmac', secret: '{{variables.key}}', header: 'X-S', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' }
    const set = await harness.cycle({ ...simple({ verify }), variables: [{ name: 'key', secret: true, value: 'sealed:0wn' }] })
    expect((await set.post('{}', { headers: { ...json, 'x-s': hmac('0wn') } })).status).toBe(200)
    for (const key of ['', '{{variables.key}}', 'sealed:0wn']) expect((await set.post('{}', { headers: { ...json, 'x-s': hmac(key) } })).status).toBe(401)
    const unset = await harness.cycle({ ...simple({ verify }), variables: [{ name: 'key', secret: true }] })
    for (const key of ['', 'undefined', '{{variables.key}}']) expect((await unset.post('{}', { headers: { ...json, 'x-s': hmac(key) } })).status).toBe(401)
  })

  it('looks at the method before the key, and at the key before the state', async () => {
    const cycle = await harness.cycle(simple(), 'Paused')
    expect((await cycle.post(undefined, { method: 'PUT', key: 'not valid' })).status).toBe(405)
    expect((await cycle.post({}, { key: 'not valid' })).status).toBe(400)
    expect((await cycle.post({}, { key: 'valid' })).status).toBe(406)
  })

  it('looks at a known key before the state and the body', async () => {
    const cycle = await harness.cycle(simple())
    const first = await cycle.post({}, { key: 'k' })
    await harness.inbox.deactivate(cycle.place)
    for (const body of ['{', JSON.stringify({ text: 'é'.repeat(900_000) })])
      expect(await cycle.post(body, { key: 'k', headers: json })).toMatchObject({ status: 200, transaction: first.transaction, replayed: true })
  })

  it('refuses what is over 1.5 MiB once encoded, after the state', async () => {
    const large = '"'.repeat(800_000)
    const paused = await harness.cycle(simple(), 'Paused')
    expect((await paused.post(large, { headers: { 'content-type': 'text/plain' } })).status).toBe(406)
    const active = await harness.cycle(simple())
    expect(await active.post(large, { headers: { 'content-type': 'text/plain' } })).toMatchObject({ status: 413, body: 'Webhook payload too large.' })
    expect((await active.post('"'.repeat(700_000), { headers: { 'content-type': 'text/plain' } })).status).toBe(200)
  })

  it('answers a declared length over the limit before the body came', async () => {
    const cycle = await harness.cycle(simple())
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const req = request(`${harness.url}/api/webhook/${cycle.identifiers['order']}`, { method: 'POST', headers: { 'content-length': 9_000_000 } }, res => {
        resolve(res.statusCode)
        req.destroy()
      })
      req.on('error', reject)
      req.flushHeaders()
    })
    expect(status).toBe(413)
  })
})

describe('a cycle that changed elsewhere', () => {
  it('is looked at anew, whatever the old version would have answered', async () => {
    const cycle = await harness.cycle(simple(guarded('old')))
    expect((await cycle.post({}, { headers: { 'x-ok': 'old' } })).status).toBe(200)
    await cycle.replace(simple(guarded('new')))
    expect((await cycle.post({}, { headers: { 'x-ok': 'new' } })).status).toBe(200)
    await cycle.replace(simple({ ...guarded('newer'), script: `function before_webhook() { method_response = 'script'; return false }` }))
    expect((await cycle.post({}, { headers: { 'x-ok': 'newer' } })).body).toBe('script')
    await cycle.replace(simple())
    expect((await cycle.post({})).body).toBe('Webhook accepted.')
    expect((await cycle.post(undefined, { method: 'GET' })).body).toBe('Webhook found.')
  })

  it('accepts under the new version', async () => {
    const cycle = await harness.cycle(simple())
    await cycle.post(undefined, { method: 'GET' })
    await cycle.replace(synchronous())
    harness.temporal({ startAndAwait: async () => response })
    expect((await cycle.post({})).status).toBe(201)
  })

  it('by being deleted is 404 for every request, also one that would have been refused', async () => {
    const cycle = await harness.cycle(simple(guarded('s')))
    expect((await cycle.post({})).status).toBe(401)
    await harness.inbox.delete(cycle.place)
    for (const method of ['POST', 'GET', 'HEAD', 'PUT']) expect((await cycle.post(undefined, { method })).status).toBe(404)
    expect((await cycle.post('x'.repeat(2_000_001))).status).toBe(404)
  })
})

describe('a held trigger', () => {
  it('answers what the response step made, with its transaction, on the connection', async () => {
    const cycle = await harness.cycle(synchronous())
    harness.temporal({ startAndAwait: async () => response })
    const reply = await cycle.post({})
    expect(reply).toMatchObject({ status: 201, body: 'made', replayed: false })
    expect(reply.headers['x-a']).toBe('b')
    expect(reply.transaction).toBeDefined()
  })

  it('hands Temporal the snapshot of its cycle and the step data', async () => {
    const cycle = await harness.cycle(synchronous())
    const inputs: unknown[] = []
    harness.temporal({
      startAndAwait: async input => {
        inputs.push(input)
        return response
      },
    })
    const reply = await cycle.post({ n: 1 }, { query: '?a=1' })
    expect(inputs).toMatchObject([
      {
        transaction: reply.transaction,
        snapshot: { account: { apiId: 'shop-1' }, cycle: { id: cycle.place.cycle }, document: { name: 'Synchronous' } },
        trigger: { stepId: 'order', data: { body: { n: 1 }, query: { a: '1' }, method: 'POST' } },
      },
    ])
  })

  it('with a key gets the same again, one transaction', async () => {
    const cycle = await harness.cycle(synchronous())
    const started = new Set<string>()
    harness.temporal({
      startAndAwait: async ({ transaction }) => {
        started.add(transaction)
        return response
      },
    })
    const replies = await Promise.all(['a', 'b', 'c'].map(n => cycle.post({ n }, { key: 'k' })))
    expect(new Set(replies.map(({ transaction }) => transaction))).toEqual(started)
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(replies.filter(({ replayed }) => replayed)).toHaveLength(2)
  })

  it('whose repeat does not parse gets the first one’s answer from the transaction', async () => {
    const cycle = await harness.cycle(synchronous())
    harness.temporal({ startAndAwait: async () => response, await: async () => response })
    const first = await cycle.post({}, { key: 'k' })
    expect(await cycle.post('{', { key: 'k', headers: json })).toMatchObject({ status: 201, transaction: first.transaction, replayed: true })
  })

  it('of a cycle that is stopped is queued and answered at once', async () => {
    const cycle = await harness.cycle(synchronous())
    await harness.inbox.deactivate(cycle.place)
    harness.temporal({})
    expect(await cycle.post({})).toMatchObject({ status: 200, body: 'Webhook accepted.' })
  })

  it('is 503 with Retry-After where Temporal cannot be reached, and its repeat starts the same transaction', async () => {
    const cycle = await harness.cycle(synchronous())
    harness.temporal({ startAndAwait: async () => ({ state: 'unreachable' }) })
    const first = await cycle.post({}, { key: 'k' })
    expect(first).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
    expect(first.headers['retry-after']).toBeDefined()
    const started: string[] = []
    harness.temporal({
      startAndAwait: async ({ transaction }) => {
        started.push(transaction)
        return response
      },
    })
    const again = await cycle.post({}, { key: 'k' })
    expect(again).toMatchObject({ status: 201, replayed: true })
    expect(started).toEqual([again.transaction])
  })

  it('is 503 above the limit of held connections, and held again when one is free', async () => {
    const cycle = await harness.cycle(synchronous())
    const releases: (() => void)[] = []
    harness.temporal({ startAndAwait: () => new Promise(resolve => releases.push(() => resolve(response))) })
    const waiting = [cycle.post({}), cycle.post({}), cycle.post({})]
    await until(() => releases.length === 3)
    expect(await cycle.post({})).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
    const paused = await harness.cycle(synchronous(), 'Paused')
    expect((await paused.post({})).status).toBe(406)
    for (const release of releases) release()
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201])
    harness.temporal({ startAndAwait: async () => response })
    expect((await cycle.post({})).status).toBe(201)
  })

  it('that hangs up frees its place', async () => {
    const cycle = await harness.cycle(synchronous())
    let ended = 0
    harness.temporal({
      startAndAwait: (_input, wait) =>
        new Promise(resolve =>
          wait.signal.addEventListener('abort', () => {
            ended++
            resolve({ state: 'over' })
          }),
        ),
      start: async () => {},
    })
    const controllers = [new AbortController(), new AbortController(), new AbortController()]
    const gone = controllers.map(({ signal }) => cycle.post({}, { signal }).catch(() => 'gone'))
    await until(async () => (await cycle.post({})).status === 503)
    for (const controller of controllers) controller.abort()
    expect(await Promise.all(gone)).toEqual(['gone', 'gone', 'gone'])
    await until(() => ended === 3)
    harness.temporal({ startAndAwait: async () => response })
    await until(async () => (await cycle.post({})).status === 201)
  })

  it('with maxConcurrency waits in the inbox, and attaches to what the dispatcher started', async () => {
    const cycle = await harness.cycle(synchronous({}, { maxConcurrency: 1 }))
    harness.temporal({ await: async () => response })
    const waiting = cycle.post({})
    const turn = await harness.take(cycle.place)
    const claimed = await harness.inbox.claim(turn, 10, 1)
    const [entry] = claimed.state === 'ok' ? claimed.entries : []
    if (entry?.kind !== 'start') throw new Error('nothing was claimed')
    await harness.inbox.startDone(turn, entry)
    expect(await waiting).toMatchObject({ status: 201, transaction: entry.transaction })
    await harness.inbox.release(turn)
  })
})

describe('a mid-cycle request', () => {
  it('names the transaction that it matched, and none where it matched nothing', async () => {
    const cycle = await harness.cycle(midCycle())
    const id = randomUUID()
    const order = await cycle.post({ id })
    expect(await cycle.post({ id }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: order.transaction })
    expect(await cycle.post({ id: 'other' }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined })
  })

  it('may match by a value that the trigger has from the beginning, its own id', async () => {
    const cycle = await harness.cycle(midCycle({ match: { request: 'query.tx', transaction: 'transaction.id' } }))
    const order = await cycle.post({})
    expect((await cycle.post({}, { step: 'update', query: `?tx=${order.transaction}` })).transaction).toBe(order.transaction)
  })

  it('that can reach a response is held and answered with it', async () => {
    const cycle = await harness.cycle(midCycle({}, { id: 'end', type: 'synchronousResponse' }))
    const order = await cycle.post({ id: 1 })
    const asked: string[] = []
    harness.temporal({
      await: async (_workflow, id) => {
        asked.push(id)
        return response
      },
    })
    const reply = await cycle.post({ id: 1 }, { step: 'update', key: 'k' })
    expect(reply).toMatchObject({ status: 201, body: 'made', transaction: order.transaction, replayed: false })
    expect(await cycle.post({ id: 1 }, { step: 'update', key: 'k' })).toMatchObject({ status: 201, transaction: order.transaction, replayed: true })
    expect(new Set(asked).size).toBe(1)
    expect(await cycle.post({ id: 2 }, { step: 'update' })).toMatchObject({ status: 200, body: 'Webhook accepted.', transaction: undefined })
  })
})

describe('the store', () => {
  it('that cannot be reached makes the answer 503', async () => {
    const lost = await startEndpoint()
    const cycle = await lost.cycle(simple())
    await cycle.post({})
    await lost.inbox.close()
    expect(await cycle.post({})).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
    await lost.close()
  })
})

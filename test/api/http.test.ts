import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageUnavailable } from '../../domain/errors.ts'
import { asCycleId, asTransactionId } from '../../domain/ids.ts'
import { apiHarness, at, fieldsOf, smallCycle, type ApiHarness } from './harness.ts'

let api: ApiHarness
let account: string
beforeAll(async () => {
  api = await apiHarness()
  account = await api.account()
})
afterAll(() => api.close())

const JSON_TYPE = { 'content-type': 'application/json' }

describe('requests that are wrong', () => {
  it('to an unknown route get 404 as JSON', async () => {
    for (const path of ['/', '/nothing', '/v1.0/nothing', '/v1.0/cycles/x/y']) {
      const reply = await api.call('GET', path, { token: await api.token() })
      expect([reply.status, at(reply.json, 'Code')]).toEqual([404, 'route_not_found'])
    }
  })

  it('with a wrong method get 405 with Allow', async () => {
    const list = await api.v1('DELETE', '/accounts')
    expect([list.status, at(list.json, 'Code'), list.headers.get('allow')]).toEqual([405, 'method_not_allowed', 'GET, POST, HEAD'])
    expect((await api.call('POST', '/healthz')).headers.get('allow')).toBe('GET, HEAD')
    expect((await api.call('GET', '/oauth/token')).headers.get('allow')).toBe('POST')
  })

  it.each([
    ['malformed JSON', { raw: '{"Name":', headers: JSON_TYPE }],
    ['an empty body', { raw: '', headers: JSON_TYPE }],
    ['JSON of another kind', { raw: '[1]', headers: JSON_TYPE }],
    ['another content type', { raw: '<a/>', headers: { 'content-type': 'application/xml' } }],
    ['YAML where there is no document', { yaml: 'Name: Acme' }],
    ['a content encoding', { raw: '{}', headers: { ...JSON_TYPE, 'content-encoding': 'gzip' } }],
    ['bytes that are no UTF-8', { raw: Uint8Array.from([0x22, 0xff, 0x22]), headers: JSON_TYPE }],
    ['nesting without end', { raw: `${'['.repeat(100_000)}${']'.repeat(100_000)}`, headers: JSON_TYPE }],
  ])('with %s get 400 with a message', async (_, sent) => {
    const reply = await api.v1('POST', '/accounts', sent)
    expect([reply.status, at(reply.json, 'Code')]).toEqual([400, 'request_invalid'])
    expect(String(at(reply.json, 'Message')).length).toBeGreaterThan(10)
  })

  it('with a body over the limit get 413', async () => {
    const reply = await api.v1('POST', '/accounts', { body: { Name: 'x'.repeat(2_000_000) } })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([413, 'body_too_large'])
  })

  it('with a path that does not decode get 400', async () => {
    expect((await api.v1('GET', '/cycles/%zz', { account })).status).toBe(400)
  })

  it('with __proto__ and constructor as names do nobody harm', async () => {
    const reply = await api.v1('POST', '/accounts', { raw: '{"Name":"Acme","__proto__":{"x":1},"constructor":{"y":2}}', headers: JSON_TYPE })
    expect(reply.status).toBe(201)
    const plain = await api.v1('POST', '/accounts', { body: { Name: 'Acme' } })
    expect(Object.keys(fieldsOf(reply.json))).toEqual(Object.keys(fieldsOf(plain.json)))
  })
})

describe('HEAD', () => {
  it('answers as GET does, without a body', async () => {
    const reply = await api.v1('HEAD', '/accounts')
    expect([reply.status, reply.text]).toEqual([200, ''])
    expect(reply.headers.get('total-pages')).not.toBeNull()
  })
})

describe('a failure inside', () => {
  it('shows only an id, which the log has', async () => {
    const fails = (): never => {
      throw new Error('secret internals')
    }
    const broken = await apiHarness({ temporal: { url: fails } })
    const owner = await broken.account()
    const made = await broken.v1('POST', '/cycles', { account: owner, body: { Definition: smallCycle } })
    const id = String(at(made.json, 'Id'))
    await broken.v1('PUT', `/cycles/${id}/activate`, { account: owner })
    const found = await broken.registry.accounts.find(owner)
    if (found === undefined) throw new Error('no account')
    const transaction = randomUUID()
    await broken.inbox.acceptTrigger({
      place: { account: found.id, cycle: asCycleId(id) },
      version: 1,
      transaction: asTransactionId(transaction),
      stepId: 'order',
      data: '{}',
      values: [],
      held: false,
    })
    const reply = await broken.v1('GET', `/cycles/${id}/transactions/${transaction}`, { account: owner })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([500, 'internal_error'])
    expect(reply.text).not.toContain('internals')
    expect(broken.logged.map(({ fields }) => fields.id)).toContain(at(reply.json, 'Id'))
    await broken.close()
  })

  it('is a 503 with Retry-After while Redis cannot be reached', async () => {
    const cut = await apiHarness()
    cut.redis.disconnect()
    const reply = await cut.v1('GET', '/accounts')
    expect([reply.status, at(reply.json, 'Code')]).toEqual([503, 'service_unavailable'])
    expect(reply.headers.get('retry-after')).not.toBeNull()
    expect(at(reply.json, 'Id')).toEqual(expect.any(String))
    expect((await cut.call('GET', '/healthz')).status).toBe(200)
    await cut.redis.connect()
    await cut.close()
  })
})

describe('an Idempotency-Key', () => {
  const post = (key: string, name: string, extra: { account?: string } = {}) =>
    api.v1('POST', '/accounts', { body: { Name: name }, headers: { 'idempotency-key': key }, ...extra })

  it('gives a repeat the first answer, whatever it carries, and says so', async () => {
    const key = randomUUID()
    const [first, again] = [await post(key, 'One'), await post(key, 'Two')]
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(again.headers.get('idempotent-replayed')).toBe('true')
    expect([again.status, again.json, again.headers.get('location')]).toEqual([201, first.json, first.headers.get('location')])
  })

  it('is used up by nothing that is refused', async () => {
    const key = randomUUID()
    expect((await post(key, '')).status).toBe(400)
    expect((await post(key, 'One')).status).toBe(201)
  })

  it('makes one of those that race, and 409 for those that come while it runs', async () => {
    const key = randomUUID()
    const replies = await Promise.all(Array.from({ length: 8 }, () => post(key, 'One')))
    const made = new Set(replies.filter(reply => reply.status === 201).map(reply => at(reply.json, 'AccountId')))
    expect(made.size).toBe(1)
    for (const reply of replies) if (reply.status !== 201) expect([reply.status, at(reply.json, 'Code')]).toEqual([409, 'request_in_progress'])
  })

  it('counts by path and by account', async () => {
    const key = randomUUID()
    await post(key, 'One')
    const other = await api.account()
    const headers = { 'idempotency-key': key }
    const cycles = await Promise.all([account, other].map(one => api.v1('POST', '/cycles', { account: one, body: { Definition: smallCycle }, headers })))
    expect(cycles.map(reply => reply.status)).toEqual([201, 201])
    expect(new Set(cycles.map(reply => at(reply.json, 'Id'))).size).toBe(2)
  })

  it.each(['with space', 'x'.repeat(256)])('that is not valid gets 400: %s', async key => {
    expect((await post(key, 'One')).status).toBe(400)
  })
})

describe('health', () => {
  it('names each dependency with its state, and is 503 when one is down, in bounded time', async () => {
    const mixed = await apiHarness({
      dependencies: [
        { name: 'redis', check: () => Promise.resolve() },
        { name: 'temporal', check: () => Promise.reject(new StorageUnavailable('secret address')) },
        { name: 'hung', check: () => new Promise(() => undefined) },
      ],
    })
    const reply = await mixed.call('GET', '/readyz')
    expect(reply.status).toBe(503)
    expect(reply.json).toEqual({
      Status: 'unavailable',
      Dependencies: [
        { Name: 'redis', Status: 'up' },
        { Name: 'temporal', Status: 'down', Message: expect.any(String) },
        { Name: 'hung', Status: 'down', Message: expect.any(String) },
      ],
    })
    expect(reply.text).not.toContain('secret')
    await mixed.close()
    expect((await api.call('GET', '/readyz')).status).toBe(200)
    expect((await api.call('GET', '/healthz')).json).toEqual({ Status: 'ok' })
    expect((await api.call('GET', '/metrics')).text).toContain('flywheel_up 1')
  })
})

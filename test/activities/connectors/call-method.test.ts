import { ApplicationFailure } from '@temporalio/common'
import { describe, expect, it } from 'vitest'
import type { CallMethod } from '../../../domain/connector.ts'
import { secretReference } from '../../../domain/secrets.ts'
import { called } from './rig.ts'

const failureOf = ({ error }: { readonly error: unknown }): { readonly type: string | null | undefined; readonly message: string } => {
  if (!(error instanceof ApplicationFailure)) throw new Error(`no failure: ${String(error)}`)
  return { type: error.type, message: error.message }
}
const list = (paging: CallMethod['paging'] & {}): { readonly methods: readonly CallMethod[] } => ({
  methods: [{ id: 'get', method: 'GET', path: '/orders', paging }],
})

describe('the method step (connectors.md 3)', () => {
  it('calls the method with the same idempotency key on every try', async () => {
    const { sent, result } = await called({ answer: () => ({ body: { id: 7 } }) })
    expect(sent).toMatchObject([{ method: 'GET', url: 'https://shop.example/api/orders/7', idempotencyKey: 'key', auth: { type: 'bearer', token: 't0k3n' } }])
    expect(result).toEqual({ status: 200, headers: {}, body: { id: 7 } })
  })

  it('fields are the body, and query and headers of the step come to those of the method', async () => {
    const methods: CallMethod[] = [{ id: 'get', method: 'POST', path: '/orders', query: { a: 1 }, headers: { 'X-A': 'a' } }]
    const { sent } = await called({ connector: { methods } }, { parameters: {}, fields: { sku: 'MUG' }, query: { b: 2 }, headers: { 'X-B': 'b' } })
    expect(sent).toMatchObject([{ body: { sku: 'MUG' }, query: { a: 1, b: 2 }, headers: { 'X-A': 'a', 'X-B': 'b' } }])
  })

  it('response.path is the body of the step data', async () => {
    const methods: CallMethod[] = [{ id: 'get', method: 'GET', path: '/o', response: { path: 'data.order' } }]
    const { result } = await called({ connector: { methods }, answer: () => ({ body: { data: { order: { id: 1 } } } }) })
    expect(result?.body).toEqual({ id: 1 })
    expect(failureOf(await called({ connector: { methods }, answer: () => ({ body: { data: {} } }) }))).toEqual({
      type: 'fieldsMissing',
      message: 'The answer has no data.order',
    })
    expect((await called({ connector: { methods }, answer: () => ({ status: 204, body: null }) })).result?.body).toBeNull()
  })

  it('anything but 2xx is a step error with the answer, and 429 asks to come later', async () => {
    const failed = await called({ answer: () => ({ status: 400, body: { error: 'no' } }) })
    expect(failureOf(failed)).toEqual({ type: 'callFailed', message: 'GET https://shop.example/api/orders/7 answered 400\n{"error":"no"}' })
    const later = await called({ answer: () => ({ status: 429, headers: { 'retry-after': '7' } }) })
    expect(later.error).toMatchObject({ details: [{ status: 429, throttled: { afterMs: 7_000 } }] })
  })

  it('an unknown connector or method cannot be built', async () => {
    expect(failureOf(await called({}, { connector: 'Shops' }))).toEqual({ type: 'buildFailed', message: 'There is no connector "Shops"' })
    expect(failureOf(await called({}, { method: 'gett' }))).toEqual({ type: 'buildFailed', message: 'The connector Shop has no method "gett" to call' })
  })
})

describe('authentication (connectors.md 2)', () => {
  it.each([
    [{ type: 'none' } as const, {}, { url: 'https://shop.example/api/orders/7' }],
    [{ type: 'basic' } as const, { username: 'u', password: 'p' }, { auth: { type: 'basic', username: 'u', password: 'p' } }],
    [{ type: 'apiKey', in: 'header', name: 'X-Key' } as const, { authValue: 'k' }, { auth: { type: 'header', header: 'X-Key', value: 'k' } }],
    [{ type: 'apiKey', in: 'query', name: 'key' } as const, { authValue: 'k' }, { query: { key: 'k' } }],
  ])('%j', async (authentication, credentials, wanted) => {
    const { sent } = await called({ connector: { authentication }, credentials })
    expect(sent[0]).toMatchObject(wanted)
  })

  it('oauth2: a token, and once another where it is answered with 401', async () => {
    const authentication = { type: 'oauth2', grant: 'clientCredentials', tokenUrl: 'https://shop.example/token' } as const
    const token = async (_account: string, id: string, { rejected }: { rejected?: string }) => `${id} ${rejected === undefined ? 'first' : `after ${rejected}`}`
    const { sent, result } = await called({ connector: { authentication }, token, answer: (_call, number) => ({ status: number === 1 ? 401 : 200 }) })
    expect(sent.map(({ auth }) => auth)).toEqual([
      { type: 'bearer', token: 'a0 first' },
      { type: 'bearer', token: 'a0 after a0 first' },
    ])
    expect(result?.status).toBe(200)
    expect((await called({ connector: { authentication }, token, answer: () => ({ status: 401 }) })).sent).toHaveLength(2)
  })

  it('without an account connector, or with one that is not authenticated: Failed to authenticate the connector', async () => {
    expect(failureOf(await called({ held: [] }))).toEqual({ type: 'notAuthenticated', message: 'The account has not authenticated the connector Shop' })
    const { type, message } = failureOf(await called({ held: [{ status: 'Unauthenticated', reason: 'it was refused' }] }))
    expect([type, message]).toEqual(['notAuthenticated', 'The account connector Shop 0: it was refused'])
    expect((await called({ held: [], connector: { authentication: { type: 'none' } } })).result?.status).toBe(200)
  })

  it('of several the cycle says which', async () => {
    const held = [{}, { credentials: 'sealed:{"authValue":"second"}' }]
    expect(failureOf(await called({ held })).message).toContain('several account connectors of Shop (Shop 0, Shop 1)')
    expect((await called({ held, chosen: 'Shop 1' })).sent).toMatchObject([{ auth: { token: 'second' } }])
  })

  it('credentials show in no failure, however the answer writes them', async () => {
    const echo = await called({ answer: () => ({ status: 400, body: { got: 'Bearer t0k3n', in: encodeURIComponent('t0k3n') } }) })
    expect(failureOf(echo).message).not.toContain('t0k3n')
    expect(JSON.stringify(echo.error)).not.toContain('t0k3n')
    const key = await called({
      connector: { authentication: { type: 'apiKey', in: 'query', name: 'key' } },
      credentials: { authValue: 'k/3y+' },
      answer: () => ({ status: 400, body: 'https://shop.example/?key=k%2F3y%2B' }),
    })
    expect(failureOf(key).message).toContain('********')
  })

  it('credentials are sealed anew on use where their key is an old one', async () => {
    expect((await called({ oldKey: true })).resealed).toHaveLength(1)
    expect((await called({})).resealed).toHaveLength(0)
  })

  it('a secret variable stands in a path encoded, and shows in no failure', async () => {
    const document = { variables: [{ name: 'id', secret: true, value: 'sealed:s3/cr3t' }] }
    const { sent, error } = await called({ document, answer: () => ({ status: 500, body: 's3%2Fcr3t' }) }, { parameters: { id: secretReference('id') } })
    expect(sent[0]?.url).toBe('https://shop.example/api/orders/s3%2Fcr3t')
    expect(failureOf({ error }).message).not.toMatch(/cr3t/)
  })
})

describe('paging and the rate limit (connectors.md 3)', () => {
  const pages =
    (all: number, size = 2) =>
    (call: { readonly query?: unknown }) => {
      const page = Number(Object.entries({ ...(call.query as object) }).find(([name]) => name === 'page')?.[1] ?? 1)
      return { body: { orders: Array.from({ length: all }, (_, n) => n).slice((page - 1) * size, page * size) } }
    }
  const paging = { type: 'page', parameter: 'page', size: { parameter: 'per', value: 2 }, items: 'orders' } as const

  it('collects all pages, each call with a key of its own', async () => {
    const { sent, result } = await called({ connector: list(paging), answer: pages(5) })
    expect(result).toMatchObject({ body: [0, 1, 2, 3, 4] })
    expect(sent.map(({ query, idempotencyKey }) => [query, idempotencyKey])).toEqual([
      [{ id: 7, page: 1, per: 2 }, 'key'],
      [{ id: 7, page: 2, per: 2 }, 'key/1'],
      [{ id: 7, page: 3, per: 2 }, 'key/2'],
    ])
  })

  it('takes so many elements at most, and says that it cut; a list that ends there is whole', async () => {
    expect((await called({ connector: list(paging), answer: pages(5), maxPaged: 4 })).result).toMatchObject({
      body: [0, 1, 2, 3],
      cut: expect.stringContaining('first 4'),
    })
    expect((await called({ connector: list(paging), answer: pages(4), maxPaged: 4 })).result).not.toHaveProperty('cut')
    expect((await called({ connector: list(paging), answer: pages(4), maxPaged: 3 })).result).toMatchObject({ body: [0, 1, 2], cut: expect.any(String) })
  })

  it('follows links, relative ones too, and sends credentials to no other host', async () => {
    const next = (target: string) => (_call: unknown, number: number) => ({ body: [number], headers: number === 1 ? { link: `<${target}>; rel="next"` } : {} })
    const { sent, result } = await called({ connector: list({ type: 'link' }), answer: next('/api/orders?from=2') })
    expect([result?.body, sent[1]?.url, sent[1]?.query]).toEqual([[1, 2], 'https://shop.example/api/orders?from=2', undefined])
    expect(failureOf(await called({ connector: list({ type: 'link' }), answer: next('https://evil.example/') })).message).toContain(
      'leads away from https://shop.example',
    )
  })

  it('an answer that is no list, or names its own page, is an error', async () => {
    expect(failureOf(await called({ connector: list(paging), answer: () => ({ body: {} }) })).type).toBe('fieldsMissing')
    expect(failureOf(await called({ connector: list(paging), answer: () => ({ body: { orders: 1 } }) })).type).toBe('badResponse')
    const cursor = list({ type: 'cursor', parameter: 'c', next: 'body.next', items: 'orders' })
    expect(failureOf(await called({ connector: cursor, answer: () => ({ body: { next: 'x', orders: [1] } }) })).message).toContain('its own page')
  })

  it('what an answer says cannot ask for a secret', async () => {
    const document = { variables: [{ name: 'id', secret: true, value: 'sealed:s3cr3t' }] }
    const cursor = list({ type: 'cursor', parameter: 'c', next: 'body.next', items: 'orders' })
    const answer = (_call: unknown, number: number) => ({ body: { orders: [number], next: number === 1 ? secretReference('id') : null } })
    expect(JSON.stringify((await called({ connector: cursor, document, answer })).sent)).not.toContain('s3cr3t')
  })

  it('the rate limit delays: a short wait is slept, a long one gives the place back', async () => {
    const rateLimit = { requests: 1, per: '1m' }
    const asked: string[] = []
    const short = await called({ connector: { rateLimit }, take: async (_account, of, call) => (asked.push(`${of} ${call}`) === 1 ? 20 : 0) })
    expect([asked, short.result?.status]).toEqual([['a0 key', 'a0 key'], 200])
    const long = await called({ connector: { rateLimit }, take: async () => 60_000 })
    expect(long.error).toMatchObject({ type: 'rateLimited', nonRetryable: false, nextRetryDelay: 60_000 })
  })
})

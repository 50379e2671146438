import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterEach, describe, expect, test } from 'vitest'
import { createHttpCaller, type HttpCaller, type HttpCallerOptions } from '../../../activities/http/index.ts'
import type { HttpCall } from '../../../activities/contract.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../../domain/ids.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void

/** A server on a free port; its origin. */
async function serve(handler: Handler): Promise<string> {
  const server = createServer((req, res) => {
    let body = ''
    req.setEncoding('utf8').on('data', (text: string) => (body += text))
    req.on('end', () => handler(req, res, body))
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closers.push(
    () =>
      new Promise<void>(resolve => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  )
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `http://127.0.0.1:${address.port}`
}

function caller(options: Partial<HttpCallerOptions> = {}): HttpCaller {
  const made = createHttpCaller({
    allowPrivateAddresses: true,
    allowedAddresses: [],
    maxBytes: 10 * 1024 * 1024,
    maxDepth: 64,
    maxValues: 100_000,
    userAgent: 'Flywheel',
    ...options,
  })
  closers.push(() => made.close())
  return made
}

const call = (url: string, more: Partial<HttpCall> = {}): HttpCall => ({
  place: { account: asAccountId('a'), cycle: asCycleId('c') },
  transaction: asTransactionId('t'),
  stepId: 's',
  idempotencyKey: 't/s/1',
  method: 'GET',
  url,
  timeoutMs: 5_000,
  ...more,
})

const echo: Handler = (req, res, body) => {
  res.setHeader('content-type', 'application/json')
  res.end(JSON.stringify({ method: req.method, url: req.url, headers: req.headers, body }))
}

describe('a call (cycles.md 4)', () => {
  test('sends method, query, headers and body in its type, and yields status, headers and body', async () => {
    const origin = await serve(echo)
    const result = await caller().call(
      call(`${origin}/a?x=1`, { method: 'post', query: { y: 'ä b', z: [1, 2], n: null }, headers: { 'X-One': 5, 'X-None': null }, body: { a: 1 } }),
    )
    expect(result.status).toBe(200)
    expect(result.headers['content-type']).toBe('application/json')
    expect(result.body).toMatchObject({
      method: 'POST',
      url: '/a?x=1&y=%C3%A4+b&z=1&z=2&n=',
      headers: { 'x-one': '5', 'content-type': 'application/json; charset=utf-8', 'idempotency-key': 't/s/1', 'user-agent': 'Flywheel' },
      body: '{"a":1}',
    })
  })
  test.each([
    ['xml', { order: { id: '7' } }, 'application/xml; charset=utf-8', '<order><id>7</id></order>'],
    ['form', { a: 'x y' }, 'application/x-www-form-urlencoded', 'a=x+y'],
    ['html', '<p>', 'text/html; charset=utf-8', '<p>'],
    [undefined, 'plain', 'text/plain; charset=utf-8', 'plain'],
    ['json', 'plain', 'application/json; charset=utf-8', '"plain"'],
  ] as const)('a %s body is written as such', async (bodyType, body, contentType, text) => {
    const origin = await serve(echo)
    const { body: told } = await caller().call(call(origin, { method: 'PUT', body, ...(bodyType === undefined ? {} : { bodyType }) }))
    expect(told).toMatchObject({ headers: { 'content-type': contentType }, body: expect.stringContaining(text) })
  })
  test.each([
    [{ type: 'basic', username: 'ann', password: 'pw' }, { authorization: `Basic ${Buffer.from('ann:pw').toString('base64')}` }],
    [{ type: 'bearer', token: 'abc' }, { authorization: 'Bearer abc' }],
    [{ type: 'header', header: 'X-Key', value: 'abc' }, { 'x-key': 'abc' }],
  ])('auth %j goes into its header', async (auth, headers) => {
    const origin = await serve(echo)
    expect((await caller().call(call(origin, { auth }))).body).toMatchObject({ headers })
  })
  test('user and password of the URL become basic authentication', async () => {
    const origin = await serve(echo)
    const { body } = await caller().call(call(origin.replace('//', '//ann:p%40w@')))
    expect(body).toMatchObject({ headers: { authorization: `Basic ${Buffer.from('ann:p@w').toString('base64')}` } })
  })
  test('the answer is decoded as its content type and encoding say', async () => {
    const origin = await serve((_, res) => {
      res.writeHead(201, { 'content-type': 'application/xml', 'content-encoding': 'gzip' }).end(gzipSync('<a><b>1</b></a>'))
    })
    expect(await caller().call(call(origin))).toMatchObject({ status: 201, body: { a: { b: '1' } } })
  })
  test('an empty answer has a null body', async () => {
    const origin = await serve((_, res) => res.writeHead(204).end())
    expect(await caller().call(call(origin))).toMatchObject({ status: 204, body: null })
  })
})

describe('what cannot be built, called or read', () => {
  test.each([
    ['not a url', {}],
    ['ftp://host/', {}],
    ['http://127.0.0.1/', { method: 'BAD METHOD' }],
    ['http://127.0.0.1/', { headers: { 'bad name': 'x' } }],
    ['http://127.0.0.1/', { headers: { name: 'a\nb' } }],
    ['http://127.0.0.1/', { auth: { type: 'bearer', token: 'a\nb' } }],
    ['http://127.0.0.1/', { body: { 'a b': 1 }, bodyType: 'xml' }],
  ])('%s with %j is a failure to build', async (url, more) => {
    await expect(caller().call(call(url, more))).rejects.toMatchObject({ code: 'buildFailed' })
  })
  test('no answer in time, also one that drips, is a failed call', async () => {
    const silent = await serve(() => undefined)
    const drips = await serve((_, res) => void res.write('a'))
    for (const origin of [silent, drips])
      await expect(caller().call(call(origin, { timeoutMs: 200 }))).rejects.toMatchObject({ code: 'callFailed', detail: /200 ms/ })
  })
  test('a closed port and a broken connection are failed calls', async () => {
    const broken = await serve((_, res) => void res.destroy())
    await expect(caller().call(call(broken))).rejects.toMatchObject({ code: 'callFailed' })
    await expect(caller().call(call('http://127.0.0.1:1/'))).rejects.toMatchObject({ code: 'callFailed' })
  })
  test('an answer over the limit is cut off, a bomb too', async () => {
    const large = await serve((_, res) => res.end('x'.repeat(3000)))
    const bomb = await serve((_, res) => res.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('x'.repeat(100_000))))
    for (const origin of [large, bomb]) await expect(caller({ maxBytes: 2000 }).call(call(origin))).rejects.toMatchObject({ code: 'badResponse' })
  })
  test('an answer that is not what it says is refused, with an error status told as text', async () => {
    const origin = await serve((req, res) => res.writeHead(req.url === '/bad' ? 500 : 200, { 'content-type': 'application/json' }).end('{oops'))
    await expect(caller().call(call(origin))).rejects.toMatchObject({ code: 'badResponse' })
    expect(await caller().call(call(`${origin}/bad`))).toMatchObject({ status: 500, body: '{oops' })
  })
  test('a cancelled call ends', async () => {
    const origin = await serve(() => undefined)
    const controller = new AbortController()
    const pending = caller().call(call(origin), controller.signal)
    controller.abort()
    await expect(pending).rejects.toThrow()
  })
})

describe('redirects', () => {
  test('five are followed, a sixth is a failed call', async () => {
    const origin = await serve((req, res) => {
      const left = Number(req.url?.slice(1))
      if (left === 0) res.end('there')
      else res.writeHead(302, { location: `/${left - 1}` }).end()
    })
    expect((await caller().call(call(`${origin}/5`))).body).toBe('there')
    await expect(caller().call(call(`${origin}/6`))).rejects.toMatchObject({ code: 'callFailed', detail: /redirects/ })
  })
  test.each([
    [301, 'GET', ''],
    [302, 'GET', ''],
    [303, 'GET', ''],
    [307, 'POST', '{"a":1}'],
    [308, 'POST', '{"a":1}'],
  ])('%i of a POST goes on as %s', async (status, method, body) => {
    const origin = await serve((req, res, sent) => (req.url === '/' ? res.writeHead(status, { location: '/next' }).end() : echo(req, res, sent)))
    expect((await caller().call(call(`${origin}/`, { method: 'POST', body: { a: 1 } }))).body).toMatchObject({ method, body })
  })
  test('another origin does not see the credentials', async () => {
    const other = await serve(echo)
    const origin = await serve((_, res) => res.writeHead(307, { location: other }).end())
    const { body } = await caller().call(call(origin, { auth: { type: 'header', header: 'X-Key', value: 'abc' }, headers: { cookie: 'a=b', 'x-kept': '1' } }))
    expect(body).toMatchObject({ headers: { 'x-kept': '1' } })
    expect(body).not.toHaveProperty('headers.x-key')
    expect(body).not.toHaveProperty('headers.cookie')
  })
})

describe('addresses (operations.md 4)', () => {
  const guarded = (allowedAddresses: string[] = []): HttpCaller => caller({ allowPrivateAddresses: false, allowedAddresses })

  test.each([
    '127.0.0.1',
    '[::1]',
    '10.0.0.1',
    '169.254.169.254',
    '192.168.1.1',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '2130706433',
    '0x7f.1',
    'localhost',
    '[fe80::1]',
  ])('%s is refused', async host => {
    await expect(guarded().call(call(`http://${host}:9/`))).rejects.toMatchObject({ code: 'callFailed', detail: /not allowed/ })
  })
  test('a redirect to a private address is refused', async () => {
    const origin = await serve((_, res) => res.writeHead(302, { location: 'http://127.0.0.2:9/' }).end())
    await expect(guarded(['127.0.0.1/32']).call(call(origin))).rejects.toMatchObject({ detail: /not allowed/ })
  })
  test('allowed names and ranges are called', async () => {
    const origin = await serve(echo)
    expect((await guarded(['127.0.0.0/8']).call(call(origin))).status).toBe(200)
    expect((await guarded(['localhost']).call(call(origin.replace('127.0.0.1', 'localhost')))).status).toBe(200)
  })
})

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, test } from 'vitest'
import { createNotifier, ReceiverBusy, type Notifier, type NotifierOptions } from '../../../activities/http/notifier.ts'

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

type Handler = (req: IncomingMessage, res: ServerResponse, body: string) => void

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

function notifier(options: Partial<NotifierOptions> = {}): Notifier {
  const made = createNotifier({ allowPrivateAddresses: true, allowedAddresses: [], ...options })
  closers.push(() => made.close())
  return made
}

const never = new AbortController().signal

describe('a try of a notification', () => {
  test('posts the body as it is with the headers given, and tells status and answer', async () => {
    const seen: unknown[] = []
    const url = await serve((req, res, body) => {
      const { 'content-type': type, 'user-agent': agent, 'webhook-id': id } = req.headers
      seen.push([req.method, req.url, type, agent, id, body])
      res.writeHead(201).end('thanks ✓')
    })
    const headers = { 'content-type': 'application/json', 'user-agent': 'Acme/1', 'webhook-id': 'one' }
    expect(await notifier().post(`${url}/errors?a=1`, headers, '{"A":"ü"}', never)).toEqual({
      at: expect.any(Number),
      durationMs: expect.any(Number),
      status: 201,
      answer: 'thanks ✓',
    })
    expect(seen).toEqual([['POST', '/errors?a=1', 'application/json', 'Acme/1', 'one', '{"A":"ü"}']])
  })

  test('follows no redirect: it is an answer like any other', async () => {
    let calls = 0
    const url = await serve((_req, res) => {
      calls++
      res.writeHead(307, { location: '/elsewhere' }).end()
    })
    expect(await notifier().post(url, {}, '{}', never)).toMatchObject({ status: 307, answer: '' })
    expect(calls).toBe(1)
  })

  test('keeps the first KiB of an answer, no half character, and does not wait for the rest', async () => {
    const url = await serve((_req, res) => {
      res.writeHead(500)
      res.write(`x${'é'.repeat(5_000)}`)
    })
    const { answer = '', durationMs } = await notifier().post(url, {}, '{}', never)
    expect(answer).toBe(`x${'é'.repeat(511)}`)
    expect(durationMs).toBeLessThan(5_000)
  })

  test('reads no answer of 10 MiB to its end', async () => {
    let written = 0
    const url = await serve((_req, res) => {
      const chunk = Buffer.alloc(64 * 1024, 'x')
      const more = (): void => {
        while (written < 10 * 1024 * 1024 && !res.destroyed) {
          written += chunk.length
          if (!res.write(chunk)) return void res.once('drain', more)
        }
        res.end()
      }
      more()
    })
    const { status, answer } = await notifier().post(url, {}, '{}', never)
    expect([status, answer]).toEqual([200, 'x'.repeat(1_024)])
    expect(written).toBeLessThan(10 * 1024 * 1024)
  })

  test('has its answer where the status came, however the body ends', async () => {
    const breaks = await serve((_req, res) => {
      res.writeHead(200, { 'content-length': '100' })
      res.write('begun')
      setTimeout(() => res.destroy(), 50)
    })
    expect(await notifier().post(breaks, {}, '{}', never)).toMatchObject({ status: 200, answer: 'begun' })
    const drips = await serve((_req, res) => {
      res.writeHead(200)
      res.write('slow')
    })
    expect(await notifier({ timeoutMs: 300 }).post(drips, {}, '{}', never)).toMatchObject({ status: 200, answer: 'slow' })
  })

  test('tells why no answer came', async () => {
    const silent = await serve(() => undefined)
    expect((await notifier({ timeoutMs: 200 }).post(silent, {}, '{}', never)).error).toBe('no answer within 200 ms')
    expect((await notifier().post('http://127.0.0.1:1/', {}, '{}', never)).error).toContain('ECONNREFUSED')
    expect((await notifier().post('http://no-such-host.invalid/', {}, '{}', never)).error).toMatch(/ENOTFOUND|EAI_AGAIN/)
  })

  test('goes to no private address unless it is allowed, by name or by number (operations.md 4)', async () => {
    const url = await serve((_req, res) => res.end())
    const { port } = new URL(url)
    const strict = notifier({ allowPrivateAddresses: false })
    for (const host of ['127.0.0.1', '[::1]', 'localhost', '169.254.169.254']) {
      const { status, error } = await strict.post(`http://${host}:${port}/`, {}, '{}', never)
      expect([status, error]).toEqual([undefined, expect.stringContaining('are not allowed')])
    }
    expect((await notifier({ allowPrivateAddresses: false, allowedAddresses: ['127.0.0.0/8'] }).post(url, {}, '{}', never)).status).toBe(200)
  })

  test('waits outside where many to the same receiver are under way; the others go', async () => {
    const held: ServerResponse[] = []
    const silent = await serve((_req, res) => void held.push(res))
    const well = await serve((_req, res) => void res.end())
    const one = notifier({ atOnce: 2 })
    const hanging = [1, 2].map(n => one.post(`${silent}/${n}`, {}, '{}', never))
    await expect(one.post(`${silent}/3`, {}, '{}', never)).rejects.toThrow(ReceiverBusy)
    expect(await one.post(well, {}, '{}', never)).toMatchObject({ status: 200 })
    while (held.length < 2) await new Promise(resolve => setImmediate(resolve))
    for (const res of held) res.end()
    expect(await Promise.all(hanging)).toMatchObject([{ status: 200 }, { status: 200 }])
    const last = one.post(`${silent}/4`, {}, '{}', never)
    while (held.length < 3) await new Promise(resolve => setImmediate(resolve))
    held[2]?.end()
    expect(await last).toMatchObject({ status: 200 })
  })

  test('rejects where it was cancelled, so that another worker makes it', async () => {
    const silent = await serve(() => undefined)
    const cancelled = new AbortController()
    const sent = notifier().post(silent, {}, '{}', cancelled.signal)
    setTimeout(() => cancelled.abort(new Error('shutting down')), 50)
    await expect(sent).rejects.toThrow()
  })
})

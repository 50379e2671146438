import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { table, write, type Answer } from '../../../api/webhooks/answers.ts'
import { asTransactionId } from '../../../domain/ids.ts'
import { webhookAnswers, type WebhookAnswer } from '../../../domain/webhook-answers.ts'

let server: Server | undefined
afterEach(() => server?.close())

/** What a client sees of an answer. */
async function seen(answer: Answer, method = 'POST'): Promise<{ status: number; headers: IncomingHttpHeaders; body: string }> {
  const made = createServer((_req, res) => write(res, answer))
  server = made
  await new Promise<void>(resolve => made.listen(0, '127.0.0.1', resolve))
  const address = made.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return new Promise((resolve, reject) => {
    const req = request({ port: address.port, host: '127.0.0.1', method }, res => {
      let body = ''
      res.setEncoding('utf8').on('data', (chunk: string) => (body += chunk))
      res.on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers, body }))
    })
    req.on('error', reject).end()
  })
}

const names = Object.keys(webhookAnswers).filter((name): name is WebhookAnswer => Object.hasOwn(webhookAnswers, name))

describe('an answer to a webhook', () => {
  it.each(names)('%s has the status and the body of the table, as plain text', async name => {
    const { status, headers, body } = await seen(table(name))
    expect(status).toBe(webhookAnswers[name].status)
    expect(body).toBe(webhookAnswers[name].body)
    expect(headers['content-type']).toBe('text/plain; charset=utf-8')
  })

  it('tells the allowed methods with 405, and when to come again with 429 and 503', async () => {
    expect((await seen(table('methodNotAllowed'))).headers['allow']).toBe('GET, HEAD, POST')
    expect((await seen(table('full'))).headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect((await seen(table('unavailable'))).headers['retry-after']).toMatch(/^[1-9]\d*$/)
    expect((await seen(table('accepted'))).headers['retry-after']).toBeUndefined()
  })

  it('names the transaction, and says that it is a repeat', async () => {
    const { headers } = await seen(table('accepted', { transaction: asTransactionId('t1'), replayed: true }))
    expect(headers['flywheel-transaction-id']).toBe('t1')
    expect(headers['idempotent-replayed']).toBe('true')
  })

  it('to HEAD has no body', async () => {
    const { status, body } = await seen(table('found'), 'HEAD')
    expect(status).toBe(200)
    expect(body).toBe('')
  })

  it('that a response step made keeps its status, headers and body to the byte', async () => {
    const { status, headers, body } = await seen({
      kind: 'custom',
      status: 201,
      headers: { 'X-Order': '7', 'Content-Type': 'application/json' },
      body: '{"é":1}',
    })
    expect(status).toBe(201)
    expect(headers['x-order']).toBe('7')
    expect(headers['content-type']).toBe('application/json')
    expect(body).toBe('{"é":1}')
    expect(headers['content-length']).toBe('8')
  })

  it('never carries headers of the connection, nor ones that cannot be written', async () => {
    const forged = {
      Connection: 'close',
      'Transfer-Encoding': 'chunked',
      'Content-Length': '1',
      'Flywheel-Transaction-Id': 'x',
      'bad name': 'x',
      'X-Bad': 'a\r\nb',
    }
    const { headers, body } = await seen({ kind: 'custom', status: 200, headers: forged, body: 'four' })
    expect(body).toBe('four')
    expect(headers['content-length']).toBe('4')
    expect(headers['flywheel-transaction-id']).toBeUndefined()
    expect(headers['x-bad']).toBeUndefined()
  })

  it('with status 204 has no body', async () => {
    const { status, headers, body } = await seen({ kind: 'custom', status: 204, headers: {}, body: 'x' })
    expect([status, headers['content-length'], body]).toEqual([204, undefined, ''])
  })
})

import { createHmac } from 'node:crypto'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { echo } from './documents.ts'

let system: TestSystem
let cycle: TestCycle
beforeAll(async () => {
  system = await startSystem()
  cycle = await system.client.cycle(echo())
})
afterAll(async () => system?.stop())

/** The step data's body for what is sent. */
async function bodyOf(sent: string | Uint8Array, headers: { readonly [name: string]: string }): Promise<unknown> {
  const reply = await cycle.post(sent, { headers })
  expect(reply.status).toBe(200)
  const { body }: { body: unknown } = JSON.parse(reply.body)
  return body
}

describe('a body, seen from outside', () => {
  it.each<[string, string, string | Uint8Array, unknown]>([
    ['JSON', 'application/json; charset=utf-8', '{"a":[1,"é",null]}', { a: [1, 'é', null] }],
    ['JSON of another kind', 'Application/VND.api+JSON', '7', 7],
    ['an empty JSON body', 'application/json', '', null],
    ['XML', 'text/xml', '<order id="1"><line>a</line><line>b</line><note/></order>', { order: { '@id': '1', line: ['a', 'b'], note: '' } }],
    ['a form', 'application/x-www-form-urlencoded', 'a=1&b=x+y&a=2', { a: ['1', '2'], b: 'x y' }],
    ['text', 'text/csv', 'a;b\n1;2', 'a;b\n1;2'],
    ['text of another charset', 'text/plain; charset=iso-8859-1', Buffer.from([0xe9]), 'é'],
    ['bytes', 'application/octet-stream', Buffer.from([0xff, 0xfe, 0x00]), { contentType: 'application/octet-stream', size: 3, base64: '//4A' }],
  ])('%s (%s) becomes step data', async (_, type, sent, expected) => {
    expect(await bodyOf(sent, { 'content-type': type })).toEqual(expected)
  })

  it('without a content type is JSON if it parses, else text', async () => {
    expect(await bodyOf('{"a":1}', {})).toEqual({ a: 1 })
    expect(await bodyOf('{a:1', {})).toBe('{a:1')
  })

  it('of a multipart form holds fields and files', async () => {
    const boundary = 'b'
    const part = (head: string, text: string): string => `--${boundary}\r\nContent-Disposition: form-data; ${head}\r\n\r\n${text}\r\n`
    const sent = `${part('name="a"', '1')}${part('name="a"', '2')}${part('name="f"; filename="f.txt"', 'file')}--${boundary}--\r\n`
    expect(await bodyOf(sent, { 'content-type': `multipart/form-data; boundary=${boundary}` })).toMatchObject({
      a: ['1', '2'],
      f: { filename: 'f.txt', size: 4, base64: 'ZmlsZQ==' },
    })
  })

  it('is unpacked from gzip, deflate and br', async () => {
    const json = { 'content-type': 'application/json' }
    expect(await bodyOf(gzipSync('{"a":1}'), { ...json, 'content-encoding': 'gzip' })).toEqual({ a: 1 })
    expect(await bodyOf(deflateSync('{"a":2}'), { ...json, 'content-encoding': 'deflate' })).toEqual({ a: 2 })
    expect(await bodyOf(brotliCompressSync('{"a":3}'), { ...json, 'content-encoding': 'br' })).toEqual({ a: 3 })
  })

  const refusals: [string, number, string | Uint8Array, { readonly [name: string]: string }][] = [
    ['a gzip bomb', 413, gzipSync(Buffer.alloc(50 * 1024 * 1024, ' ')), { 'content-type': 'application/json', 'content-encoding': 'gzip' }],
    ['over 1 MiB', 413, Buffer.alloc(1024 * 1024 + 1, ' '), { 'content-type': 'application/json' }],
    ['malformed JSON', 400, '{"a":1,}', { 'content-type': 'application/json' }],
    ['too deep', 400, '['.repeat(66) + ']'.repeat(66), { 'content-type': 'application/json' }],
    ['of too many values', 400, `[${'0,'.repeat(100_001)}0]`, { 'content-type': 'application/json' }],
    ['malformed XML', 400, '<a><b></a>', { 'content-type': 'application/xml' }],
    ['XML with entities', 400, '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', { 'content-type': 'application/xml' }],
    ['of an unknown charset', 400, 'a', { 'content-type': 'text/plain; charset=klingon' }],
    ['bytes that do not fit the charset', 400, Buffer.from([0xff]), { 'content-type': 'text/plain; charset=utf-8' }],
    ['of an unknown encoding', 400, 'a', { 'content-type': 'text/plain', 'content-encoding': 'zstd' }],
    ['not in the encoding that it claims', 400, 'a', { 'content-type': 'text/plain', 'content-encoding': 'gzip' }],
    ['a multipart form without its boundary', 400, 'a', { 'content-type': 'multipart/form-data' }],
  ]
  it.each(refusals)('that is %s is %i, and leaves no trace', async (_, status, sent, headers) => {
    const before = (await cycle.transactions()).length
    const reply = await cycle.post(sent, { headers })
    expect(reply).toMatchObject({ status, body: status === 413 ? 'Webhook payload too large.' : 'Webhook payload could not be parsed.' })
    expect((await cycle.transactions()).length).toBe(before)
  })
})

describe('a sender, seen from outside', () => {
  const refused = { status: 401, body: 'Webhook signature is not valid.' }
  const guarded = (verify: object): Promise<TestCycle> =>
    system.client.cycle({
      name: 'Guarded',
      steps: [
        { id: 'order', type: 'webhook', verify, next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', body: '{{order.headers}}' },
      ],
    })

  it('of Standard Webhooks is verified by its signature', async () => {
    const secret = `whsec_${Buffer.from('a secret of 24 bytes ok!').toString('base64')}`
    const guard = await guarded({ scheme: 'standardWebhooks', secret })
    const at = new Date()
    const signed = {
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', at, '{"a":1}'),
    }
    expect((await guard.post('{"a":1}', { headers: signed })).status).toBe(200)
    expect(await guard.post('{"a":1}', { headers: signed })).toMatchObject({ status: 200, replayed: true })
    expect(await guard.post('{"a":2}', { headers: signed })).toMatchObject(refused)
    const old = new Date(at.getTime() - 6 * 60_000)
    const late = {
      'webhook-id': 'msg_2',
      'webhook-timestamp': String(Math.floor(old.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_2', old, '{}'),
    }
    expect(await guard.post('{}', { headers: late })).toMatchObject(refused)
  })

  it('that signs by HMAC is verified over the raw body, before any decoding', async () => {
    const guard = await guarded({ scheme: 'hmac', secret: 'geheim', header: 'X-Signature', algorithm: 'sha256', encoding: 'hex', prefix: 'sha256=' })
    const packed = gzipSync('{"a":1}')
    const signature = `sha256=${createHmac('sha256', 'geheim').update(packed).digest('hex')}`
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
    expect((await guard.post(packed, { headers: { ...headers, 'x-signature': signature } })).status).toBe(200)
    expect((await guard.post(packed, { headers: { ...headers, 'x-signature': signature.toUpperCase().replace('SHA256', 'sha256') } })).status).toBe(200)
    expect(await guard.post(packed, { headers })).toMatchObject(refused)
  })

  it('with a shared header is verified, and the header is not stored', async () => {
    const guard = await guarded({ scheme: 'header', header: 'X-Token', value: 'abc' })
    expect(await guard.post({}, { headers: { 'x-token': 'abd' } })).toMatchObject(refused)
    const reply = await guard.post({}, { headers: { 'x-token': 'abc' } })
    expect(reply.status).toBe(200)
    expect(JSON.parse(reply.body)).not.toHaveProperty('x-token')
  })

  it('with a user name and a password is verified', async () => {
    const guard = await guarded({ scheme: 'basic', username: 'shop', password: 'pass:word' })
    const basic = (text: string): { authorization: string } => ({ authorization: `Basic ${Buffer.from(text).toString('base64')}` })
    expect((await guard.post({}, { headers: basic('shop:pass:word') })).status).toBe(200)
    expect(await guard.post({}, { headers: basic('shop:wrong') })).toMatchObject(refused)
    expect(await guard.post({})).toMatchObject(refused)
  })
})

describe('a script of a webhook, seen from outside', () => {
  it('answers a challenge, and what goes wrong in it stands among the incidents', async () => {
    const scripted = await system.client.cycle({
      name: 'Challenge',
      steps: [
        {
          id: 'order',
          type: 'webhook',
          script: `function before_webhook() {
            if (method_request_method !== 'GET') return true
            method_response = cyclr_sign('HMAC-SHA256', 'key', method_request_parameters.challenge)
            return false
          }
          function after_webhook() {
            if (method_response.fail) throw new Error('cannot take this')
            method_response = { seen: method_response }
          }`,
          next: 'answer',
        },
        { id: 'answer', type: 'synchronousResponse', body: '{{order.body}}' },
      ],
    })
    const signature = createHmac('sha256', 'key').update('42').digest('hex')
    expect(await scripted.post(undefined, { method: 'GET', query: '?challenge=42' })).toMatchObject({ status: 200, body: signature })
    expect(await scripted.post({ a: 1 })).toMatchObject({ status: 200, body: '{"seen":{"a":1}}' })
    expect(await scripted.post({ fail: true })).toMatchObject({ status: 500, body: 'Webhook failed.' })
    const [incident] = await until(async () => {
      const found = await scripted.incidents()
      return found.length > 0 && found
    })
    expect(incident).toMatchObject({ Message: 'Webhook failed', IncidentLevel: 'Error' })
    expect(incident?.Detail).toContain('cannot take this')
    expect(await scripted.transactions()).toHaveLength(1)
  })
})

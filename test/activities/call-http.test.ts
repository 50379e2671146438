import { describe, expect, it } from 'vitest'
import type { HttpCall, HttpResult, OutgoingCall } from '../../activities/contract.ts'
import type { Quote } from '../../activities/http/request.ts'
import type { Variable } from '../../domain/document.ts'
import { MAX_VALUE_BYTES } from '../../domain/size.ts'
import { StepError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { secretReference } from '../../domain/secrets.ts'
import { call, heartbeats, sent, activities, failureOf, useRig } from './rig.ts'

useRig()

describe('callHttp', () => {
  const variables: Variable[] = [
    { name: 'key', secret: true, value: 'sealed:s3cr3t/+' },
    { name: 'plain', value: 'visible' },
    { name: 'unset', secret: true },
  ]

  it('puts secrets in where their references stand, and nowhere else', async () => {
    const key = secretReference('key')
    await activities({ variables }).callHttp(
      call({
        url: `http://test/${key}`,
        headers: { 'x-key': key },
        body: { [key]: [`a ${key}`, secretReference('unset')] },
        auth: { type: 'bearer', token: key },
      }),
    )
    expect(sent).toMatchObject([
      {
        url: 'http://test/s3cr3t/+',
        headers: { 'x-key': 's3cr3t/+' },
        body: { 's3cr3t/+': ['a s3cr3t/+', ''] },
        auth: { token: 's3cr3t/+' },
        idempotencyKey: 'key',
      },
    ])
  })

  it('answers status, headers and body of a 2xx', async () => {
    const result = { status: 204, headers: { a: 'b' }, body: { c: 1 } }
    expect(await activities({ http: () => result }).callHttp(call())).toEqual(result)
  })

  it.each([199, 300, 404, 429, 500, 503])('fails with callFailed at a %i, with answer and request in the detail', async status => {
    const failure = await failureOf(activities({ http: () => ({ status, headers: {}, body: { error: 'no' } }) }).callHttp(call({ body: { id: 7 } })))
    expect(failure.type).toBe('callFailed')
    expect(failure.message).toBe(`POST http://test/path answered ${status}\n{"error":"no"}\nRequest: {"id":7}`)
  })

  it('tells no secret in a detail, whatever form it has there', async () => {
    const echo = (filled: OutgoingCall): HttpResult => ({
      status: 400,
      headers: {},
      body: { echo: filled.headers ?? null, url: encodeURIComponent('s3cr3t/+') },
    })
    const failure = await failureOf(activities({ variables, http: echo }).callHttp(call({ headers: { 'x-key': secretReference('key') } })))
    expect(failure.message).not.toContain('s3cr3t')
    const thrown = await failureOf(
      activities({ variables, http: () => Promise.reject(new StepError('callFailed', 'cannot reach s3cr3t/+.example')) }).callHttp(call()),
    )
    expect(thrown.message).toBe('POST http://test/path: cannot reach ********.example')
  })

  it('tells no credentials that were sent, whether they came from a secret or not (cycles.md 5)', async () => {
    const basic = (text: string): string => Buffer.from(text).toString('base64')
    const cases: [Partial<HttpCall>, readonly string[]][] = [
      [{ headers: { Authorization: 'Bearer t0ken' } }, ['t0ken']],
      [{ headers: { authorization: `Basic ${basic('me:pa55word')}` } }, ['pa55word', basic('me:pa55word')]],
      [{ headers: { 'Proxy-Authorization': 'pr0xy' } }, ['pr0xy']],
      [{ auth: { type: 'basic', username: 'me', password: 'pa55/word' } }, ['pa55/word', basic('me:pa55/word')]],
      [{ auth: { type: 'bearer', token: secretReference('key') } }, ['s3cr3t/+']],
      [{ auth: { type: 'header', header: 'x-key', value: 'h34der' } }, ['h34der']],
      [{ url: 'http://me:p%2F55@test/path' }, ['p/55', 'p%2F55', basic('me:p/55')]],
    ]
    for (const [more, hidden] of cases) {
      const echo = { status: 401, headers: {}, body: { echo: [...hidden, ...hidden.map(text => JSON.stringify({ text }))], sent: 'Bearer and Basic' } }
      const failure = await failureOf(activities({ variables, http: () => echo }).callHttp(call({ ...more, body: 'hello' })))
      for (const text of hidden) expect(failure.message).not.toContain(text)
      expect(failure.message).toContain('Bearer and Basic')
      expect(failure.message).toContain('Request: hello')
    }
  })

  it('tells no part of a secret that a URL took apart, nor in how a host or a server writes it', async () => {
    const url = `http://${secretReference('key')}.example/${secretReference('apart')}`
    const apart: Variable = { name: 'apart', secret: true, value: 'S3CR3T-one?s3cr3t+two%2Fb&c' }
    const body = {
      path: '/S3CR3T-one',
      query: [
        ['s3cr3t two/b', ''],
        ['c', ''],
      ],
      raw: 's3cr3t+two%2Fb',
    }
    const failure = await failureOf(activities({ variables: [...variables, apart], http: () => ({ status: 400, headers: {}, body }) }).callHttp(call({ url })))
    expect(failure.message).toBe('POST http://********.example/******** answered 400\n{"path":"/********","query":[["********",""],["c",""]],"raw":"********"}')
    const lost = new StepError('callFailed', 'getaddrinfo ENOTFOUND s3cr3t-one')
    expect((await failureOf(activities({ variables: [apart], http: () => Promise.reject(lost) }).callHttp(call({ url })))).message).toContain(
      'ENOTFOUND ********',
    )
  })

  it('cuts a body at 2,000 characters, and no secret in two', async () => {
    const long = `${'x'.repeat(1_996)}s3cr3t/+${'y'.repeat(50)}`
    const failure = await failureOf(
      activities({ variables, http: () => ({ status: 500, headers: {}, body: long }) }).callHttp(call({ body: 'z'.repeat(2_001) })),
    )
    expect(failure.message).toBe(`POST http://test/path answered 500\n${'x'.repeat(1_996)}********…\nRequest: ${'z'.repeat(2_000)}…`)
  })

  it('tells no secret in an error that is to be tried again: it stands in the log and in Temporal', async () => {
    const wrong = new TypeError('cannot read s3cr3t/+', { cause: new Error('of s3cr3t%2F%2B') })
    const error: unknown = await activities({ variables, http: () => Promise.reject(wrong) })
      .callHttp(call())
      .catch((reason: unknown) => reason)
    expect(error).toBe(wrong)
    expect(`${wrong.message} ${wrong.stack} ${String(wrong.cause)}`).not.toContain('s3cr3t')
    expect(wrong.message).toBe('cannot read ********')
  })

  it('tells no payload where the cycle says log: none', async () => {
    const failure = await failureOf(
      activities({ settings: { log: 'none' }, http: () => ({ status: 500, headers: {}, body: 'private' }) }).callHttp(call({ body: 'private' })),
    )
    expect(failure.message).toBe('POST http://test/path answered 500')
    const settings = { log: 'none' as const }
    const query = await failureOf(
      activities({ settings, http: () => ({ status: 500, headers: {}, body: null }) }).callHttp(call({ url: 'http://test/a?id=private#b' })),
    )
    expect(query.message).toBe('POST http://test/a answered 500')
    const quoting = async (_filled: OutgoingCall, quote: Quote): Promise<HttpResult> =>
      Promise.reject(new StepError('buildFailed', `${quote('private')} is not a URL`))
    expect((await failureOf(activities({ settings, http: quoting }).callHttp(call()))).message).toBe('(not logged) is not a URL')
    expect((await failureOf(activities({ http: quoting }).callHttp(call()))).message).toBe('"private" is not a URL')
  })

  it('fails with badResponse at an answer that is too large as JSON, or too deep', async () => {
    const large = await failureOf(activities({ http: () => ({ status: 200, headers: {}, body: 'x'.repeat(MAX_VALUE_BYTES) }) }).callHttp(call()))
    expect(large.type).toBe('badResponse')
    let deep: Json = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    expect((await failureOf(activities({ http: () => ({ status: 200, headers: {}, body: deep }) }).callHttp(call()))).type).toBe('badResponse')
  })

  it('passes step errors on by their code, and leaves other errors to be tried again', async () => {
    const refused = await failureOf(activities({ http: () => Promise.reject(new StepError('buildFailed', 'no such scheme')) }).callHttp(call()))
    expect([refused.type, refused.message]).toEqual(['buildFailed', 'no such scheme'])
    await expect(activities({ http: () => Promise.reject(new TypeError('a bug')) }).callHttp(call())).rejects.toThrow(TypeError)
  })

  it('fails for good where the cycle was deleted', async () => {
    expect((await failureOf(activities({ gone: true }).callHttp(call()))).type).toBe('buildFailed')
  })

  it('heartbeats while the call takes its time', async () => {
    await activities({ http: () => new Promise(resolve => setTimeout(() => resolve({ status: 200, headers: {}, body: null }), 1_100)) }).callHttp(call())
    expect(heartbeats).toBeGreaterThan(0)
  })
})

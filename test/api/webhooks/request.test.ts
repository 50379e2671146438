import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { headersOf, isIdentifier, keyOf, queryOf, storedHeaders, targetOf } from '../../../api/webhooks/request.ts'

describe('the head of a webhook request', () => {
  it('names its identifier, with and without a slash at the end and a query behind it', () => {
    expect(targetOf('/api/webhook/abc')).toEqual({ of: 'webhook', identifier: 'abc', path: '/api/webhook/abc', search: '' })
    expect(targetOf('/api/partnerwebhook/abc?a=1')).toEqual({ of: 'partner', identifier: 'abc', path: '/api/partnerwebhook/abc', search: 'a=1' })
    expect(targetOf('/api/webhook/abc/?a=1&b')).toMatchObject({ identifier: 'abc', search: 'a=1&b' })
  })

  it.each(['/', '/api/webhook', '/v1.0/cycles', '/api/webhooks/abc'])('is not one of a webhook at %s', url => {
    expect(targetOf(url)).toBeUndefined()
  })

  it('is one of an unknown webhook at every other path below', () => {
    for (const url of ['/api/webhook/', '/api/webhook/a/b', '/api/webhook//']) expect(isIdentifier(targetOf(url)?.identifier ?? 'none')).toBe(false)
  })

  it('has an identifier of 22 base-62 characters only', () => {
    expect(isIdentifier('abcdefghijklmnopqrstuv')).toBe(true)
    expect(isIdentifier('ABCDEFGHIJ0123456789xy')).toBe(true)
    for (const wrong of ['', 'abc', 'abcdefghijklmnopqrstu-', 'abcdefghijklmnopqrstuvw', 'abcdefghijklmnopqrstu\n']) expect(isIdentifier(wrong)).toBe(false)
  })

  it('gives header names in lower case and joins repeated headers with a comma', () => {
    const headers = headersOf({ rawHeaders: ['X-A', '1', 'Content-Type', 'text/plain', 'x-a', '2', 'Set-Cookie', 'a', 'set-cookie', 'b'] })
    expect({ ...headers }).toEqual({ 'x-a': '1, 2', 'content-type': 'text/plain', 'set-cookie': 'a, b' })
  })

  it('keeps a header named like a property of objects as a header', () => {
    expect(JSON.stringify(headersOf({ rawHeaders: ['__proto__', 'x', 'constructor', 'y'] }))).toBe('{"__proto__":"x","constructor":"y"}')
  })

  it('gives repeated query names as arrays, decoded, and single ones as text', () => {
    expect({ ...queryOf('a=1&b=x%20y&a=2&c&a=3&d=%C3%A9+f') }).toEqual({ a: ['1', '2', '3'], b: 'x y', c: '', d: 'é f' })
    expect(JSON.stringify(queryOf('__proto__=1&__proto__=2'))).toBe('{"__proto__":["1","2"]}')
  })

  it('never stores authorization, cookies and the header that holds a secret', () => {
    const headers = headersOf({ rawHeaders: ['Authorization', 'Basic x', 'Cookie', 'a=b', 'X-Secret', 's', 'X-Kept', 'k'] })
    expect({ ...storedHeaders(headers, 'x-secret') }).toEqual({ 'x-kept': 'k' })
    expect({ ...storedHeaders(headersOf({ rawHeaders: ['X-Kept', 'k'] }), undefined) }).toEqual({ 'x-kept': 'k' })
    expect({ ...headers }).toHaveProperty('authorization')
  })
})

describe('an idempotency key', () => {
  const key = (headers: { [name: string]: string }) => keyOf(headers)

  it('is one to 255 visible characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map(code => String.fromCharCode(code)), minLength: 1, maxLength: 255 }), text => {
        expect(key({ 'idempotency-key': text })).toEqual({ ok: true, key: text })
      }),
    )
  })

  it.each([
    ['empty', ''],
    ['of 256 characters', 'k'.repeat(256)],
    ['with a blank', 'a b'],
    ['with a control character', 'a\tb'],
    ['beyond ASCII', 'clé'],
  ])('that is %s is not valid', (_, text) => {
    expect(key({ 'idempotency-key': text })).toEqual({ ok: false })
  })

  it('may be a webhook-id, but Idempotency-Key wins', () => {
    expect(key({ 'webhook-id': 'msg_1' })).toEqual({ ok: true, key: 'msg_1' })
    expect(key({ 'webhook-id': 'msg_1', 'idempotency-key': 'k' })).toEqual({ ok: true, key: 'k' })
    expect(key({})).toEqual({ ok: true, key: undefined })
  })
})

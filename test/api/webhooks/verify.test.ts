import { createHmac, randomBytes } from 'node:crypto'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { verifySender } from '../../../api/webhooks/verify.ts'
import type { Verify } from '../../../domain/document.ts'

const raw = Buffer.from('{"order":7}')
const now = Date.parse('2026-01-02T03:04:05Z')

describe('standardWebhooks (webhooks.md 10)', () => {
  const secret = `whsec_${randomBytes(24).toString('base64')}`
  const verify: Verify = { scheme: 'standardWebhooks', secret }
  const signed = (at: number, body = raw): { [name: string]: string } => ({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': new Webhook(secret).sign('msg_1', new Date(at), body.toString()),
  })

  test('a request that the reference library signed is verified', () => {
    expect(verifySender(verify, { raw, headers: signed(now) }, now)).toBe(true)
  })
  test('another body, id or secret is not', () => {
    expect(verifySender(verify, { raw: Buffer.from('{}'), headers: signed(now) }, now)).toBe(false)
    expect(verifySender(verify, { raw, headers: { ...signed(now), 'webhook-id': 'msg_2' } }, now)).toBe(false)
    expect(verifySender({ scheme: 'standardWebhooks', secret: 'whsec_AAAA' }, { raw, headers: signed(now) }, now)).toBe(false)
  })
  test('timestamps up to five minutes away pass, those beyond do not', () => {
    for (const [offset, passes] of [
      [-300_000, true],
      [300_000, true],
      [-301_000, false],
      [301_000, false],
    ] as const) {
      expect(verifySender(verify, { raw, headers: signed(now + offset) }, now)).toBe(passes)
    }
  })
  test('one fitting v1 among several signatures is enough, other versions are passed over', () => {
    const { 'webhook-signature': good = '', ...rest } = signed(now)
    expect(verifySender(verify, { raw, headers: { ...rest, 'webhook-signature': `v1a,abc v1,AAAA ${good}` } }, now)).toBe(true)
    expect(verifySender(verify, { raw, headers: { ...rest, 'webhook-signature': good.replace('v1,', 'v2,') } }, now)).toBe(false)
  })
  test.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('a request without %s is not verified', name => {
    expect(verifySender(verify, { raw, headers: { ...signed(now), [name]: undefined } }, now)).toBe(false)
  })
  test('a secret or timestamp that cannot be read verifies nothing and throws nothing', () => {
    expect(verifySender({ scheme: 'standardWebhooks', secret: 'whsec_' }, { raw, headers: signed(now) }, now)).toBe(false)
    expect(verifySender(verify, { raw, headers: { ...signed(now), 'webhook-timestamp': '1e9' } }, now)).toBe(false)
  })
})

describe('hmac', () => {
  const binary = Buffer.from([0xff, 0xfe, 0, 1])
  test.each([
    ['sha256', 'hex'],
    ['sha1', 'hex'],
    ['sha512', 'base64'],
  ] as const)('%s in %s over the bytes as sent, after its prefix', (algorithm, encoding) => {
    const verify: Verify = { scheme: 'hmac', secret: 'schlüssel', header: 'X-Signature', algorithm, encoding, prefix: 'sig=' }
    const digest = createHmac(algorithm, 'schlüssel').update(binary).digest(encoding)
    expect(verifySender(verify, { raw: binary, headers: { 'x-signature': `sig=${digest}` } }, now)).toBe(true)
    expect(verifySender(verify, { raw: binary, headers: { 'x-signature': digest } }, now)).toBe(false)
    expect(verifySender(verify, { raw, headers: { 'x-signature': `sig=${digest}` } }, now)).toBe(false)
    const shouted = `sig=${digest.toUpperCase()}`
    expect(verifySender(verify, { raw: binary, headers: { 'x-signature': shouted } }, now)).toBe(encoding === 'hex')
  })
  test('a request without its header is not verified', () => {
    expect(verifySender({ scheme: 'hmac', secret: 's', header: 'x-s', algorithm: 'sha256', encoding: 'hex' }, { raw, headers: {} }, now)).toBe(false)
  })
})

describe('basic and header', () => {
  const basic: Verify = { scheme: 'basic', username: 'ann', password: 'p:w' }
  const encoded = (text: string): string => Buffer.from(text).toString('base64')
  test('basic takes user name and password, the scheme in any case', () => {
    expect(verifySender(basic, { raw, headers: { authorization: `Basic ${encoded('ann:p:w')}` } }, now)).toBe(true)
    expect(verifySender(basic, { raw, headers: { authorization: `basic ${encoded('ann:p:w')}` } }, now)).toBe(true)
    for (const authorization of [undefined, '', 'Basic', `Bearer ${encoded('ann:p:w')}`, `Basic ${encoded('ann:p')}`]) {
      expect(verifySender(basic, { raw, headers: { authorization } }, now)).toBe(false)
    }
  })
  test('header compares its whole value, case-sensitive', () => {
    const verify: Verify = { scheme: 'header', header: 'X-Secret', value: 'Abc' }
    expect(verifySender(verify, { raw, headers: { 'x-secret': 'Abc' } }, now)).toBe(true)
    for (const sent of ['abc', 'Abc ', '', undefined]) expect(verifySender(verify, { raw, headers: { 'x-secret': sent } }, now)).toBe(false)
  })
})

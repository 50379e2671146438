import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createSealer, parseEncryptionKeys, SealError } from '../../platform/seal.ts'

const key = (id: string): string => `${id}:${randomBytes(32).toString('base64')}`

test('what is sealed opens to the same text, and is another text each time', () => {
  const sealer = createSealer(parseEncryptionKeys(key('k1')))
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), plain => {
      const sealed = sealer.seal(plain)
      expect(sealer.isSealed(sealed)).toBe(true)
      expect(sealer.open(sealed)).toBe(plain)
      expect(sealer.seal(plain)).not.toBe(sealed)
    }),
  )
})

test('the first key encrypts and an older one still opens what it sealed', () => {
  const old = key('old')
  const sealed = createSealer(parseEncryptionKeys(old)).seal('secret')
  const rotated = createSealer(parseEncryptionKeys(`${key('new')}, ${old}`))
  expect(rotated.open(sealed)).toBe('secret')
  expect(rotated.seal('secret')).toMatch(/^sealed:new:/)
})

test('an altered, cut or foreign text is refused without showing it', () => {
  const sealer = createSealer(parseEncryptionKeys(key('k1')))
  const sealed = sealer.seal('secret')
  const altered = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA')
  for (const bad of [altered, 'sealed:k1:AAAA', 'sealed:k2:AAAA', 'plain']) {
    expect(() => sealer.open(bad)).toThrow(SealError)
  }
  expect(sealer.isSealed('plain')).toBe(false)
})

test.each([
  ['', /id:base64/],
  ['k1', /id:base64/],
  ['k1:AAAA', /32 are expected/],
  ['k 1:AAAA', /id:base64/],
  [`${key('a')},${key('a')}`, /before it/],
])('keys written as %j are refused with what is expected', (text, message) => {
  expect(() => parseEncryptionKeys(text)).toThrow(message)
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { escapeMarks, fillSecrets, mapTexts, MASK, redactor, secretReference } from '../../domain/secrets.ts'

const none = (): undefined => undefined

describe('secrets', () => {
  it('are filled in wherever their reference stands, property names included', () => {
    const reference = secretReference('key')
    const value = { [`x-${reference}`]: [`a${reference}b`, 1, null, { b: reference }] }
    expect(fillSecrets(value, name => (name === 'key' ? '$&!' : undefined))).toEqual({ 'x-$&!': ['a$&!b', 1, null, { b: '$&!' }] })
    expect(fillSecrets(reference, none)).toBe('')
  })
  it('data that was escaped comes back as it was', () => {
    const text = fc.string({ unit: fc.constantFrom('\ufdd0', '\ufdd1', 'a', 'key') })
    const data = fc.oneof(text, fc.array(text), fc.dictionary(text, text))
    fc.assert(
      fc.property(data, value => {
        expect(fillSecrets(mapTexts(value, escapeMarks), () => 'LEAK')).toEqual(value)
      }),
    )
  })
  it('a redactor masks secrets in all their forms, longer ones first, and references', () => {
    const hide = redactor(['s3c ret/ü"', 's3c', ''])
    expect(hide('a s3c ret/ü" b')).toBe(`a ${MASK} b`)
    expect(hide('?k=s3c%20ret%2F%C3%BC%22&f=s3c+ret%2F%C3%BC%22')).toBe(`?k=${MASK}&f=${MASK}`)
    expect(hide(JSON.stringify({ k: 's3c ret/ü"' }))).toBe(`{"k":"${MASK}"}`)
    expect(hide(`s3c and ${secretReference('x')} and \ufdd0\ufdd1`)).toBe(`${MASK} and ${MASK} and \ufdd0`)
    expect(hide('nothing here')).toBe('nothing here')
    expect(redactor(['\ud800'])('x\ud800')).toBe(`x${MASK}`)
  })
  it('property names of any kind survive', () => {
    const value: Json = JSON.parse('{"__proto__":{"a":1}}')
    expect(JSON.stringify(fillSecrets(value, none))).toBe('{"__proto__":{"a":1}}')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { createStandIns, escapeMarks, fillSecrets, mapTexts, MASK, secretReference } from '../../domain/secrets.ts'

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
  describe('stand-ins for a script', () => {
    const made = () => {
      let n = 0
      return createStandIns(() => String(n++).padStart(32, '0'))
    }
    const marks = fc.constantFrom('\ufdd0', '\ufdd1', 'a', 'key')
    const data = fc.string({ unit: marks })

    it('a request that a script leaves alone is the same as before', () => {
      const text = fc.array(fc.oneof(data.map(escapeMarks), fc.constantFrom('key', 'other').map(secretReference))).map(parts => parts.join(''))
      fc.assert(
        fc.property(fc.oneof(text, fc.array(text), fc.dictionary(text, text)), value => {
          const { show, restore } = made()
          expect(restore(show(value))).toEqual(value)
        }),
      )
    })
    it('show data as it is, and secrets as words that stand unchanged in URLs, forms and JSON', () => {
      const { show, mask } = made()
      const key = secretReference('key')
      const word = `secret_${'0'.repeat(32)}`
      expect(show({ [key]: [`Bearer ${key}`, escapeMarks('\ufdd0x\ufdd1'), secretReference('other'), 1, null] })).toEqual({
        [word]: [`Bearer ${word}`, '\ufdd0x\ufdd1', `secret_${'1'.padStart(32, '0')}`, 1, null],
      })
      expect([encodeURIComponent(word), new URLSearchParams({ word }).get('word'), JSON.stringify(word)]).toEqual([word, word, `"${word}"`])
      expect(mask(`a ${word}${word}0 secret_${'9'.repeat(32)}`)).toBe(`a ${MASK}${MASK}0 secret_${'9'.repeat(32)}`)
    })
    it('whatever a script writes, only words that it was shown become references', () => {
      const word = fc.constantFrom(`secret_${'0'.repeat(32)}`, `secret_${'7'.repeat(32)}`, 'secret_')
      fc.assert(
        fc.property(fc.array(fc.oneof(word, data)), parts => {
          const { show, restore } = made()
          show(secretReference('key'))
          const sent = fillSecrets(restore(parts.join('')), name => `<${name}>`)
          expect(sent).toBe(parts.join('').replaceAll(`secret_${'0'.repeat(32)}`, '<key>'))
        }),
      )
    })
  })
  it('property names of any kind survive', () => {
    const value: Json = JSON.parse('{"__proto__":{"a":1}}')
    expect(JSON.stringify(fillSecrets(value, none))).toBe('{"__proto__":{"a":1}}')
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { CycleDocument } from '../../domain/document.ts'
import { hiderOf, secretsOf } from '../../domain/known-secrets.ts'
import { redactor } from '../../domain/redact.ts'
import { MASK, secretReference } from '../../domain/secrets.ts'

const json = (text: string): string => JSON.stringify(text).slice(1, -1)
const html = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll("'", '&#39;')
const wellFormed = (text: string): string => text.replace(/\p{Surrogate}/gu, '\ufffd')

/** How texts are written by those who echo them. */
const writers: { readonly [name: string]: (text: string) => string } = {
  'as it is': text => text,
  'as it goes over the wire': wellFormed,
  'in a URL': text => encodeURIComponent(wellFormed(text)),
  'in a URL, in lower case': text => encodeURIComponent(wellFormed(text)).replaceAll(/%[0-9A-F]{2}/g, hex => hex.toLowerCase()),
  'in a URL in a URL': text => encodeURIComponent(encodeURIComponent(wellFormed(text))),
  'in a form': text => new URLSearchParams({ k: text }).toString().slice(2),
  'in a path': text => encodeURI(wellFormed(text)),
  'as JSON': json,
  'as JSON in JSON': text => json(json(text)),
  'as JSON in ASCII': text => json(text).replaceAll(/[^ -~]/g, unit => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`),
  'as JSON with slashes escaped': text => json(text).replaceAll('/', '\\/'),
  'as HTML': html,
  'as HTML in numbers': text => [...text].map(character => `&#x${character.codePointAt(0)?.toString(16)};`).join(''),
  'as JSON in HTML': text => html(json(text)),
}

const characters = fc.oneof(
  fc.constantFrom('"', "'", '\\', '/', '&', '<', '>', ' ', '+', '%', '\n', '\t', 'ü', '€', '😀', '\ud800', '=', '*', '$', '(', '[', '.'),
  fc.constantFrom(...'abcXYZ019'),
)
const secret = fc.string({ unit: characters, minLength: 4, maxLength: 40 })

describe('a redactor', () => {
  it.each(Object.entries(writers))('finds a secret %s', (_, write) => {
    fc.assert(
      fc.property(secret, text => {
        const hide = redactor([text])
        expect(hide(`before: ${write(text)}; after`)).toBe(`before: ${MASK}; after`)
      }),
      { numRuns: 300 },
    )
  })

  it('finds all of several, longer ones first, and leaves the rest as it is', () => {
    const hide = redactor(['s3c ret/ü"', 's3c', ''])
    expect(hide('a s3c ret/ü" b')).toBe(`a ${MASK} b`)
    expect(hide('?k=s3c%20ret%2F%C3%BC%22&f=s3c+ret%2F%C3%BC%22')).toBe(`?k=${MASK}&f=${MASK}`)
    expect(hide(`s3c and ${secretReference('x')} and \ufdd0\ufdd1`)).toBe(`${MASK} and ${MASK} and \ufdd0`)
    expect(hide('nothing here')).toBe('nothing here')
    expect(redactor([])(`a ${secretReference('key')}`)).toBe(`a ${MASK}`)
  })

  it('shows no part of a secret where a text is cut, wherever that is', () => {
    const write = fc.constantFrom(...Object.values(writers))
    const piece = fc.oneof(fc.constant(undefined), fc.nat(12))
    fc.assert(
      fc.property(
        secret.filter(text => !text.includes('.')),
        write,
        fc.array(piece, { maxLength: 8 }),
        fc.nat(300),
        (text, written, pieces, max) => {
          const whole = pieces.map(dots => (dots === undefined ? written(text) : '.'.repeat(dots))).join('.')
          expect(redactor([text])(whole, max)).toMatch(/^[.*]*…?$/)
        },
      ),
      { numRuns: 500 },
    )
    expect(redactor(['abcdef'])('x'.repeat(8), 5)).toBe('xxxxx…')
    expect(redactor(['abcdef'])('xx abcdef xx', 5)).toBe(`xx ${MASK}…`)
    expect(redactor(['abcdef'])('xx abcdef', 5)).toBe(`xx ${MASK}`)
    expect(redactor([])('x'.repeat(8), 8)).toBe('x'.repeat(8))
  })

  it('takes its time in proportion, whatever it looks for and in', () => {
    const began = performance.now()
    for (const hard of ['\\'.repeat(60), '\\"'.repeat(40), '\n\\'.repeat(40), '%25'.repeat(30), '&amp;'.repeat(30)]) {
      redactor([`${hard}!`])(`${hard.repeat(40)}?`)
      redactor([`${hard}!`])(json(json(hard)).repeat(40))
    }
    expect(performance.now() - began).toBeLessThan(3_000)
  })
})

describe('the secrets of a cycle', () => {
  const opener = {
    open(sealed: string): string {
      if (sealed === 'sealed:lost') throw new Error('no such key')
      return sealed.slice('sealed:'.length)
    },
    isSealed: (text: string) => text.startsWith('sealed:'),
  }
  const document: CycleDocument = {
    name: 'Test',
    variables: [
      { name: 'key', secret: true, value: 'sealed:k3y' },
      { name: 'login', secret: true, value: { user: 'someone', codes: ['c0de'] } },
      { name: 'unset', secret: true },
      { name: 'plain', value: 'visible' },
    ],
    steps: [
      { id: 'a', type: 'webhook', verify: { scheme: 'standardWebhooks', secret: 'sealed:whsec_c2VjcmV0' } },
      { id: 'b', type: 'webhook', verify: { scheme: 'hmac', secret: 'hm4c', header: 'x', algorithm: 'sha256', encoding: 'hex' } },
      { id: 'c', type: 'webhook', verify: { scheme: 'basic', username: 'me', password: 'sealed:pa55' } },
      { id: 'd', type: 'webhook', verify: { scheme: 'header', header: 'x-key', value: 'h34der' } },
    ],
  }

  it('are its secret variables and what verifies its senders, as they are sent too', () => {
    const { variables, all } = secretsOf(document, opener)
    expect(Object.fromEntries(variables)).toEqual({ key: 'k3y', login: '{"user":"someone","codes":["c0de"]}' })
    const basic = Buffer.from('me:pa55').toString('base64')
    expect(all).toEqual(['k3y', '{"user":"someone","codes":["c0de"]}', 'someone', 'c0de', 'whsec_c2VjcmV0', 'c2VjcmV0', 'hm4c', 'pa55', basic, 'h34der'])
    const told = `k3y someone c0de whsec_c2VjcmV0 hm4c pa55 Basic ${basic} h34der visible`
    expect(hiderOf(document, opener)(told)).toBe(`${Array(6).fill(MASK).join(' ')} Basic ${MASK} ${MASK} visible`)
  })

  it('are told once where a variable verifies senders', () => {
    const own: CycleDocument = {
      ...document,
      steps: [{ id: 'a', type: 'webhook', verify: { scheme: 'basic', username: 'me', password: '{{variables.key}}' } }],
    }
    const basic = Buffer.from('me:k3y').toString('base64')
    expect(secretsOf(own, opener).all).toContain(basic)
    expect(hiderOf(own, opener)(`Basic ${basic}, {{variables.key}}`)).toBe(`Basic ${MASK}, {{variables.key}}`)
  })

  it('that cannot be opened hide nothing and stop nothing', () => {
    const lost: CycleDocument = { ...document, variables: [{ name: 'key', secret: true, value: 'sealed:lost' }, ...(document.variables ?? [])] }
    expect(() => secretsOf(lost, opener)).toThrow('no such key')
    expect(hiderOf(lost, opener)('k3y')).toBe(MASK)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseXml } from '../../domain/content/xml.ts'
import type { Json } from '../../domain/json.ts'
import { serializeForm } from '../../domain/form.ts'
import { serializeXml, XmlError } from '../../domain/xml.ts'

describe('XML of a body', () => {
  it.each<[Json, string]>([
    [{ order: { id: '1', note: '' } }, '<order><id>1</id><note/></order>'],
    [{ order: { '@id': 7, '#text': 'a & b' } }, '<order id="7">a &amp; b</order>'],
    [{ order: { item: ['a', { '@n': '"<' }, null] } }, '<order><item>a</item><item n="&quot;&lt;"/><item/></order>'],
    [{ 'ns:order': { 'ns:id': true } }, '<ns:order><ns:id>true</ns:id></ns:order>'],
    [{ o: { '@a': 'x\n\ty\r', '#text': 'x\n\r' } }, '<o a="x&#10;&#9;y&#13;">x\n&#13;</o>'],
    [{ o: [1, 2] }, '<root><o>1</o><o>2</o></root>'],
    [{ a: 1, b: 2 }, '<root><a>1</a><b>2</b></root>'],
    [[1, [2, 3]], '<root><item>1</item><item><item>2</item><item>3</item></item></root>'],
    [{ '#text': 'x' }, '<root>x</root>'],
    [{ o: { '@a': { b: 1 } } }, '<o a="{&quot;b&quot;:1}"/>'],
    [5, '<root>5</root>'],
    [null, '<root/>'],
    [{}, '<root/>'],
    ['<already>xml</already>', '<already>xml</already>'],
  ])('%j', (value, xml) => {
    expect(serializeXml(value)).toBe(xml)
  })
  it.each<[Json]>([[{ 'a b': 1 }], [{ a: { '@1': 1 } }], [{ a: { '': 1 } }], [{ a: '\u0000' }], [{ a: '\ud800' }], [{ '<': 1, b: 1 }], [{ 'a:b:c': 1 }]])(
    '%j has no form in XML',
    value => {
      expect(() => serializeXml(value)).toThrow(XmlError)
    },
  )
})

describe('XML that was written', () => {
  const name = fc.stringMatching(/^[A-Za-z_é][A-Za-z0-9.é-]{0,4}$/)
  const text = fc.string({ unit: fc.constantFrom('a', '&', '<', '>', '"', "'", '\n', '\r', '\t', ' ', ']]>', 'é', '😀', '&amp;') })
  const visible = text.map(each => `x${each}x`)
  const { element } = fc.letrec<{ element: Json; object: Json }>(tie => ({
    element: fc.oneof({ maxDepth: 4 }, text, visible, tie('object')),
    object: fc
      .record({
        attributes: fc.dictionary(name, text, { maxKeys: 2 }),
        children: fc.dictionary(name, fc.oneof(tie('element'), fc.array(tie('element'), { minLength: 2, maxLength: 3 })), { maxKeys: 3 }),
        content: fc.option(visible, { nil: undefined }),
      })
      // An element with neither attributes nor elements is read as its text.
      .filter(({ attributes, children }) => Object.keys(attributes).length + Object.keys(children).length > 0)
      .map(({ attributes, children, content }): Json => ({
        ...Object.fromEntries(Object.entries(attributes).map(([key, value]) => [`@${key}`, value])),
        ...children,
        ...(content !== undefined && { '#text': content }),
      })),
  }))
  it('is read back as it was', () => {
    fc.assert(
      fc.property(name, element, (root, value) => {
        expect(parseXml(serializeXml({ [root]: value }))).toEqual({ [root]: value })
      }),
    )
  })
})

describe('forms', () => {
  it.each<[Json, string]>([
    [{ a: 1, b: [true, 'x y'], c: null, d: { e: 1 } }, 'a=1&b=true&b=x+y&c=&d=%7B%22e%22%3A1%7D'],
    [{ "é!'()~*": '&=+%\ud800' }, '%C3%A9%21%27%28%29%7E*=%26%3D%2B%25%EF%BF%BD'],
    ['already=form', 'already=form'],
    [[1], ''],
    [{ none: [] }, ''],
  ])('%j', (value, form) => {
    expect(serializeForm(value)).toBe(form)
  })
  it('is read back as it was written', () => {
    const value = { 'a b': 'c&d', ü: '+', x: '~*()' }
    expect(Object.fromEntries(new URLSearchParams(serializeForm(value)))).toEqual(value)
  })
})

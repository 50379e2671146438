import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { follow, lookupIn, parsePath, pathText, type Path, type Segment } from '../../domain/path.ts'

const read = (text: string, roots: { [root: string]: Json }): Json | undefined => {
  const parsed = parsePath(text)
  if (!parsed.ok) throw new Error(parsed.message)
  return lookupIn(roots)(parsed.path)
}

describe('paths', () => {
  const roots = {
    order: {
      body: {
        items: [
          { sku: 'a', tags: ['x', 'y'] },
          { sku: 'b', tags: [] },
        ],
        '@id': 1,
        'ns:x': 2,
        '#text': 't',
        'a"b]': 3,
        '0': 'zero',
        '': 'empty',
        é: 4,
      },
      headers: { 'x-id': '9' },
    },
  }
  it.each([
    ['order.headers.x-id', '9'],
    ['order.body.items[0].sku', 'a'],
    ['order.body.items.1.sku', 'b'],
    ['order.body.items[9]', undefined],
    ['order["body"]["a\\"b]"]', 3],
    ['order.body[ "" ]', 'empty'],
    ['order.body["\\u00e9"]', 4],
    ['order.body.@id', 1],
    ['order.body.ns:x', 2],
    ['order.body.#text', 't'],
    ['order.body[0]', 'zero'],
    ['order.body.items[*].sku', ['a', 'b']],
    ['order.body.items[*].tags[*]', [['x', 'y'], []]],
    ['order.body.items[*].tags[0]', ['x', null]],
    [' order.body.@id ', 1],
    ['nothing.body', undefined],
    ['order.body.@id.more', undefined],
    ['order.body.items.sku', undefined],
    ['order.headers[*]', undefined],
  ])('%s reads its value', (text, value) => {
    expect(read(text, roots)).toEqual(value)
  })
  it.each(['', '.a', '1a', 'a.', 'a..b', 'a[', 'a[]', 'a[-1]', 'a[x]', 'a["x]', "a['x']", 'a["\\x"]', 'a b', 'a.b c', 'a]', 'é', 'a[1.5]', 'a.b}'])(
    '%j is no path',
    text => {
      const parsed = parsePath(text)
      expect(parsed.ok).toBe(false)
    },
  )
  it('what is written of a path parses to the same path', () => {
    const segment: fc.Arbitrary<Segment> = fc.oneof(
      fc.string({ unit: 'binary' }).map((name): Segment => ({ kind: 'name', name })),
      fc.nat({ max: 99_999 }).map((index): Segment => ({ kind: 'index', index })),
      fc.constant<Segment>({ kind: 'each' }),
    )
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z][A-Za-z0-9_]{0,5}$/), fc.array(segment, { maxLength: 5 }), (root, segments) => {
        const path: Path = { root, segments }
        const parsed = parsePath(pathText(path))
        expect(parsed.ok && parsed.path).toEqual(path)
      }),
    )
  })
  it('no text makes the parser throw, and reading never leaves the data', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', '.', '[', ']', '"', '*', '0', '\\', ' ', '{') }), text => {
        const parsed = parsePath(text)
        if (parsed.ok) expect(follow({}, parsed.path.segments) === undefined || parsed.path.segments.length === 0).toBe(true)
      }),
    )
  })
  it('every property of JSON data can be read by its name', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.integer()), data => {
        for (const [name, value] of Object.entries(data)) expect(read(`r[${JSON.stringify(name)}]`, { r: data })).toBe(value)
      }),
    )
  })
})

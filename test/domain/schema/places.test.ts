import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { placesIn } from '../../../domain/schema/index.ts'
import { pathOfText, placeText } from '../../../domain/schema/paths.ts'

const document = `name: Orders
steps:
  - id: order
    type: webhook
  - { id: call, type: request,
      headers: { "X-Order": 1, plain: 2 } }
`

describe('places of paths in the text of a document', () => {
  it.each([
    ['', 1, 1],
    ['name', 1, 1],
    ['steps', 2, 1],
    ['steps[0]', 3, 5],
    ['steps[0].type', 4, 5],
    ['steps[1]', 5, 5],
    ['steps[1].headers["X-Order"]', 6, 18],
    ['steps[1].headers.plain', 6, 32],
  ])('%j is at line %i, column %i', (path, line, column) => {
    expect(placesIn(document)(path)).toEqual({ line, column })
  })

  it('what is missing is told at what is around it', () => {
    const placeOf = placesIn(document)
    expect([placeOf('steps[1].url'), placeOf('steps[7].x'), placeOf('nothing[0]')]).toEqual([
      { line: 5, column: 5 },
      { line: 2, column: 1 },
      { line: 1, column: 1 },
    ])
  })

  it('of JSON they are found as well, of a name that stands twice the last one', () => {
    expect(placesIn('{\n\t"a": 1,\n\t"a": [true,\n false]\n}')('a[1]')).toEqual({ line: 4, column: 2 })
    expect(placesIn('{ "a": 1,\n"a": 2 }')('a')).toEqual({ line: 2, column: 1 })
  })

  it('of a text that cannot be read, or nests without end, there is one all the same', () => {
    for (const text of ['', 'a: [', '['.repeat(10_000), 'a: *b']) expect(placesIn(text)('a[0].b')).toMatchObject({ line: 1 })
  })

  it('every property of a document is found at its name', () => {
    const name = fc.stringMatching(/^[a-zA-Z"\\ .[\]-]{1,12}$/)
    const value = fc.dictionary(name, fc.array(fc.dictionary(name, fc.integer(), { maxKeys: 3 }), { maxLength: 3 }), { maxKeys: 3, noNullPrototype: true })
    const form = fc.constantFrom(
      (each: object) => JSON.stringify(each, null, 2),
      (each: object) => JSON.stringify(each),
      (each: object) => stringify(each),
    )
    fc.assert(
      fc.property(value, form, (object, write) => {
        const text = write(object)
        const lines = text.split('\n')
        const placeOf = placesIn(text)
        for (const [outer, list] of Object.entries(object)) {
          for (const [at, element] of list.entries()) {
            for (const inner of Object.keys(element)) {
              const path = placeText([outer, at, inner])
              expect(pathOfText(path)).toEqual([outer, at, inner])
              const { line, column } = placeOf(path)
              const found = lines[line - 1]?.slice(column - 1) ?? ''
              expect(
                [inner, JSON.stringify(inner), `'${inner}'`].some(form => found.startsWith(form)),
                `${path} in ${text}`,
              ).toBe(true)
            }
          }
        }
      }),
    )
  })
})

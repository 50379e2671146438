import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonSchema, parseDocument, parseDocumentText, scriptsOf } from '../../../domain/schema/index.ts'
import { jsonError } from '../../../domain/schema/json-position.ts'
import { isObject } from '../../../domain/objects.ts'
import { documentOf } from './documents.ts'

const yaml = `
name: Order fulfilment
variables:
  - { name: url, value: "http://localhost:4010" }
steps:
  - id: order
    type: webhook
    next: inStock
  - { id: inStock, type: decision, left: "{{order.body.n}}", condition: greaterThan, right: 3, true: ok, false: no }
  - { id: ok, type: synchronousResponse, status: 201 }
  - { id: no, type: synchronousResponse, status: 409, body: { error: "out of stock" } }
`
const messages = (text: string, form: 'yaml' | 'json') => {
  const parsed = parseDocumentText(text, form)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}

describe('documents as text', () => {
  it('YAML and JSON give the same document', () => {
    const fromYaml = parseDocumentText(yaml, 'yaml')
    expect(fromYaml.ok).toBe(true)
    if (fromYaml.ok) expect(parseDocumentText(`\ufeff${JSON.stringify(fromYaml.document)}`, 'json')).toEqual(fromYaml)
  })
  it.each([
    ['name: x\nsteps:\n  - a: [1\n', 'at line 4, column 1'],
    ['name: x\nname: y\n', 'at line 2, column 1: Map keys must be unique'],
    ['a: "x', 'at line 1, column 6'],
    ['a: *b', 'Unresolved alias'],
    ['a: 1\n---\nb: 2', 'at line 2, column 1: Source contains multiple documents'],
    ['\tname: x', 'at line 1, column 1'],
    ['a: &a [*a]', 'nested more than 64 levels deep'],
    ['name: .nan', 'Must be a JSON value; NaN is none'],
    ['', 'Must be an object, not nothing (null)'],
  ])('YAML that cannot be read is told with its place: %j', (text, message) => {
    const found = messages(text, 'yaml')
    expect(found.length).toBeLessThanOrEqual(20)
    expect(found[0]).toContain(message)
  })
  it('text that is nested without end is refused', () => {
    for (const depth of [1_000, 5_000, 100_000]) {
      for (const text of ['['.repeat(depth), '['.repeat(depth) + ']'.repeat(depth), '{"a":'.repeat(depth), '- '.repeat(depth)]) {
        for (const form of ['yaml', 'json'] as const) expect(messages(text, form)[0]).toMatch(/nested|cannot be read/)
      }
    }
  })
  it('aliases work, and those that multiply without end are refused', () => {
    expect(messages(`x-: &a 1\n${yaml}`, 'yaml')).toEqual(
      [': Unknown property "x-".'.replace(': ', '["x-"]: ')].map(() => expect.stringContaining('Unknown property')),
    )
    expect(messages(yaml.replace('"out of stock" }', '&e "out of stock", again: *e }'), 'yaml')).toEqual([])
    const bomb = [
      'a: &a [1,1,1,1,1,1,1,1,1]',
      ...'bcdefgh'.split('').map((c, i) => `${c}: &${c} [${Array.from({ length: 9 }, () => `*${'abcdefgh'[i]}`).join()}]`),
    ]
    expect(messages(bomb.join('\n'), 'yaml')).toEqual([': The YAML cannot be read: Excessive alias count indicates a resource exhaustion attack'])
  })
  it('very many aliases are refused', () => {
    const chain = Array.from({ length: 200 }, (_, i) => `- &a${i} [${i === 0 ? '' : `*a${i - 1}`}]`).join('\n')
    expect(messages(chain, 'yaml')).toEqual([': The YAML has 199 aliases; at most 100 are taken'])
  })
  it('very many values are refused', () => {
    expect(messages(`[${'1,'.repeat(60_000)}1]`, 'json')).toEqual([': The document has more than 50000 values'])
  })
  it.each([
    ['{"a": }', 'line 1, column 7: a value is expected'],
    ['{"a": 1,\n  b}', 'line 2, column 3: a property name in double quotes is expected'],
    ['{x', 'line 1, column 2: a property name in double quotes or } is expected'],
    ['{"a" 1}', 'line 1, column 6: a colon is expected'],
    ['[1 2]', 'line 1, column 4: a comma or the closing bracket is expected'],
    ['[', 'line 1, column 2: a value or ] is expected'],
    ['{} x', 'line 1, column 4: nothing more is expected'],
    ['', 'line 1, column 1: a value is expected'],
    ['[1}', 'line 1, column 3: a comma'],
  ])('JSON that cannot be read is told with its place: %j', (text, message) => {
    expect(messages(text, 'json')[0]).toContain(message)
  })
  it('JSON is wrong exactly where JSON.parse says so', () => {
    const pieces = fc.constantFrom('{', '}', '[', ']', ',', ':', '"a"', '1', '-', '.5', 'e3', 'true', 'null', ' ', '"\\u00', '"\\n"', '"', '01')
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string({ unit: pieces, maxLength: 8 })), text => {
        let right = true
        try {
          JSON.parse(text)
        } catch {
          right = false
        }
        expect(jsonError(text) === undefined).toBe(right)
      }),
      { numRuns: 1000 },
    )
  })
  it('no input makes the parser throw', () => {
    fc.assert(
      fc.property(fc.anything(), input => {
        expect(typeof parseDocument(input).ok).toBe('boolean')
        expect(typeof parseDocument({ name: 'x', steps: [input, input], variables: [input], settings: input }).ok).toBe('boolean')
        expect(typeof parseDocument(documentOf([{ id: 'a', type: 'request', body: input, next: input, headers: input }])).ok).toBe('boolean')
      }),
    )
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', ': ', '\n', '- ', '[', '{', '&a ', '*a', '"', '  ', '!!', '|') }), text => {
        expect(typeof parseDocumentText(text, 'yaml').ok).toBe('boolean')
      }),
    )
  })
})

describe('scripts of a document', () => {
  it('are listed with their places; inline ones as they are evaluated', () => {
    const parsed = parseDocument(
      documentOf([
        {
          id: 'call',
          type: 'request',
          method: 'GET',
          url: '="http://" + {{order.body.host}}',
          headers: { a: ['=1', 'x'] },
          body: '\\=1',
          script: 'let b',
          scriptParameters: { a: '=2' },
        },
        { id: 's', type: 'script', source: 'function run() {}', input: '={{call.body}}' },
        { id: 'm', type: 'webhook', match: { request: 'body', transaction: 'order.body' }, script: 'var a', scriptParameters: { a: '=1' } },
      ]),
    )
    expect(parsed.ok && scriptsOf(parsed.document)).toEqual([
      { path: 'steps[1].script', source: 'let b', kind: 'script' },
      { path: 'steps[1].url', source: '"http://" + $1', kind: 'expression' },
      { path: 'steps[1].headers.a[0]', source: '1', kind: 'expression' },
      { path: 'steps[1].scriptParameters.a', source: '2', kind: 'expression' },
      { path: 'steps[2].source', source: 'function run() {}', kind: 'script' },
      { path: 'steps[2].input', source: '$1', kind: 'expression' },
      { path: 'steps[3].script', source: 'var a', kind: 'script' },
    ])
  })
})

describe('the JSON Schema', () => {
  it('is the committed one', () => {
    const committed: unknown = JSON.parse(readFileSync(new URL('../../../schemas/cycle.json', import.meta.url), 'utf8'))
    expect(committed).toEqual(JSON.parse(JSON.stringify(jsonSchema())))
  })
  it('is of draft 2020-12 and describes every property', () => {
    const schema: unknown = jsonSchema()
    expect(schema).toMatchObject({ $schema: 'https://json-schema.org/draft/2020-12/schema' })
    const undescribed: string[] = []
    const walk = (node: unknown, path: string): void => {
      if (Array.isArray(node)) for (const [i, each] of node.entries()) walk(each, `${path}[${i}]`)
      if (!isObject(node)) return
      const properties = node['properties']
      if (isObject(properties)) {
        for (const [name, property] of Object.entries(properties))
          if (!isObject(property) || typeof property['description'] !== 'string') undescribed.push(`${path}.${name}`)
        expect(node['additionalProperties']).toBe(false)
      }
      for (const [name, child] of Object.entries(node)) walk(child, `${path}.${name}`)
    }
    walk(schema, '')
    expect(undescribed).toEqual([])
  })
})

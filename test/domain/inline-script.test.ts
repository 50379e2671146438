import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseInlineScript, scriptSource } from '../../domain/inline-script.ts'
import type { Json } from '../../domain/json.ts'
import { resolveStep } from '../../domain/merge.ts'
import { lookupIn } from '../../domain/path.ts'

/** Evaluates as the sandbox does: the values are variables. */
function evaluate(source: string, data: Json): unknown {
  const [script] = resolveStep(source, lookupIn({ x: data })).expressions
  if (!script) throw new Error('no script')
  const names = Object.keys(script.values)
  const run: unknown = new Function(...names, `return (${script.expression}\n)`)(...names.map(name => script.values[name]))
  return run
}

const literal = fc.string({ unit: fc.constantFrom('a', '"', "'", '`', '\\', '$', '{', '}', '/', '\n', '*', '+', ')') })

describe('inline scripts', () => {
  it('data never becomes code, whatever it is and wherever the merge field stands', () => {
    fc.assert(
      fc.property(literal, data => {
        expect(evaluate('={{x}}', data)).toBe(data)
        expect(evaluate('="[{{x}}]"', data)).toBe(`[${data}]`)
        expect(evaluate('=\'{{x}}\' + "{{x}}"', data)).toBe(data + data)
        expect(evaluate('=`${1}{{x}}${`{{x}}`}`', data)).toBe(`1${data}${data}`)
        expect(evaluate('=["\\"", `\\``, /["\'`/]/.source, {{x}}][3] /* " */ // `', data)).toBe(data)
      }),
    )
  })
  it('values keep their type', () => {
    fc.assert(
      fc.property(fc.jsonValue(), value => {
        const data: Json = JSON.parse(JSON.stringify(value))
        expect(evaluate('={ is: {{x}} }.is', data)).toEqual(data)
      }),
    )
  })
  it.each([
    ['={{x}} / 2 / 1', 8, 4],
    ['= 16 / {{x}}', 8, 2],
    ['=[1] / 1 + "{{x}}"', 8, '18'],
    ['=typeof /"/.test({{x}})', 8, 'boolean'],
    ['="a" + "b"', 8, 'ab'],
    ['={a: {b: `${{{x}}}`}}.a.b', 8, '8'],
    ['=`a${ {a: {{x}}}.a }b`', 8, 'a8b'],
    ['="\\"{{x}}\\""', 8, '"8"'],
    ['={{x}}', null, null],
    ['="{{x.no}}{{x}}"', 'a', 'a'],
    ['={{x.no}} === undefined', {}, true],
    ["='it''s {{x}}'.length", 8, undefined],
  ])('%s', (source, data, expected) => {
    if (expected === undefined) expect(() => evaluate(source, data)).toThrow()
    else expect(evaluate(source, data)).toEqual(expected)
  })
  it('a merge field that is none is told, and the rest is kept', () => {
    const script = parseInlineScript('1 + {{ a b }} + "{{ ! }}" + `{{}}`')
    expect(script.problem).toContain('{{ a b }} is not a merge field')
    expect(scriptSource(script)).toBe('1 + {{ a b }} + "{{ ! }}" + `{{}}`')
  })
  it('unfinished literals, comments and templates do not throw', () => {
    for (const source of ['"a', "'{{x}}", '`a', '`${', '`${{{x}}', '/* a', '// a', '/a', '"\\', '`\\', '{{', '(/[']) {
      expect(typeof scriptSource(parseInlineScript(source))).toBe('string')
    }
    fc.assert(
      fc.property(literal, source => {
        expect(scriptSource(parseInlineScript(source)).length).toBeGreaterThanOrEqual(0)
      }),
    )
  })
  it('templates within templates end somewhere', () => {
    expect(parseInlineScript('`${'.repeat(100_000)).problem).toContain('too deeply')
  })
})

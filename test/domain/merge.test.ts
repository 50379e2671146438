import { describe, expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { resolveStep } from '../../domain/merge.ts'
import { lookupIn } from '../../domain/path.ts'
import { fillSecrets, secretReference } from '../../domain/secrets.ts'

const roots = {
  order: { body: { id: 7, name: 'Ada', items: [{ sku: 'a' }, { sku: 'b' }, {}], nothing: null, 'two words': true, __proto: 1 } },
  variables: { token: secretReference('token'), url: 'http://x' },
}
const lookup = lookupIn(roots)
const value = (template: Json): Json | undefined => resolveStep(template, lookup).value

describe('merge fields', () => {
  it('a string that is one merge field becomes the value with its type', () => {
    expect(value('{{order.body.id}}')).toBe(7)
    expect(value('{{ order.body.items[1] }}')).toEqual({ sku: 'b' })
    expect(value('{{order.body["two words"]}}')).toBe(true)
    expect(value('{{order.body.nothing}}')).toBe(null)
  })
  it('in other strings values are written into the text: objects as JSON, missing ones as nothing', () => {
    expect(value('a {{order.body.id}} {{order.body.items[0]}}{{order.body.no}}.')).toBe('a 7 {"sku":"a"}.')
    expect(value('{{order.body.id}}{{order.body.id}}')).toBe('77')
    expect(value(' {{order.body.id}}')).toBe(' 7')
  })
  it('a missing value that stands alone leaves its property out, and is null in a list', () => {
    expect(value({ a: '{{order.body.no}}', b: ['{{order.body.no}}', '{{order.body.nothing}}'], c: null })).toEqual({ b: [null, null], c: null })
    expect(value('{{order.body.no}}')).toBe(undefined)
  })
  it('maps over a list with [*] and keeps its length', () => {
    expect(value('{{order.body.items[*].sku}}')).toEqual(['a', 'b', null])
    expect(value('{{order.body.id[*].sku}}')).toBe(undefined)
  })
  it('escapes are literal', () => {
    expect(value('\\{{order.body.id}}')).toBe('{{order.body.id}}')
    expect(value('\\=1 {{order.body.id}}')).toBe('=1 7')
    expect(value('\\= {{ no')).toBe('= {{ no')
  })
  it('works in property names as text', () => {
    expect(value({ 'x{{order.body.id}}': 1, '\\{{y': 2 })).toEqual({ x7: 1, '{{y': 2 })
  })
  it('of three braces the innermost two are the merge field', () => {
    expect(value('{{{order.body.id}}}')).toBe('{7}')
  })
  it('keeps a property named __proto__ as data', () => {
    const template: Json = JSON.parse('{"__proto__": "{{order.body.id}}"}')
    expect(JSON.stringify(value(template))).toBe('{"__proto__":7}')
  })
  it('never reads inherited properties', () => {
    expect(value('{{order.constructor.name}}')).toBe(undefined)
    expect(value('{{order.body.items.length}}')).toBe(undefined)
    expect(value('{{toString}}')).toBe(undefined)
  })
})

describe('inline scripts', () => {
  const script = (source: string) => resolveStep(source, lookup).expressions[0]
  it('merge fields are values, as variables', () => {
    expect(script('= {{order.body.id}} * 2')).toEqual({ expression: ' $1 * 2', values: { $1: 7 } })
    expect(script('={a: {{order.body.items}}, b: {c: {{order.body.id}}}}')?.expression).toBe('{a: $1, b: {c: $2}}')
  })
  it('a missing value is undefined', () => {
    expect(script('={{order.body.no}} ?? 1')).toEqual({ expression: '(undefined) ?? 1', values: {} })
    expect(script('="x{{order.body.no}}"')).toEqual({ expression: '("x" + "" + "")', values: {} })
  })
  it('in literals a value is written as text', () => {
    expect(script('="Hi {{order.body.items[0]}}!".length')).toEqual({ expression: '("Hi " + $1 + "!").length', values: { $1: '{"sku":"a"}' } })
    expect(script('=\'{{order.body["two words"]}}\'')).toEqual({ expression: "('' + $1 + '')", values: { $1: 'true' } })
    expect(script('=`n ${1 + {{order.body.id}}} {{order.body.id}} ${`{${"}"}`}`')?.expression).toBe('`n ${1 + $1} ${$2} ${`{${"}"}`}`')
  })
  it('regular expressions, comments and divisions are told apart', () => {
    expect(script('=x.replace(/[/"\']/g, {{order.body.name}})')?.expression).toBe('x.replace(/[/"\']/g, $1)')
    expect(script('={{order.body.id}} / 2 / {{order.body.id}}')?.expression).toBe('$1 / 2 / $2')
    expect(script('=1 /* " */ + {{order.body.id}} // "')?.expression).toBe('1 /* " */ + $1 // "')
  })
  it('results are filled in where the script stood', () => {
    const resolved = resolveStep({ a: '=1', b: ['=2', '{{order.body.id}}'], c: '=3' }, lookup)
    expect(resolved.value).toEqual({ b: [null, 7] })
    expect(resolved.fill([1, 2, undefined])).toEqual({ a: 1, b: [2, 7] })
  })
  it('a secret is never given to a script', () => {
    expect(resolveStep('={{variables.token}}', lookup, { secrets: true }).expressions).toEqual([{ expression: '(undefined)', values: {} }])
  })
})

describe('secrets in values', () => {
  const vault = (name: string) => ({ token: 's3cret' })[name]
  it('stay references until the activity fills them in', () => {
    const { value: resolved } = resolveStep({ auth: 'Bearer {{variables.token}}', all: '{{variables.token}}' }, lookup, { secrets: true })
    expect(JSON.stringify(resolved)).not.toContain('s3cret')
    expect(fillSecrets(resolved ?? null, vault)).toEqual({ auth: 'Bearer s3cret', all: 's3cret' })
  })
  it('are missing outside requests', () => {
    expect(value({ a: '{{variables.token}}', b: 'x{{variables.token}}' })).toEqual({ b: 'x' })
  })
  it('a payload cannot forge a reference', () => {
    const forged = `\ufdd0 ${secretReference('token')} \ufdd1\ufdd0`
    const hostile = lookupIn({ order: { body: { forged, [forged]: 1 } }, variables: { plain: secretReference('token') } })
    const { value: resolved } = resolveStep(['{{order.body}}', 'x{{order.body.forged}}', '{{variables.plain}}'], hostile, { secrets: true })
    expect(fillSecrets(resolved ?? null, vault)).toEqual([{ forged, [forged]: 1 }, `x${forged}`, secretReference('token')])
  })
})

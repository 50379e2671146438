import { describe, expect, it } from 'vitest'
import { chosenVariables, readField, readForm, VALUE_MAX, variableFields, type VariableField } from '../../../api/pages/flow/variables.ts'
import type { CycleDocument, Variable } from '../../../domain/document.ts'

const subject = (...variables: Variable[]) => {
  const document: CycleDocument = { name: 'Orders', steps: [], variables }
  return { templates: [{ id: 't', name: 'Orders', document }] }
}
const fieldOf = (variable: Partial<Variable>, draft = {}): VariableField => {
  const [field] = variableFields(subject({ name: 'v', userConfigurable: true, ...variable }), draft, true)
  if (field === undefined) throw new Error('no field')
  return field
}
const sent = (fields: { readonly [name: string]: string }): URLSearchParams =>
  new URLSearchParams(Object.entries(fields).map(([name, value]) => [`t.${name}`, value]))

describe('the field of a variable', () => {
  it('is there where users configure it, with its label and, where they are shown, what it is for', () => {
    const all = subject({ name: 'fixed', value: 1 }, { name: 'url', label: 'URL', description: 'Of your shop', userConfigurable: true })
    expect(variableFields(all, {}, true)).toMatchObject([{ key: 't.url', label: 'URL', hint: 'Of your shop', required: true, value: '' }])
    expect(variableFields(all, {}, false)[0]).not.toHaveProperty('hint')
  })

  it('is required unless the template says that it is not: emptied it has no value (cycles.md 1)', () => {
    expect(fieldOf({}).required).toBe(true)
    expect(fieldOf({ value: 'there' }).required).toBe(true)
    expect(fieldOf({ value: 'there', required: false }).required).toBe(false)
    expect(fieldOf({ required: false }).required).toBe(false)
  })

  it('is required where it verifies senders', () => {
    const verify = { scheme: 'header', header: 'X-Key', value: '{{variables.v}}' } as const
    const document: CycleDocument = {
      name: 'Orders',
      steps: [{ id: 'order', type: 'webhook', verify }],
      variables: [{ name: 'v', userConfigurable: true, secret: true, required: false }],
    }
    expect(variableFields({ templates: [{ id: 't', name: 'Orders', document }] }, {}, true)).toMatchObject([{ required: true }])
  })

  it('shows the value of the template, and then what was chosen; of a secret one neither', () => {
    expect(fieldOf({ value: 'there' }).value).toBe('there')
    expect(fieldOf({ value: 'there' }, { variables: { 't.v': 'chosen' } }).value).toBe('chosen')
    expect(fieldOf({ secret: true, value: 'sealed' })).toMatchObject({ kind: 'secret', value: '', kept: true })
    expect(fieldOf({ secret: true }, { variables: { 't.v': 'typed' } })).toMatchObject({ value: '', kept: true })
    expect(fieldOf({ secret: true })).toMatchObject({ kept: false, required: true })
  })

  it('keeps the kind of the value that the template has', () => {
    expect(readField(fieldOf({ value: 3 }), ' 4.5 ')).toEqual({ value: 4.5 })
    expect(readField(fieldOf({ value: 3 }), 'four')).toMatchObject({ problem: expect.any(String) })
    expect(readField(fieldOf({ value: true }), 'false')).toEqual({ value: false })
    expect(readField(fieldOf({ value: { a: 1 } }), '{"a":2}')).toEqual({ value: { a: 2 } })
    expect(readField(fieldOf({ value: [1] }), '[1,')).toMatchObject({ problem: expect.any(String) })
    expect(readField(fieldOf({ value: 'a\nb' }), 'a\r\nc')).toEqual({ value: 'a\nc' })
    expect(readField(fieldOf({}), '  text ')).toEqual({ value: 'text' })
    expect(readField(fieldOf({ secret: true }), ' a secret ')).toEqual({ value: ' a secret ' })
  })

  it('takes one of its options, whatever kind they are, and nothing else', () => {
    const options = [
      { label: 'All', value: 'all' },
      { label: 'Seven', value: 7 },
    ]
    const field = fieldOf({ options, value: 7 })
    expect(field).toMatchObject({ kind: 'choice', value: '7' })
    expect(readField(field, '"all"')).toEqual({ value: 'all' })
    expect(readField(field, 'all')).toMatchObject({ problem: expect.any(String) })
    expect(readField(fieldOf({ options }), '')).toMatchObject({ problem: expect.any(String) })
  })

  it('may be left empty where it is not required: that takes a value of the template away', () => {
    expect(readField(fieldOf({ value: 'there', required: false }), '')).toEqual({ value: '' })
    expect(readField(fieldOf({ value: 'there' }), '')).toMatchObject({ problem: expect.any(String) })
    expect(readField(fieldOf({ required: false }), ' ')).toEqual({ leave: 'unset' })
    expect(readField(fieldOf({}), ' ')).toMatchObject({ problem: expect.any(String) })
    expect(readField(fieldOf({ secret: true, value: 'sealed', required: true }), '')).toEqual({ leave: 'keep' })
  })

  it('takes as much as fits', () => {
    expect(readField(fieldOf({}), 'x'.repeat(VALUE_MAX))).toHaveProperty('value')
    expect(readField(fieldOf({}), 'x'.repeat(VALUE_MAX + 1))).toMatchObject({ problem: expect.stringContaining(String(VALUE_MAX)) })
  })
})

describe('a form', () => {
  const all = subject({ name: 'url', userConfigurable: true }, { name: 'key', userConfigurable: true, secret: true }, { name: 'fixed', value: 1 })
  const read = (fields: { readonly [name: string]: string }, draft = {}) => readForm(all, draft, variableFields(all, draft, true), sent(fields))

  it('keeps what is right, also a secret, and tells all that is wrong', () => {
    expect(read({ url: '', key: 'k' })).toEqual({
      draft: { variables: { 't.key': 'k' }, settled: ['t.key'] },
      problems: [{ key: 't.url', message: expect.any(String) }],
    })
    expect(read({})).toMatchObject({ problems: [{ key: 't.url' }, { key: 't.key' }] })
  })

  it('sets nothing but its own fields', () => {
    expect(read({ url: 'u', key: 'k', fixed: '2', other: 'x' }).draft.variables).toEqual({ 't.url': 'u', 't.key': 'k' })
    expect(chosenVariables(all, { variables: { 't.url': 'u', 't.gone': 'x' } })).toEqual({ 't.url': 'u' })
  })

  it('does not take the mask of a secret for a secret', () => {
    expect(read({ url: 'u', key: '********' }).problems).toEqual([{ key: 't.key', message: expect.stringContaining('secret itself') }])
  })

  it('is refused as a whole where it is more than fits', () => {
    const many = Array.from({ length: 20 }, (_, at): Variable => ({ name: `v${at}`, userConfigurable: true }))
    const large = subject(...many)
    const form = sent(Object.fromEntries(many.map(({ name }) => [name, 'x'.repeat(VALUE_MAX)])))
    expect(readForm(large, {}, variableFields(large, {}, true), form)).toMatchObject({ draft: {}, whole: expect.any(String) })
  })
})

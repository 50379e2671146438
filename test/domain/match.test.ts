import { describe, expect, it } from 'vitest'
import type { CycleDocument, WebhookStep } from '../../domain/document.ts'
import { canonical, requestValue, triggerValues, valuesOf } from '../../domain/match.ts'

const mid = (id: string, transaction: string, request = 'body.id'): WebhookStep => ({ id, type: 'webhook', match: { request, transaction } })
const doc: CycleDocument = {
  name: 'x',
  steps: [
    { id: 'order', type: 'webhook', next: ['a', 'b', 'c', 'd', 'e', 'f'] },
    mid('a', 'order.body.id'),
    mid('b', 'a.body.id'),
    mid('c', 'transaction.id'),
    mid('d', 'order.body.none'),
    mid('e', 'no path'),
    { id: 'f', type: 'webhook' },
  ],
}
const data = (body: { [name: string]: string | number }) => ({ body, headers: { 'x-id': '5' }, query: { id: ['1'] }, method: 'POST' })

describe('match values', () => {
  it.each([
    [10, '10'],
    [10.0, '10'],
    ['10', '10'],
    ['10.0', '10.0'],
    [1e21, '1e+21'],
    [-0, '0'],
    [0.1, '0.1'],
    [true, 'true'],
    [false, 'false'],
    [' A ', ' A '],
    ['', undefined],
    [null, undefined],
    [undefined, undefined],
    [{}, undefined],
    [['1'], undefined],
  ])('the canonical form of %j is %j', (value, text) => {
    expect(canonical(value)).toBe(text)
  })
  it('a request brings the value at match.request', () => {
    expect(requestValue(mid('a', 'x'), data({ id: 7 }))).toBe('7')
    expect(requestValue(mid('a', 'x', 'headers.x-id'), data({}))).toBe('5')
    expect(requestValue(mid('a', 'x', 'query.id[0]'), data({}))).toBe('1')
    expect(requestValue(mid('a', 'x', 'method'), data({}))).toBe('POST')
    expect(requestValue(mid('a', 'x', 'query.id'), data({}))).toBe(undefined)
    expect(requestValue(mid('a', 'x', 'no path'), data({}))).toBe(undefined)
    expect(requestValue({ id: 'f', type: 'webhook' }, data({}))).toBe(undefined)
  })
  it('values of the trigger exist from its acceptance, and those of other roots that are known then', () => {
    expect(triggerValues(doc, data({ id: 7 }))).toEqual([{ stepId: 'a', value: '7' }])
    expect(triggerValues(doc, data({ id: 7 }), { transaction: { id: 'T' } })).toEqual([
      { stepId: 'a', value: '7' },
      { stepId: 'c', value: 'T' },
    ])
  })
  it('a workflow asks for all values, or for those of one step', () => {
    expect(valuesOf(doc, { a: { body: { id: 1 } } }, { root: 'a' })).toEqual([{ stepId: 'b', value: '1' }])
    expect(valuesOf(doc, {}, { root: 'order' })).toEqual([
      { stepId: 'a', value: undefined },
      { stepId: 'd', value: undefined },
    ])
    expect(valuesOf(doc, {}).map(({ stepId }) => stepId)).toEqual(['a', 'b', 'c', 'd', 'e'])
  })
})

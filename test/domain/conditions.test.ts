import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { holds, patternProblem } from '../../domain/conditions.ts'
import type { Condition } from '../../domain/document.ts'
import type { Json } from '../../domain/json.ts'

const all: Condition[] = [
  'exists',
  'notExists',
  'equals',
  'notEquals',
  'contains',
  'notContains',
  'greaterThan',
  'greaterThanOrEqual',
  'lessThan',
  'lessThanOrEqual',
  'startsWith',
  'endsWith',
  'in',
  'matches',
]

const table: [Json | undefined, Condition, Json | undefined, boolean][] = [
  [undefined, 'exists', undefined, false],
  [null, 'exists', undefined, false],
  ['', 'exists', undefined, true],
  [0, 'exists', undefined, true],
  [false, 'notExists', undefined, false],
  [null, 'notExists', undefined, true],
  [10, 'equals', '10.0', true],
  ['1e1', 'equals', '10', true],
  ['12345678901234567890', 'equals', '12345678901234567891', false],
  [0.1, 'equals', '0.10', true],
  [-0, 'equals', '0', true],
  ['abc', 'equals', 'ABC', false],
  [true, 'equals', 'true', true],
  [null, 'equals', undefined, true],
  [null, 'equals', 'null', false],
  ['', 'equals', null, false],
  ['', 'equals', 0, false],
  ['2026-01-01T00:00:00Z', 'equals', '2026-01-01T02:00:00+02:00', true],
  ['2026-01-01', 'equals', '2026-01-01T00:00:00.000Z', true],
  ['2026-02-30', 'equals', '2026-03-02', false],
  ['2026-01-01T00:00:00.0001Z', 'greaterThan', '2026-01-01T00:00:00Z', true],
  [{ a: [1, { b: 2 }] }, 'equals', { a: ['1', { b: 2 }] }, true],
  [{ a: 1, b: 2 }, 'equals', { b: 2, a: 1 }, true],
  [{ a: 1 }, 'equals', { b: 1 }, false],
  [{ a: 1 }, 'equals', { a: 1, b: 2 }, false],
  [[1, 2], 'equals', [1], false],
  [[], 'equals', {}, false],
  [{ a: null }, 'notEquals', { a: null }, false],
  ['hello', 'contains', 'ell', true],
  [12345, 'contains', 23, true],
  [[1, { a: 1 }], 'contains', { a: 1 }, true],
  [['10'], 'contains', 10, true],
  [{ a: 1 }, 'contains', 'a', false],
  [undefined, 'notContains', 'a', true],
  ['9', 'lessThan', '10', true],
  ['9a', 'lessThan', '10', false],
  [-5, 'lessThan', '-4.5', true],
  [5, 'greaterThan', -7, true],
  [0, 'greaterThan', -1, true],
  ['1e400', 'greaterThan', 1, true],
  [3, 'greaterThanOrEqual', 3, true],
  [3, 'lessThanOrEqual', 3, true],
  [null, 'lessThan', 3, false],
  [[1], 'greaterThan', 0, false],
  ['2026-01-02', 'greaterThan', '2026-01-01T23:59:59-00:30', false],
  ['order-1', 'startsWith', 'order', true],
  ['order-1', 'endsWith', 1, true],
  [['o'], 'startsWith', 'o', false],
  ['b', 'in', ['a', 'b'], true],
  [1, 'in', ['1'], true],
  ['b', 'in', 'abc', true],
  ['b', 'in', undefined, false],
  ['order-17', 'matches', '^order-\\d+$', true],
  ['an order-17', 'matches', 'order', true],
  ['x', 'matches', '(', false],
  ['x', 'matches', undefined, false],
  ['a', 'matches', 'a{1001}', false],
]

describe('conditions', () => {
  it.each(table)('%j %s %j is %s', (left, condition, right, expected) => {
    expect(holds(condition, left, right)).toBe(expected)
  })
  it('never throw, and each not… is the opposite of its pair', () => {
    const value = fc.option(
      fc.jsonValue().map((v): Json => JSON.parse(JSON.stringify(v))),
      { nil: undefined },
    )
    fc.assert(
      fc.property(value, value, (left, right) => {
        for (const condition of all) expect(typeof holds(condition, left, right)).toBe('boolean')
        expect(holds('notEquals', left, right)).toBe(!holds('equals', left, right))
        expect(holds('notContains', left, right)).toBe(!holds('contains', left, right))
        expect(holds('notExists', left)).toBe(!holds('exists', left))
        expect(holds('equals', left, left)).toBe(true)
        expect(holds('equals', left, right)).toBe(holds('equals', right, left))
      }),
    )
  })
  it('numbers compare as numbers whether they are written as text or not', () => {
    const number = fc.oneof(fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }))
    fc.assert(
      fc.property(number, number, (a, b) => {
        expect(holds('lessThan', String(a), b)).toBe(a < b)
        expect(holds('greaterThanOrEqual', a, String(b))).toBe(a >= b)
        expect(holds('equals', String(a), String(b))).toBe(a === b)
      }),
    )
  })
  it('deep values cost no stack', () => {
    const deep = (): Json => {
      let value: Json = 1
      for (let i = 0; i < 100_000; i++) value = [value]
      return value
    }
    expect(holds('equals', deep(), deep())).toBe(true)
  })
  it('matches cannot run away: a pattern and a text too large for its time do not match', () => {
    expect(holds('matches', 'a'.repeat(1_000_000), '(.*){1000}')).toBe(false)
    expect(holds('matches', 'a'.repeat(100_000), '(a*)*b')).toBe(false)
    expect(holds('matches', 'a', `a${'|a'.repeat(600)}`)).toBe(false)
  })
  it('patterns that are not RE2 are told', () => {
    expect(patternProblem('a+')).toBe(undefined)
    expect(patternProblem('(?=a)')).toContain('(?=')
    expect(patternProblem('a'.repeat(1001))).toContain('at most 1000')
  })
})

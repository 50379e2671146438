import fc from 'fast-check'
import { expect, it } from 'vitest'
import type { Json } from '../../domain/json.ts'
import { resolveStep } from '../../domain/merge.ts'
import { lookupIn } from '../../domain/path.ts'
import { jsonSize, MAX_VALUE_BYTES } from '../../domain/size.ts'

it('the size of a value is at least that of its JSON, and little more', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }), value => {
      const data: Json = JSON.parse(JSON.stringify(value))
      const bytes = Buffer.byteLength(JSON.stringify(data))
      const size = jsonSize(data)
      expect(size).toBeGreaterThanOrEqual(bytes)
      expect(size).toBeLessThanOrEqual(bytes * 1.5 + 4)
    }),
  )
  expect(jsonSize('"\\aé€😀')).toBe(2 + 4 + 1 + 2 + 3 + 4)
  expect(jsonSize('\ud800')).toBe(8)
  expect(jsonSize(undefined)).toBe(0)
})

it('counting stops where it is too much', () => {
  expect(jsonSize('x'.repeat(100), 10)).toBeGreaterThan(10)
  expect(
    jsonSize(
      Array.from({ length: 100 }, () => 1),
      10,
    ),
  ).toBeGreaterThan(10)
})

it('a short document cannot write a payload thousands of times', () => {
  const lookup = lookupIn({ order: { body: 'x'.repeat(MAX_VALUE_BYTES / 8) } })
  expect(resolveStep('{{order.body}}'.repeat(7), lookup).value).toHaveLength((MAX_VALUE_BYTES / 8) * 7)
  for (const template of ['{{order.body}}'.repeat(9), Array.from({ length: 9 }, () => '{{order.body}}'), `=[${'{{order.body}},'.repeat(9)}]`]) {
    expect(() => resolveStep(template, lookup)).toThrow('Failed to build the request')
  }
})

it('data that nests deeper than anything real is refused, not walked', () => {
  const deep: Json = JSON.parse('['.repeat(5_000) + ']'.repeat(5_000))
  expect(jsonSize(deep)).toBe(Infinity)
  expect(() => resolveStep('{{order}}', lookupIn({ order: deep }), { secrets: true })).toThrow('Failed to build the request')
  expect(() => resolveStep('=1', lookupIn({})).fill([deep])).toThrow('Failed to build the request')
})

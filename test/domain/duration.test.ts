import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseDuration } from '../../domain/duration.ts'

it.each([
  ['500ms', 500],
  ['90s', 90_000],
  ['15m', 900_000],
  ['2h', 7_200_000],
  ['31d', 2_678_400_000],
  ['1w', 604_800_000],
  ['0s', 0],
])('%s is %i ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms)
})

it.each(['', '5', 's', '1.5s', '-1s', '1 s', ' 1s', '1S', '1y', '1s1m', '99999999999s'])('%j is no duration', text => {
  expect(parseDuration(text)).toBe(undefined)
})

it('a text is a duration only where it is at most ten digits and a unit', () => {
  const units = new Set(['ms', 's', 'm', 'h', 'd', 'w'])
  fc.assert(
    fc.property(fc.nat({ max: 10 ** 12 }), fc.oneof(fc.constantFrom(...units), fc.string({ maxLength: 3 })), (number, rest) => {
      const text = `${number}${rest}`
      const digits = text.search(/\D|$/)
      expect(parseDuration(text) !== undefined).toBe(digits <= 10 && units.has(text.slice(digits)))
    }),
    { numRuns: 2_000 },
  )
})

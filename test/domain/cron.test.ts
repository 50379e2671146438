import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cronLines, cronProblem } from '../../domain/cron.ts'

describe('cron, as authors write it', () => {
  it.each([
    ['* * * * *', ['* * * * *']],
    ['0 6 * * 1-5', ['0 6 * * 1,2,3,4,5']],
    ['*/15 9-17 * * MON-FRI', ['0,15,30,45 9,10,11,12,13,14,15,16,17 * * 1,2,3,4,5']],
    ['5/20 0 1 jan,Jul *', ['5,25,45 0 1 1,7 *']],
    ['0 0 * * 7', ['0 0 * * 0']],
    ['0 0 * * FRI-SUN', ['0 0 * * 0,5,6']],
    ['0 0 * * 0-7', ['0 0 * * *']],
    ['  0\t0 29 2 *  ', ['0 0 29 2 *']],
    ['0 0 1-31/10 */6 *', ['0 0 1,11,21,31 1,7 *']],
  ])('%j falls due as %j says', (text, lines) => {
    expect(cronProblem(text)).toBe(undefined)
    expect(cronLines(text)).toEqual(lines)
  })

  it('where both kinds of day are restricted, either of them is enough', () => {
    expect(cronLines('0 9 13 * FRI')).toEqual(['0 9 13 * *', '0 9 * * 5'])
    expect(cronLines('0 9 30 2 FRI')).toEqual(['0 9 30 2 *', '0 9 * 2 5'])
    expect(cronLines('0 9 */2 * FRI')).toHaveLength(1)
  })

  it.each([
    ['', 'it has none'],
    ['* * * *', 'it has 4'],
    ['0 * * * * *', 'it has 6'],
    ['@daily', 'it has 1'],
    ['60 * * * *', '"60" is no minute: 0 to 59'],
    ['* 24 * * *', '"24" is no hour: 0 to 23'],
    ['* * 0 * *', '"0" is no day of the month: 1 to 31'],
    ['* * 32 * *', '"32" is no day of the month'],
    ['* * * 13 *', '"13" is no month: 1 to 12, or JAN to DEC'],
    ['* * * JUNE *', '"JUNE" is no month'],
    ['* * * * 8', '"8" is no day of the week: 0 to 7, or SUN to SAT'],
    ['* * * * JAN', '"JAN" is no day of the week'],
    ['10-5 * * * *', '"10-5" is a range of the minute that ends before it begins'],
    ['1-2-3 * * * *', '"1-2-3" is no minute'],
    ['*/0 * * * *', '"*/0" has a wrong step for the minute'],
    ['*/60 * * * *', 'a whole number from 1 to 59'],
    ['*/1/2 * * * *', '"*/1/2" is no minute'],
    ['1, * * * *', '"" is no minute'],
    ['-5 * * * *', '"" is no minute'],
    ['1.5 * * * *', '"1.5" is no minute'],
    ['* * ? * *', '"?" is no day of the month'],
    ['* * L * *', '"L" is no day of the month'],
  ])('%j is none: %s', (text, problem) => {
    expect(cronProblem(text)).toContain(problem)
    expect(() => cronLines(text)).toThrow()
  })

  it.each(['0 0 30 2 *', '0 0 30,31 FEB *', '0 0 31 2,4,6,9,11 *', '0 0 31 4 */2'])('%s never falls due, which is told', text => {
    expect(cronProblem(text)).toContain('Never falls due')
  })

  it('29 February falls due', () => {
    expect(cronProblem('0 0 29 2 *')).toBe(undefined)
  })
})

/** A field and the values that it means. */
const field = (min: number, max: number) => {
  const value = fc.integer({ min, max })
  const from = value.map(n => ({ text: String(n), from: n, to: n }))
  const range = fc.tuple(value, value).map(([a, b]) => ({ text: `${Math.min(a, b)}-${Math.max(a, b)}`, from: Math.min(a, b), to: Math.max(a, b) }))
  const all = fc.constant({ text: '*', from: min, to: max })
  const part = fc.tuple(fc.oneof(all, from, range), fc.option(fc.integer({ min: 1, max }), { nil: undefined })).map(([{ text, ...span }, step]) => {
    // A single value with a step goes on to the end of the field.
    const to = step !== undefined && /^\d+$/.test(text) ? max : span.to
    const values = Array.from({ length: to - span.from + 1 }, (_, i) => span.from + i).filter((_, i) => i % (step ?? 1) === 0)
    return { text: step === undefined ? text : `${text}/${step}`, values }
  })
  return fc
    .array(part, { minLength: 1, maxLength: 3 })
    .map(parts => ({ text: parts.map(each => each.text).join(','), values: parts.flatMap(each => each.values) }))
}

it('any five fields within their limits become the values that they mean', () => {
  const sorted = (values: readonly number[], size: number): string => {
    const distinct = [...new Set(values)].toSorted((a, b) => a - b)
    return distinct.length === size ? '*' : distinct.join(',')
  }
  fc.assert(
    fc.property(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7), (minute, hour, day, month, weekday) => {
      const text = [minute, hour, day, month, weekday].map(each => each.text).join(' ')
      fc.pre(!String(cronProblem(text)).startsWith('Never falls due'))
      const days = sorted(day.values, 31)
      const weekdays = sorted(
        weekday.values.map(n => n % 7),
        7,
      )
      const ofDays =
        day.text.startsWith('*') || weekday.text.startsWith('*')
          ? [[days, weekdays]]
          : [
              [days, '*'],
              ['*', weekdays],
            ]
      expect(cronLines(text)).toEqual(
        ofDays.map(([ofMonth, ofWeek]) => [sorted(minute.values, 60), sorted(hour.values, 24), ofMonth, sorted(month.values, 12), ofWeek].join(' ')),
      )
    }),
    { numRuns: 2_000 },
  )
})

it('no text makes it throw', () => {
  const word = fc.oneof(fc.string({ maxLength: 6 }), fc.string({ unit: fc.constantFrom('0', '1', '9', '*', '/', '-', ',', 'M', 'O', 'N'), maxLength: 8 }))
  fc.assert(
    fc.property(fc.array(word, { maxLength: 7 }), words => {
      const problem = cronProblem(words.join(' '))
      if (problem === undefined) expect(cronLines(words.join(' ')).length).toBeGreaterThan(0)
    }),
    { numRuns: 5_000 },
  )
})

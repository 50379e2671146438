import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ScheduleStep } from '../../domain/document.ts'
import { isScheduled, lastDue, scheduleText, timetableOf } from '../../domain/schedule.ts'
import { timezoneOf } from '../../domain/timezone.ts'

const at = (text: string): number => Date.parse(text)
const step = (fields: Omit<ScheduleStep, 'id' | 'type'>): ScheduleStep => ({ id: 'tick', type: 'schedule', ...fields })
const START = at('2030-01-01T12:00:00.250Z')

describe('an interval', () => {
  it('falls due one interval after the start of the cycle, never early', () => {
    expect(timetableOf(step({ every: '15m' }), 'UTC', START)).toEqual({ kind: 'interval', first: at('2030-01-01T12:15:01Z'), every: 900_000 })
    expect(timetableOf(step({ every: '1s' }), 'UTC', at('2030-01-01T12:00:00Z'))).toMatchObject({ first: at('2030-01-01T12:00:01Z') })
  })

  it('falls due at startAt first', () => {
    expect(timetableOf(step({ every: '1d', startAt: '2030-02-01T06:00:00Z' }), 'UTC', START)).toMatchObject({ first: at('2030-02-01T06:00:00Z') })
    expect(timetableOf(step({ every: '1d', startAt: '2030-02-01T06:00:00.001Z' }), 'UTC', START)).toMatchObject({ first: at('2030-02-01T06:00:01Z') })
  })

  it("takes startAt without a zone in the step's, else in the account's", () => {
    const startAt = '2030-07-01T06:00'
    expect(timetableOf(step({ every: '1d', startAt, timezone: 'Europe/Berlin' }), 'America/New_York', START)).toMatchObject({
      first: at('2030-07-01T04:00:00Z'),
    })
    expect(timetableOf(step({ every: '1d', startAt }), 'America/New_York', START)).toMatchObject({ first: at('2030-07-01T10:00:00Z') })
    expect(timetableOf(step({ every: '1d', startAt: `${startAt}+05:00` }), 'America/New_York', START)).toMatchObject({ first: at('2030-07-01T01:00:00Z') })
  })

  it('counts from a startAt that is past', () => {
    expect(timetableOf(step({ every: '1h', startAt: '2029-12-31T00:10:00Z' }), 'UTC', START)).toMatchObject({ first: at('2030-01-01T12:10:00Z') })
    expect(timetableOf(step({ every: '1h', startAt: '2030-01-01T12:00:00Z' }), 'UTC', START)).toMatchObject({ first: at('2030-01-01T13:00:00Z') })
  })

  it('was due last at the latest of its times', () => {
    const table = { kind: 'interval', first: 5_000, every: 3_000 } as const
    expect([4_999, 5_000, 7_999, 8_000, 20_500].map(until => lastDue(table, until))).toEqual([undefined, 5_000, 5_000, 8_000, 20_000])
  })

  it('first falls due after the start, in whole seconds, and within one interval and a second of what is asked', () => {
    const seconds = fc.integer({ min: 1, max: 400_000 })
    const now = fc.integer({ min: at('2000-01-01T00:00:00Z'), max: at('2090-01-01T00:00:00Z') })
    fc.assert(
      fc.property(seconds, now, fc.option(now, { nil: undefined }), (length, startedAt, start) => {
        const startAt = start === undefined ? {} : { startAt: new Date(start).toISOString() }
        const table = timetableOf(step({ every: `${length}s`, ...startAt }), 'UTC', startedAt)
        if (table.kind !== 'interval') throw new Error('it has an interval')
        const { first, every } = table
        expect(every).toBe(length * 1_000)
        expect(first % 1_000).toBe(0)
        expect(first).toBeGreaterThan(startedAt)
        if (start !== undefined && start > startedAt) expect(first - start).toBeLessThan(1_000)
        else expect(first - startedAt).toBeLessThan(every + 1_000)
        if (start !== undefined) expect((first - Math.ceil(start / 1_000) * 1_000) % every).toBe(0)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('cron', () => {
  it("is in the step's time zone, else in the account's", () => {
    expect(timetableOf(step({ cron: '0 6 * * *' }), 'america/new_york', START)).toEqual({
      kind: 'cron',
      lines: ['0 6 * * *'],
      timezone: 'America/New_York',
      from: undefined,
    })
    expect(timetableOf(step({ cron: '0 6 * * *', timezone: 'Europe/Berlin' }), 'UTC', START)).toMatchObject({ timezone: 'Europe/Berlin' })
  })

  it('does not fall due before startAt', () => {
    expect(timetableOf(step({ cron: '0 6 * * *', startAt: '2030-03-01' }), 'Europe/Berlin', START)).toMatchObject({ from: at('2030-02-28T23:00:00Z') })
    expect(timetableOf(step({ cron: '0 6 * * *', startAt: '2029-03-01' }), 'UTC', START)).toMatchObject({ from: undefined })
  })
})

it('operators read when it runs', () => {
  const text = (fields: Omit<ScheduleStep, 'id' | 'type'>): string => scheduleText(step(fields), timetableOf(step(fields), 'Europe/Berlin', START))
  expect(text({ every: '15m' })).toBe('every 15m, from 2030-01-01T12:15:01Z on')
  expect(text({ every: '1d', runOnce: true })).toBe('every 1d, from 2030-01-02T12:00:01Z on, once')
  expect(text({ cron: '0 6 * * 1-5' })).toBe('cron 0 6 * * 1-5 (Europe/Berlin)')
  expect(text({ cron: '0 6 * * *', startAt: '2030-03-01' })).toBe('cron 0 6 * * * (Europe/Berlin), from 2030-03-01 on')
})

it("a schedule's data is told from a webhook's", () => {
  expect(isScheduled({ scheduledAt: '2030-01-01T00:00:00.000Z', startedAt: '2030-01-01T00:00:00.000Z' })).toBe(true)
  expect(isScheduled({ body: { scheduledAt: 1 }, headers: {}, query: {}, method: 'POST' })).toBe(false)
})

it('time zones are those of the IANA, in any case; offsets are none', () => {
  expect(['Europe/Berlin', 'europe/berlin', 'UTC', 'US/Pacific'].map(timezoneOf)).toEqual(['Europe/Berlin', 'Europe/Berlin', 'UTC', 'America/Los_Angeles'])
  for (const name of ['', 'Mars/Olympus', '+01:00', '-05', 'Berlin', 'UTC+1', '../etc/passwd']) expect(timezoneOf(name)).toBe(undefined)
})

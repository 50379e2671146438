import { describe, expect, it } from 'vitest'
import { problems } from './documents.ts'

const schedule = (fields: object) =>
  problems({
    name: 'Test',
    steps: [
      { id: 'tick', type: 'schedule', next: 'work', ...fields },
      { id: 'work', type: 'script', source: 'function run() {}', input: '{{tick.scheduledAt}} {{tick.startedAt}}' },
    ],
  })

describe('a schedule (cycles.md 4)', () => {
  it.each([
    { every: '1s' },
    { every: '1000ms' },
    { every: '366d', runOnce: true },
    { every: '1w', startAt: '2030-01-31T06:00:00+01:00' },
    { every: '15m', startAt: '2030-01-31', timezone: 'Europe/Berlin' },
    { cron: '*/5 * * * *' },
    { cron: '0 6 * * MON-FRI', timezone: 'America/New_York', startAt: '2030-01-31T06:00', runOnce: false },
  ])('%j is one', fields => {
    expect(schedule(fields)).toEqual([])
  })

  it('goes by an interval or by cron: by one of the two', () => {
    expect(schedule({})).toEqual(['steps[0]: A schedule needs every, such as 15m, or cron, such as 0 6 * * *'])
    expect(schedule({ every: '1h', cron: '0 6 * * *' })).toEqual(['steps[0].cron: Give every or cron, not both'])
  })

  it.each([
    ['999ms', '999ms is out of its limits: 1s to 366d'],
    ['0s', '0s is out of its limits: 1s to 366d'],
    ['367d', '367d is out of its limits: 1s to 366d'],
    ['1500ms', '1500ms must be whole seconds'],
    ['hourly', '"hourly" is not a duration: write 500ms, 90s, 15m, 2h, 31d or 1w'],
  ])('its interval is whole seconds, one at least: %s', (every, message) => {
    expect(schedule({ every })).toEqual([`steps[0].every: ${message}`])
  })

  it.each([
    ['0 25 * * *', '"25" is no hour: 0 to 23'],
    ['0 0 30 2 *', 'Never falls due: none of its months has a day 30'],
    ['', 'Must have five fields (minute, hour, day of the month, month, day of the week), such as 0 6 * * 1-5; it has none'],
    ['@hourly', 'Must have five fields (minute, hour, day of the month, month, day of the week), such as 0 6 * * 1-5; it has 1'],
  ])('its cron is read when it is saved: %j', (cron, message) => {
    expect(schedule({ cron })).toEqual([`steps[0].cron: ${message}`])
  })

  it.each(['Mars/Olympus', '+01:00', ''])('its time zone has to be there: %j', timezone => {
    expect(schedule({ cron: '0 6 * * *', timezone })).toEqual(['steps[0].timezone: Must be an IANA time zone, such as Europe/Berlin'])
  })

  it.each([
    ['tomorrow', 'Must be an instant in ISO 8601, such as 2030-01-31T06:00:00Z'],
    ['2030-02-30T06:00:00Z', 'Is a time that no calendar and no clock has'],
    ['2030-01-31T25:00:00Z', 'Is a time that no calendar and no clock has'],
    ['2100-01-01T00:00:00Z', 'Must be before the year 2100: Temporal knows no later runs'],
  ])('its startAt is an instant: %s', (startAt, message) => {
    expect(schedule({ every: '1d', startAt })).toEqual([`steps[0].startAt: ${message}`])
  })

  it('is the trigger, and nothing else', () => {
    expect(
      problems({
        name: 'Test',
        steps: [
          { id: 'order', type: 'webhook', next: 'tick' },
          { id: 'tick', type: 'schedule', every: '1h' },
        ],
      }),
    ).toEqual(['steps[1].type: A schedule is a trigger: it can only be the first step'])
  })
})

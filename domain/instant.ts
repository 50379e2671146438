/** Instants as they are written: ISO 8601 dates and times, with an offset or in a time zone (cycles.md 4). */

/** Whole seconds since the epoch, and the fraction's digits without zeros at the end. */
export interface Instant {
  readonly seconds: number
  readonly fraction: string
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/

/** Reads a date, or a date and time; without an offset it is in `timezone` (IANA name; default UTC). Days that no calendar has are none: undefined. */
export function instantOf(text: string, timezone?: string): Instant | undefined {
  const match = ISO.exec(text)
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0))
  if (year === undefined || month === undefined || day === undefined || hour === undefined || minute === undefined || second === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  const zone = /^([+-])(\d\d):?(\d\d)?$/.exec(match[8] ?? '')
  const [zoneHours, zoneMinutes] = [Number(zone?.[2] ?? 0), Number(zone?.[3] ?? 0)]
  if (!real || zoneHours > 23 || zoneMinutes > 59) return undefined
  const wall = date.getTime() / 1000 + hour * 3600 + minute * 60 + second
  const fraction = (match[7] ?? '').replace(/0+$/, '')
  if (match[8] === undefined && timezone !== undefined) return { seconds: wallTime(wall, timezone), fraction }
  const offset = (zoneHours * 3600 + zoneMinutes * 60) * (zone?.[1] === '-' ? -1 : 1)
  return { seconds: wall - offset, fraction }
}

/** Milliseconds since the epoch, fractions of them cut off. */
export const millisecondsOf = ({ seconds, fraction }: Instant): number => seconds * 1000 + Number(fraction.slice(0, 3).padEnd(3, '0'))

/** The instant at which clocks in a zone show a wall time: of two the earlier one; of none, what the clocks jump to. */
function wallTime(wall: number, timezone: string): number {
  const before = wall - offsetAt(wall - 86_400, timezone)
  const after = wall - offsetAt(wall + 86_400, timezone)
  const fits = [before, after].find(seconds => seconds + offsetAt(seconds, timezone) === wall)
  return fits ?? Math.max(before, after)
}

/** Seconds that a zone's clocks are ahead of UTC at an instant. */
function offsetAt(seconds: number, timezone: string): number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  })
  const parts = new Map(format.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]))
  const part = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name))
  const shown = new Date(0)
  shown.setUTCFullYear(parts.get('era') === 'BC' ? 1 - part('year') : part('year'), part('month') - 1, part('day'))
  return shown.getTime() / 1000 + part('hour') * 3600 + part('minute') * 60 + part('second') - seconds
}

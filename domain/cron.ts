/**
 * Cron as authors write it (cycles.md 4): minute, hour, day of the month, month, day of the week. Each is `*`, a value, a range, a list of them, with
 * a step where wanted. Where both kinds of day are restricted, either of them is enough, as everywhere but in Temporal.
 */

interface Field {
  readonly name: string
  readonly min: number
  readonly max: number
  /** What may stand for numbers, the first for `min`. */
  readonly names: readonly string[]
}

const FIELDS: readonly Field[] = [
  { name: 'minute', min: 0, max: 59, names: [] },
  { name: 'hour', min: 0, max: 23, names: [] },
  { name: 'day of the month', min: 1, max: 31, names: [] },
  { name: 'month', min: 1, max: 12, names: ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'] },
  // Sunday is 0 and 7.
  { name: 'day of the week', min: 0, max: 7, names: ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'] },
]
/** Days of each month in a leap year. */
const LONGEST = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

type Read = { readonly ok: true; readonly lines: readonly string[] } | { readonly ok: false; readonly problem: string }

/** What is wrong with a cron text, as a sentence; undefined: it is right, and falls due some day. */
export function cronProblem(text: string): string | undefined {
  const read = readCron(text)
  return read.ok ? undefined : read.problem
}

/** A cron text in the terms of Temporal, whose lines fall due when all five fields fit: of several lines each one counts. Throws where it has a problem. */
export function cronLines(text: string): readonly string[] {
  const read = readCron(text)
  if (!read.ok) throw new Error(read.problem)
  return read.lines
}

function readCron(text: string): Read {
  const texts = text.trim().split(/\s+/)
  if (text.trim() === '' || texts.length !== FIELDS.length) {
    const has = text.trim() === '' ? 'none' : String(texts.length)
    return { ok: false, problem: `Must have five fields (minute, hour, day of the month, month, day of the week), such as 0 6 * * 1-5; it has ${has}` }
  }
  const sets: number[][] = []
  for (const [i, field] of FIELDS.entries()) {
    const values = valuesOf(texts[i] ?? '', field)
    if (typeof values === 'string') return { ok: false, problem: values }
    sets.push(values)
  }
  const [, , days = [], months = [], weekdays = []] = sets
  const restricted = (at: number): boolean => texts[at]?.startsWith('*') === false
  const either = restricted(2) && restricted(4)
  if (!either && !months.some(month => days.some(day => day <= (LONGEST[month - 1] ?? 0))))
    return { ok: false, problem: `Never falls due: none of its months has a day ${days.join(' or ')}` }
  const line = (ofMonth: readonly number[], ofWeek: readonly number[]): string =>
    [...sets.slice(0, 2), ofMonth, months, ofWeek].map((values, at) => written(values, at)).join(' ')
  const all = (at: number): number[] => span(FIELDS[at]?.min ?? 0, FIELDS[at]?.max ?? 0)
  return { ok: true, lines: either ? [line(days, all(4)), line(all(2), weekdays)] : [line(days, weekdays)] }
}

const span = (from: number, to: number, step = 1): number[] => Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step)

/** All values of a field are a star. */
function written(values: readonly number[], at: number): string {
  const size = at === 4 ? 7 : (FIELDS[at]?.max ?? 0) - (FIELDS[at]?.min ?? 0) + 1
  const distinct = [...new Set(at === 4 ? values.map(day => day % 7) : values)].toSorted((a, b) => a - b)
  return distinct.length === size ? '*' : distinct.join(',')
}

/** The values of a field, or what is wrong with it. */
function valuesOf(text: string, field: Field): number[] | string {
  const values: number[] = []
  for (const part of text.split(',')) {
    const found = partOf(part, field)
    if (typeof found === 'string') return found
    values.push(...found)
  }
  return values
}

function partOf(part: string, field: Field): number[] | string {
  const [range = '', stepText, ...more] = part.split('/')
  const [fromText = '', toText, ...others] = range.split('-')
  if (more.length > 0 || others.length > 0) return noValue(part, field)
  const step = stepText === undefined ? 1 : number(stepText)
  if (step === undefined || step < 1 || step > field.max)
    return `${JSON.stringify(part)} has a wrong step for the ${field.name}: a whole number from 1 to ${field.max} is expected behind the slash`
  if (range === '*') return span(field.min, field.max, step)
  const from = valueOf(fromText, field)
  const to = toText === undefined ? (stepText === undefined ? from : field.max) : valueOf(toText, field)
  if (from === undefined || to === undefined) return noValue(toText === undefined || from === undefined ? fromText : toText, field)
  // A week may be said to end on Sunday.
  const end = field.name === 'day of the week' && to === 0 && from > 0 ? 7 : to
  return end < from ? `${JSON.stringify(range)} is a range of the ${field.name} that ends before it begins` : span(from, end, step)
}

const number = (text: string): number | undefined => (/^\d{1,4}$/.test(text) ? Number(text) : undefined)

function valueOf(text: string, { min, max, names }: Field): number | undefined {
  const named = names.indexOf(text.toUpperCase())
  const value = named === -1 ? number(text) : min + named
  return value !== undefined && value >= min && value <= max ? value : undefined
}

function noValue(text: string, { name, min, max, names }: Field): string {
  const or = names.length === 0 ? '' : `, or ${names[0]} to ${names.at(-1)}`
  return `${JSON.stringify(text)} is no ${name}: ${min} to ${max}${or}`
}

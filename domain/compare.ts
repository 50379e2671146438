/** How two values compare (cycles.md 4): numbers and numeric strings as numbers, ISO dates as instants, else as strings. Never throws; linear time. */
import type { Json } from './json.ts'
import { isJsonObject } from './objects.ts'

/** A decimal number without limits of size: ±0.`digits` × 10^`exponent`; `digits` has no zero at either end, zero has none. */
interface Decimal {
  readonly negative: boolean
  readonly digits: string
  readonly exponent: number
}

const DECIMAL = /^\s*([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,15}))?\s*$/

function trimZeros(digits: string): { readonly digits: string; readonly leading: number } {
  let from = 0
  let to = digits.length
  while (from < to && digits[from] === '0') from++
  while (to > from && digits[to - 1] === '0') to--
  return { digits: digits.slice(from, to), leading: from }
}

function decimal(value: Json): Decimal | undefined {
  if (typeof value !== 'number' && typeof value !== 'string') return undefined
  const match = DECIMAL.exec(String(value))
  const whole = match?.[2] ?? ''
  const fraction = match?.[3] ?? ''
  if (!match || whole + fraction === '') return undefined
  const { digits, leading } = trimZeros(whole + fraction)
  if (digits === '') return { negative: false, digits, exponent: 0 }
  return { negative: match[1] === '-', digits, exponent: whole.length - leading + Number(match[4] ?? 0) }
}

const order = <T extends string | number>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0)

function orderDecimals(a: Decimal, b: Decimal): number {
  const sign = (d: Decimal): number => (d.digits === '' ? 0 : d.negative ? -1 : 1)
  if (sign(a) !== sign(b)) return order(sign(a), sign(b))
  return sign(a) * (order(a.exponent, b.exponent) || order(a.digits, b.digits))
}

/** An instant: whole seconds since the epoch, and the fraction's digits without zeros at the end. */
interface Instant {
  readonly seconds: number
  readonly fraction: string
}

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,30}))?)?\s?([Zz]|[+-]\d\d(?::?\d\d)?)?)?$/

/** ISO dates and times; without a zone they are UTC. Days that no calendar has are none. */
function instant(value: Json): Instant | undefined {
  const match = typeof value === 'string' ? ISO.exec(value) : null
  if (!match) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(part => Number(part ?? 0))
  if (year === undefined || month === undefined || day === undefined || hour === undefined || minute === undefined || second === undefined) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60
  const zone = /^([+-])(\d\d):?(\d\d)?$/.exec(match[8] ?? '')
  const [zoneHours, zoneMinutes] = [Number(zone?.[2] ?? 0), Number(zone?.[3] ?? 0)]
  if (!real || zoneHours > 23 || zoneMinutes > 59) return undefined
  const offset = (zoneHours * 3600 + zoneMinutes * 60) * (zone?.[1] === '-' ? -1 : 1)
  return { seconds: date.getTime() / 1000 + hour * 3600 + minute * 60 + second - offset, fraction: (match[7] ?? '').replace(/0+$/, '') }
}

/** Scalars as text; undefined for missing values, null, objects and lists, which have no order. */
export function scalarText(value: Json | undefined): string | undefined {
  return value === undefined || value === null || typeof value === 'object' ? undefined : String(value)
}

/** Negative, zero or positive; undefined where the two have no order. */
export function compare(a: Json | undefined, b: Json | undefined): number | undefined {
  const left = scalarText(a)
  const right = scalarText(b)
  if (a === undefined || b === undefined || left === undefined || right === undefined) return undefined
  const [leftNumber, rightNumber] = [decimal(a), decimal(b)]
  if (leftNumber && rightNumber) return orderDecimals(leftNumber, rightNumber)
  const [leftInstant, rightInstant] = [instant(a), instant(b)]
  if (leftInstant && rightInstant) return order(leftInstant.seconds, rightInstant.seconds) || order(leftInstant.fraction, rightInstant.fraction)
  return order(left, right)
}

/** Equality: scalars as they compare, objects and lists deeply; a missing value equals null. Depth costs no stack. */
export function equal(a: Json | undefined, b: Json | undefined): boolean {
  const open: [Json | undefined, Json | undefined][] = [[a, b]]
  for (let pair = open.pop(); pair; pair = open.pop()) {
    const [left, right] = pair
    if (Array.isArray(left) && Array.isArray(right)) {
      if (left.length !== right.length) return false
      for (const [i, element] of left.entries()) open.push([element, right[i]])
    } else if (isJsonObject(left) && isJsonObject(right)) {
      const names = Object.keys(left)
      if (names.length !== Object.keys(right).length) return false
      for (const name of names) {
        if (!Object.hasOwn(right, name)) return false
        open.push([left[name], right[name]])
      }
    } else if (!((left ?? null) === null && (right ?? null) === null) && compare(left, right) !== 0) return false
  }
  return true
}

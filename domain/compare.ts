/** How two values compare (cycles.md 4): numbers and numeric strings as numbers, ISO dates as instants, else as strings. Never throws; linear time. */
import { instantOf } from './instant.ts'
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
  const [leftInstant, rightInstant] = [a, b].map(value => (typeof value === 'string' ? instantOf(value) : undefined))
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

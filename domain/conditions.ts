/** The conditions of a decision (cycles.md 4). None throws, whatever the values are, and each takes time linear in them. */
import { RE2JS } from 're2js'
import { compare, equal, scalarText } from './compare.ts'
import type { Condition } from './document.ts'
import type { Json } from './json.ts'

type Value = Json | undefined
type Test = (left: Value, right: Value) => boolean

/** Longest pattern, in characters. */
export const MAX_PATTERN = 1000
/** RE2's time is at most the instructions of the pattern times the characters of the text (30 ns each): beyond this, about a second, nothing matches. */
const MAX_WORK = 50_000_000

/** What is wrong with a regular expression; undefined: nothing. Look-around and back references are not RE2. */
export function patternProblem(pattern: string): string | undefined {
  if (pattern.length > MAX_PATTERN) return `A regular expression has at most ${MAX_PATTERN} characters`
  try {
    RE2JS.compile(pattern)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

function matches(left: Value, right: Value): boolean {
  const text = scalarText(left)
  const pattern = scalarText(right)
  if (text === undefined || pattern === undefined || pattern.length > MAX_PATTERN) return false
  try {
    const compiled = RE2JS.compile(pattern)
    return compiled.programSize() * text.length <= MAX_WORK && compiled.matcher(text).find()
  } catch {
    return false
  }
}

/** Compares the texts of two scalars; false where one is none. */
const onTexts =
  (test: (left: string, right: string) => boolean): Test =>
  (left, right) => {
    const [a, b] = [scalarText(left), scalarText(right)]
    return a !== undefined && b !== undefined && test(a, b)
  }

const ordered =
  (test: (order: number) => boolean): Test =>
  (left, right) => {
    const order = compare(left, right)
    return order !== undefined && test(order)
  }

const exists: Test = left => left !== undefined && left !== null
const includes = onTexts((left, right) => left.includes(right))
const contains: Test = (left, right) => (Array.isArray(left) ? left.some(element => equal(element, right)) : includes(left, right))

/** A missing condition does not compile. The right side of `exists` and `notExists` is not looked at. */
const tests: { readonly [C in Condition]: Test } = {
  exists,
  notExists: (left, right) => !exists(left, right),
  equals: equal,
  notEquals: (left, right) => !equal(left, right),
  contains,
  notContains: (left, right) => !contains(left, right),
  greaterThan: ordered(order => order > 0),
  greaterThanOrEqual: ordered(order => order >= 0),
  lessThan: ordered(order => order < 0),
  lessThanOrEqual: ordered(order => order <= 0),
  startsWith: onTexts((left, right) => left.startsWith(right)),
  endsWith: onTexts((left, right) => left.endsWith(right)),
  in: (left, right) => contains(right, left),
  matches,
}

/** Whether the condition holds. `right` may be missing. */
export function holds(condition: Condition, left: Json | undefined, right?: Json): boolean {
  return tests[condition](left, right)
}

/** How deep and how large a value may be (webhooks.md 3). */
import type { Json } from '../json.ts'

/**
 * Why the value is over a limit; undefined: it is within. A scalar has depth 0, a list or object one more than what is in it. Scalars, empty lists and
 * empty objects are values; what only holds others is not one more: a list of 100,000 numbers has 100,000.
 */
export function overLimit(value: Json, limits: { readonly maxDepth: number; readonly maxValues: number }): string | undefined {
  const stack: { readonly value: Json; readonly depth: number }[] = [{ value, depth: 0 }]
  let values = 0
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    const children = at.value === null || typeof at.value !== 'object' ? undefined : Object.values(at.value)
    if (children === undefined || children.length === 0) values += 1
    if (values > limits.maxValues) return `the body has more than ${limits.maxValues} values`
    if (children === undefined) continue
    const depth = at.depth + 1
    if (depth > limits.maxDepth) return `the body is nested deeper than ${limits.maxDepth}`
    for (const child of children) stack.push({ value: child, depth })
  }
  return undefined
}

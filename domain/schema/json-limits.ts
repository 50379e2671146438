/** Whether a value is JSON, and within limits that no real document reaches: what follows may then walk it without care. */
import type { Problem } from '../errors.ts'
import type { Json } from '../json.ts'
import { placeText } from './paths.ts'

/** Largest document, in bytes of its text (cycles.md 1). */
export const DOCUMENT_MAX = 256 * 1024

const MAX_DEPTH = 64
const MAX_VALUES = 50_000

const isScalar = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))

/** The value as JSON, or what is wrong with it. Costs no stack, and ends with values that hold themselves. */
export function asJson(input: unknown): { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly problem: Problem } {
  const open: { readonly value: unknown; readonly path: readonly PropertyKey[] }[] = [{ value: input, path: [] }]
  let count = 0
  const no = (path: readonly PropertyKey[], message: string) => ({ ok: false, problem: { path: placeText(path.slice(0, 8)), message } }) as const
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next
    if (++count > MAX_VALUES) return no([], `The document has more than ${MAX_VALUES} values`)
    if (path.length > MAX_DEPTH) return no(path, `The document is nested more than ${MAX_DEPTH} levels deep`)
    if (isScalar(value)) continue
    if (typeof value !== 'object' || value === null) return no(path, `Must be a JSON value; ${String(value)} is none`)
    if (Array.isArray(value)) for (const [i, element] of value.entries()) open.push({ value: element, path: [...path, i] })
    else for (const [name, child] of Object.entries(value)) open.push({ value: child, path: [...path, name] })
  }
  return { ok: true, value: JSON.parse(JSON.stringify(input)) }
}

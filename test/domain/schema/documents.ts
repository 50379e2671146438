/** Documents for the tests of the schema. */
import { parseDocument } from '../../../domain/schema/index.ts'

type Part = { readonly [name: string]: unknown }

/** A document with a trigger `order`, then the given steps one after the other, then the answer `done`. Steps without `next` lead to the one after them. */
export function documentOf(steps: readonly Part[], rest: Part = {}): Part {
  const all: Part[] = [{ id: 'order', type: 'webhook' }, ...steps, { id: 'done', type: 'synchronousResponse' }]
  const linked = all.map((step, i) => {
    const after = all[i + 1]
    const leads = 'next' in step || 'true' in step || after === undefined
    return leads ? step : { ...step, [step['type'] === 'decision' ? 'true' : 'next']: after['id'] }
  })
  return { name: 'Test', steps: linked, ...rest }
}

/** The problems of a document as `path: message`; none where it is valid. */
export function problems(input: unknown): string[] {
  const parsed = parseDocument(input)
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`)
}

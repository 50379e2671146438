/** Whole lists, from what comes in pages. */
import type { Listed, Page } from './registry.ts'

type List<T> = (page: Page) => Promise<Listed<T>>

/** One after the other; what comes or goes meanwhile may be missed. */
export async function* everyOf<T>(list: List<T>, pageSize = 200): AsyncGenerator<T, void, undefined> {
  for (let page = 1; ; page++) {
    const { items, total } = await list({ page, pageSize })
    yield* items
    if (page * pageSize >= total) return
  }
}

/** All at once, of what is small: in one page as a rule. */
export async function allOf<T>(list: List<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const one of everyOf(list, 10_000)) all.push(one)
  return all
}

import { expect, test } from 'vitest'
import { allOf, everyOf } from '../../storage/pages.ts'
import type { Listed, Page } from '../../storage/registry.ts'

const paged =
  (count: number, asked: number[] = []) =>
  async ({ page, pageSize }: Page): Promise<Listed<number>> => {
    asked.push(page)
    const all = Array.from({ length: count }, (_, n) => n)
    return { items: all.slice((page - 1) * pageSize, page * pageSize), total: count }
  }

test.each([0, 1, 3, 4, 6, 7])('all of %i come, in order, and no page is asked for behind the last', async count => {
  const asked: number[] = []
  const found: number[] = []
  for await (const one of everyOf(paged(count, asked), 3)) found.push(one)
  expect(found).toEqual(Array.from({ length: count }, (_, n) => n))
  expect(asked).toHaveLength(Math.max(1, Math.ceil(count / 3)))
  expect(await allOf(paged(count))).toEqual(found)
})

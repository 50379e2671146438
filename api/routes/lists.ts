/** The rules of lists (api.md): pages with `Total-Pages`, or `after` and `before` for what comes newest first. */
import { z } from 'zod'
import { asTransactionId, type TransactionId } from '../../domain/ids.ts'
import type { Listed, Page } from '../../storage/registry.ts'
import type { Answer, AnswerSpec } from '../route.ts'

const pageSize = z.coerce.number().int().min(1).max(500).default(50).describe('1 to 500.')

export const pageQuery = z.object({ page: z.coerce.number().int().min(1).max(1_000_000).default(1).describe('From 1.'), pageSize })

const id = z.string().min(1).max(300)

export const newestFirstQuery = z.object({
  pageSize,
  after: id.optional().describe('The last id seen: the list goes on behind it, with older ones.'),
  before: id.optional().describe('Only those newer than this id.'),
})

/** A bare array, with the number of pages in a header. */
export function paged<T, U>({ items, total }: Listed<T>, page: Page, view: (item: T) => U): Answer {
  return { status: 200, body: items.map(view), headers: { 'Total-Pages': String(Math.ceil(total / page.pageSize)) } }
}

export const pagedAnswer = (description: string, item: z.ZodType): AnswerSpec => ({
  description,
  schema: z.array(item),
  headers: { 'Total-Pages': 'How many pages there are at this size.' },
})

/** A GUID in its one form, or undefined. */
export function guidOf(text: string | undefined): string | undefined {
  const lower = text?.toLowerCase()
  return lower !== undefined && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(lower) ? lower : undefined
}

/** The id of a transaction, or of a split item, in its one form: its parent's, then the split step, which execution of it, and the element. */
export function transactionIdOf(text: string | undefined): TransactionId | undefined {
  const [, guid, item = ''] = /^([^.]{36})((?:\.[A-Za-z][A-Za-z0-9_]*\.\d{1,9}\.\d{1,9})*)$/.exec(text ?? '') ?? []
  const whole = guidOf(guid)
  return whole === undefined ? undefined : asTransactionId(whole + item)
}

/** What the routes of several nouns share. */
import { z } from 'zod'
import { ApiError, type ApiErrorCode } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'

/** Any JSON value: it was parsed from a body. */
export const json = () => z.custom<Json>(value => value !== undefined)

/** Passes where a record was changed. Throws `notFound`, or `record_changed`. */
export function unlessRecord(answer: 'done' | 'changed' | 'gone' | 'taken', notFound: ApiErrorCode, noun: string): void {
  if (answer === 'gone') throw new ApiError(notFound, `There is no such ${noun}.`)
  if (answer !== 'done') throw new ApiError('record_changed', `The ${noun} was changed by someone else meanwhile: read it again.`)
}

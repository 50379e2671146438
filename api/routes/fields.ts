/** What the routes of several nouns share. */
import { z } from 'zod'
import { ApiError, type ApiErrorCode } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'

/** Any JSON value: it was parsed from a body. */
export const json = () => z.custom<Json>(value => value !== undefined)

/** `true` or `false` in a query, in any case; false where it is left out. */
export const queryFlag = z
  .string()
  .toLowerCase()
  .pipe(z.enum(['true', 'false']))
  .default('false')

/** An http or https URL without user name and password. */
export const httpUrl = z.string().trim().max(2_000).refine(isHttpUrl, 'must be an http or https URL without user name and password')

export function isHttpUrl(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === ''
}

/** An origin as browsers write it: scheme, host, port where it is none of its own. */
export const origin = z
  .string()
  .trim()
  .max(300)
  .refine(text => isHttpUrl(text) && /^https?:\/\/[^/?#*;,\s]+\/?$/i.test(text), 'must be an origin, such as https://app.example.com')
  .transform(text => new URL(text).origin)

/** An origin, or all subdomains of one: `https://*.example.com`. */
export const embeddingOrigin = z
  .string()
  .trim()
  .max(300)
  .refine(
    text => isHttpUrl(text.replace('://*.', '://')) && /^https?:\/\/(\*\.)?[^/?#*;,\s]+\/?$/i.test(text),
    'must be an origin, such as https://app.example.com or https://*.example.com',
  )
  .transform(text => new URL(text.replace('://*.', '://')).origin.replace('://', text.includes('://*.') ? '://*.' : '://'))

/** Passes where a record was changed. Throws `notFound`, or `record_changed`. */
export function unlessRecord(answer: 'done' | 'changed' | 'gone' | 'taken', notFound: ApiErrorCode, noun: string): void {
  if (answer === 'gone') throw new ApiError(notFound, `There is no such ${noun}.`)
  if (answer !== 'done') throw new ApiError('record_changed', `The ${noun} was changed by someone else meanwhile: read it again.`)
}

/** Forms come from our own pages, in the session that the page was shown to (marketplace.md 4). */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import type { Session } from './session.ts'

/** Name of the hidden field that each form has. */
export const FORM_FIELD = 'csrf'

/** What each form of a session has in it: only who knows the session's id can make it. */
export const formToken = ({ id }: Pick<Session, 'id'>): string => createHmac('sha256', id).update('form').digest('base64url')

export interface SentForm {
  readonly headers: { readonly [name: string]: string | undefined }
  readonly fields: URLSearchParams
}

/** Throws `form_refused` for a form of another site, or of another session. */
export function checkForm(session: Pick<Session, 'id'>, { headers, fields }: SentForm, publicUrl: string): void {
  const site = headers['sec-fetch-site']
  const foreign = site === 'cross-site' || site === 'same-site' || (headers.origin !== undefined && !isOwn(headers.origin, headers.host, publicUrl))
  if (foreign || !same(fields.get(FORM_FIELD) ?? '', formToken(session))) throw new ApiError('form_refused', 'The form is not one of a page of this session.')
}

function isOwn(origin: string, host: string | undefined, publicUrl: string): boolean {
  if (!URL.canParse(origin)) return false
  const url = new URL(origin)
  return url.origin === new URL(publicUrl).origin || url.host === host?.toLowerCase()
}

const same = (one: string, other: string): boolean => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))

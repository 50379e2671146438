/** How it is known that the browser that comes back from an application is the one that went there: random texts, as cookies (decision 21). */
import { createHmac, randomBytes } from 'node:crypto'
import { cookieText, readCookie, type Headers } from '../cookies.ts'

/** An hour: so long the way back of an authorisation is known. */
const MAX_AGE_S = 3_600

/** Read by the callback. */
const RETURNING = 'flywheel_oauth'
/** Of the page that asks whether to go on. */
const ASKED = 'flywheel_authorize'

export const returningBrowser = (headers: Headers): string | undefined => readCookie(RETURNING, headers)
export const askedBrowser = (headers: Headers): string | undefined => readCookie(ASKED, headers)

export const newBrowser = (): string => randomBytes(32).toString('base64url')

/**
 * From what only the browser has, its session or the text of the page that asked: the same for all windows of that browser, so that one does not
 * undo another's.
 */
export const returningOf = (secret: string): string => createHmac('sha256', secret).update('oauth').digest('base64url')

export const returningCookie = (publicUrl: string, value: string, headers: Headers): string =>
  cookieText(publicUrl, { name: RETURNING, value, path: '/oauth', framed: isFramed(headers), maxAgeS: MAX_AGE_S })
export const askedCookie = (publicUrl: string, value: string): string =>
  cookieText(publicUrl, { name: ASKED, value, path: '/account/authorize', framed: false, maxAgeS: MAX_AGE_S })

/** With `InlineOAuth` the whole way may be in a frame. */
const isFramed = (headers: Headers): boolean => /^i?frame$/.test(headers['sec-fetch-dest'] ?? '')

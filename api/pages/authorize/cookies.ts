/** How it is known that the browser that comes back from an application is the one that went there: random texts, as cookies (decision 21). */
import { createHmac, randomBytes } from 'node:crypto'

/** An hour: so long the way back of an authorisation is known. */
const MAX_AGE_S = 3_600

type Headers = { readonly [name: string]: string | undefined }

/** Read by the callback. */
const RETURNING = 'flywheel_oauth'
/** Of the page that asks whether to go on. */
const ASKED = 'flywheel_authorize'

const read = (name: string, { cookie }: Headers): string | undefined => new RegExp(`(?:^|;\\s*)${name}=([\\w-]{43})(?:;|$)`).exec(cookie ?? '')?.[1]

export const returningBrowser = (headers: Headers): string | undefined => read(RETURNING, headers)
export const askedBrowser = (headers: Headers): string | undefined => read(ASKED, headers)

export const newBrowser = (): string => randomBytes(32).toString('base64url')

/**
 * From what only the browser has, its session or the text of the page that asked: the same for all windows of that browser, so that one does not
 * undo another's.
 */
export const returningOf = (secret: string): string => createHmac('sha256', secret).update('oauth').digest('base64url')

export const returningCookie = (publicUrl: string, value: string, headers: Headers): string => cookie(publicUrl, RETURNING, value, '/oauth', isFramed(headers))
export const askedCookie = (publicUrl: string, value: string): string => cookie(publicUrl, ASKED, value, '/account/authorize', false)

/** With `InlineOAuth` the whole way may be in a frame: of another site's only a partitioned cookie comes back. */
const isFramed = (headers: Headers): boolean => /^i?frame$/.test(headers['sec-fetch-dest'] ?? '')

function cookie(publicUrl: string, name: string, value: string, path: string, framed: boolean): string {
  const { protocol, pathname } = new URL(publicUrl)
  const secure = protocol === 'https:' ? '; Secure' : ''
  const scope = framed ? 'SameSite=None; Secure; Partitioned' : `SameSite=Lax${secure}`
  return `${name}=${value}; Path=${pathname.replace(/\/$/, '')}${path}; Max-Age=${MAX_AGE_S}; HttpOnly; ${scope}`
}

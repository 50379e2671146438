/** Cookies of the pages: what they have in common. */
import { prefixOf } from './prefix.ts'

export type Headers = { readonly [name: string]: string | undefined }

/** 32 bytes, as text; anything else is none of ours. */
export const readCookie = (name: string, { cookie = '' }: Headers): string | undefined => new RegExp(`(?:^|;\\s*)${name}=([\\w-]{43})(?:;|$)`).exec(cookie)?.[1]

export interface Cookie {
  readonly name: string
  readonly value: string
  /** Under PUBLIC_URL. */
  readonly path: string
  /** In a frame of another site only a partitioned cookie comes back. */
  readonly framed: boolean
  /** Left out: until the browser is closed. */
  readonly maxAgeS?: number
}

/** The header `Set-Cookie`. */
export function cookieText(publicUrl: string, { name, value, path, framed, maxAgeS }: Cookie): string {
  const age = maxAgeS === undefined ? '' : `; Max-Age=${maxAgeS}`
  const secure = new URL(publicUrl).protocol === 'https:' ? '; Secure' : ''
  return `${name}=${value}; Path=${prefixOf(publicUrl)}${path}${age}; HttpOnly; ${framed ? 'SameSite=None; Secure; Partitioned' : `SameSite=Lax${secure}`}`
}

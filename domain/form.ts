/** JSON as `application/x-www-form-urlencoded`: the inverse of how forms are read (webhooks.md 3). */
import type { Json } from './json.ts'
import { isJsonObject } from './objects.ts'

/** As browsers encode: blanks are `+`, and what is no whole character becomes U+FFFD. */
function encode(text: string): string {
  const whole = text.replace(/\p{Surrogate}/gu, '\ufffd')
  return encodeURIComponent(whole).replace(/%20|[!'()~]/g, found => (found === '%20' ? '+' : `%${found.charCodeAt(0).toString(16).toUpperCase()}`))
}

const textOf = (value: Json): string => (value === null ? '' : typeof value === 'object' ? JSON.stringify(value) : String(value))

/** Name and value pairs; lists as repeated names, null as nothing, objects as JSON. A string is taken as a form that the author wrote. */
export function formPairs(value: Json): readonly (readonly [string, string])[] {
  if (!isJsonObject(value)) return []
  return Object.entries(value).flatMap(([name, child]) => (Array.isArray(child) ? child : [child]).map(each => [name, textOf(each)] as const))
}

export function serializeForm(value: Json): string {
  if (typeof value === 'string') return value
  return formPairs(value)
    .map(([name, text]) => `${encode(name)}=${encode(text)}`)
    .join('&')
}

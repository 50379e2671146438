/** What goes out over HTTP, of responses and requests alike: bodies written in their type, and headers (cycles.md 4). */
import type { BodyType } from './document.ts'
import { serializeForm } from './form.ts'
import type { Json } from './json.ts'
import { toText } from './merge.ts'
import { isJsonObject } from './objects.ts'
import { serializeXml } from './xml.ts'

/** The value cannot be sent. The message says why. */
export class OutgoingError extends Error {
  override readonly name = 'OutgoingError'
}

const contentTypes: { readonly [T in BodyType]: string } = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** Headers of the connection are the server's or the client's own: a forwarded one would break the message. */
const CONNECTION_HEADERS = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

/** Header fields by name as written; null ones and those of the connection are left out. Throws `OutgoingError`. */
export function headerFields(headers: Json | undefined): { [name: string]: string } {
  const fields: { [name: string]: string } = {}
  if (headers === undefined || headers === null) return fields
  if (!isJsonObject(headers)) throw new OutgoingError('The headers are not an object')
  for (const [name, value] of Object.entries(headers)) {
    if (value === null || CONNECTION_HEADERS.has(name.toLowerCase())) continue
    if (!TOKEN.test(name)) throw new OutgoingError(`${JSON.stringify(name)} is not a header's name`)
    fields[name] = headerValue(name, toText(value))
  }
  return fields
}

/** The text itself, where a header can hold it. Throws `OutgoingError`. */
export function headerValue(name: string, text: string): string {
  if (!FIELD_VALUE.test(text)) throw new OutgoingError(`The value of the header ${name} holds characters that a header cannot`)
  return text
}

export const hasHeader = (fields: { readonly [name: string]: string }, name: string): boolean => Object.keys(fields).some(field => field.toLowerCase() === name)

/** A body in its type (default: json, or text for a string) with its content type. Throws `OutgoingError`. */
export function writeBody(body: Json, bodyType: BodyType | undefined): { readonly text: string; readonly contentType: string } {
  const type = bodyType ?? (typeof body === 'string' ? 'text' : 'json')
  return { text: textOf(body, type), contentType: contentTypes[type] }
}

function textOf(body: Json, type: BodyType): string {
  if (type === 'json') return JSON.stringify(body)
  if (type === 'text' || type === 'html') return toText(body)
  try {
    return type === 'xml' ? serializeXml(body) : serializeForm(body)
  } catch (error) {
    throw new OutgoingError(error instanceof Error ? error.message : String(error))
  }
}

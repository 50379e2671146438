/** Reads what the webhook endpoint needs from a request's head, without a framework: it runs for every accepted event. */
import type { IncomingMessage } from 'node:http'
import type { WebhookData } from '../../domain/document.ts'
import { WEBHOOK_PATHS as PATHS } from '../../domain/webhook-url.ts'

export type Headers = { [name: string]: string }
export type Query = WebhookData['query']

export interface Target {
  readonly of: keyof typeof PATHS
  readonly identifier: string
  /** The path, without the query. */
  readonly path: string
  /** What stands behind the question mark. */
  readonly search: string
}

/** What stands behind the path of webhook URLs, an identifier or not; undefined where the path is another. */
export function targetOf(url: string): Target | undefined {
  const of = url.startsWith(PATHS.webhook) ? 'webhook' : url.startsWith(PATHS.partner) ? 'partner' : undefined
  if (of === undefined) return undefined
  const mark = url.indexOf('?')
  const path = mark === -1 ? url : url.slice(0, mark)
  const identifier = path.endsWith('/') ? path.slice(PATHS[of].length, -1) : path.slice(PATHS[of].length)
  return { of, identifier, path, search: mark === -1 ? '' : url.slice(mark + 1) }
}

/** An identifier as they are made: anything else is unknown without a look-up (webhooks.md 1). */
export const isIdentifier = (text: string): boolean => /^[0-9A-Za-z]{22}$/.test(text)

/** All headers as sent: names in lower case, repeated ones joined with `, ` (webhooks.md 3). The object has no prototype. */
export function headersOf(req: Pick<IncomingMessage, 'rawHeaders'>): Headers {
  const headers: Headers = Object.create(null)
  const raw = req.rawHeaders
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = raw[i + 1] ?? ''
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return headers
}

/** Headers that were stored, again without a prototype. */
export const headersFrom = (stored: { readonly [name: string]: string }): Headers => Object.assign(Object.create(null), stored)

/** The query's parameters, decoded; repeated names as arrays (webhooks.md 3). The object has no prototype. */
export function queryOf(search: string): Query {
  const query: { [name: string]: string | string[] } = Object.create(null)
  if (search === '') return query
  for (const [name, value] of new URLSearchParams(search)) {
    const before = query[name]
    if (before === undefined) query[name] = value
    else if (typeof before === 'string') query[name] = [before, value]
    else before.push(value)
  }
  return query
}

/** Headers as they are stored: credentials are not (webhooks.md 3, 10). */
export function storedHeaders(headers: Headers, secretHeader: string | undefined): Headers {
  if (headers['authorization'] === undefined && headers['cookie'] === undefined && secretHeader === undefined) return headers
  const { authorization: _authorization, cookie: _cookie, ...kept } = headers
  if (secretHeader !== undefined) delete kept[secretHeader]
  return kept
}

/** `invalid`: a key was sent that is not one to 255 visible ASCII characters (webhooks.md 5). */
export function keyOf(headers: Headers): { readonly ok: true; readonly key: string | undefined } | { readonly ok: false } {
  const key = headers['idempotency-key'] ?? headers['webhook-id']
  if (key === undefined) return { ok: true, key: undefined }
  return /^[\x21-\x7e]{1,255}$/.test(key) ? { ok: true, key } : { ok: false }
}

/** What is stored of one event (webhooks.md 2). */
const MAX_ENCODED = 1.5 * 1024 * 1024

/** A character is at most three bytes: most texts need no count. */
export const tooLarge = (encoded: string): boolean => encoded.length * 3 > MAX_ENCODED && Buffer.byteLength(encoded) > MAX_ENCODED

/** A call's request as it goes over the wire: URL, headers and body from the step's filled-in properties (cycles.md 4). */
import { StepError } from '../../domain/errors.ts'
import type { BodyType } from '../../domain/document.ts'
import { serializeForm } from '../../domain/form.ts'
import type { Json } from '../../domain/json.ts'
import { toText } from '../../domain/merge.ts'
import { isJsonObject } from '../../domain/objects.ts'
import { hasHeader, headerFields, headerValue, writeBody } from '../../domain/outgoing.ts'
import type { OutgoingCall } from '../contract.ts'

export interface OutgoingRequest {
  readonly method: string
  readonly url: URL
  readonly headers: { readonly [name: string]: string }
  readonly body: string | undefined
  /** Headers, in lower case, that another origin must not see. */
  readonly private: ReadonlySet<string>
}

/** Writes data into the detail of an error. */
export type Quote = (text: string) => string
export const quoted: Quote = text => JSON.stringify(text)

const METHOD = /^[A-Z]{1,20}$/
const bodyTypes: { readonly [T in BodyType]: true } = { json: true, xml: true, form: true, text: true, html: true }
const isBodyType = (text: string): text is BodyType => Object.hasOwn(bodyTypes, text)

const fail = (detail: string): never => {
  throw new StepError('buildFailed', detail)
}
const lost = (detail: string): never => {
  throw new StepError('callFailed', detail)
}

/** Throws a `StepError` `buildFailed` that says what cannot be built. */
export function buildRequest(call: OutgoingCall, userAgent: string, quote: Quote = quoted): OutgoingRequest {
  const method = call.method.toUpperCase()
  if (!METHOD.test(method) || method === 'CONNECT' || method === 'TRACE') fail(`${quote(call.method)} is not a method that can be called`)
  const url = urlOf(call.url, call.query, quote)
  try {
    const fields = headerFields(call.headers)
    const own = call.auth === undefined ? authOfUrl(url) : authOf(call.auth)
    for (const [name, value] of Object.entries(own)) replace(fields, name, headerValue(name, value))
    if (!hasHeader(fields, 'user-agent')) fields['user-agent'] = userAgent
    if (!hasHeader(fields, 'idempotency-key')) fields['idempotency-key'] = call.idempotencyKey
    if (!hasHeader(fields, 'accept')) fields['accept'] = 'application/json, */*;q=0.8'
    if (!hasHeader(fields, 'accept-encoding')) fields['accept-encoding'] = 'gzip, deflate, br'
    const body = bodyOf(call)
    if (body !== undefined && !hasHeader(fields, 'content-type')) fields['content-type'] = body.contentType
    return {
      method,
      url,
      headers: fields,
      body: body?.text,
      private: new Set(['authorization', 'cookie', 'proxy-authorization', ...Object.keys(own).map(name => name.toLowerCase())]),
    }
  } catch (error) {
    if (error instanceof StepError) throw error
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function bodyOf({ body, bodyType }: OutgoingCall): ReturnType<typeof writeBody> | undefined {
  if (body === undefined) return undefined
  return writeBody(body, bodyType !== undefined && isBodyType(bodyType) ? bodyType : undefined)
}

function urlOf(text: string, query: Json | undefined, quote: Quote): URL {
  const url = URL.parse?.(text) ?? (URL.canParse(text) ? new URL(text) : undefined)
  if (url === undefined) return fail(`${quote(text)} is not a URL`)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') fail(`Only http and https can be called, not ${url.protocol}`)
  const added = query === undefined || query === null ? '' : serializeForm(query)
  if (added !== '') url.search += `${url.search === '' ? '' : '&'}${added}`
  return url
}

function authOf(auth: Json | undefined): { [name: string]: string } {
  if (auth === undefined || auth === null) return {}
  const properties = isJsonObject(auth) ? auth : {}
  const part = (name: string): string => toText(properties[name] ?? null)
  switch (part('type')) {
    case 'basic':
      return { authorization: `Basic ${Buffer.from(`${part('username')}:${part('password')}`, 'utf8').toString('base64')}` }
    case 'bearer':
      return { authorization: `Bearer ${part('token')}` }
    case 'header':
      return { [part('header')]: part('value') }
    default:
      return fail('The type of auth must be basic, bearer or header')
  }
}

/** `https://user:password@host`: as basic authentication, which is what browsers and curl make of it. */
function authOfUrl(url: URL): { [name: string]: string } {
  if (url.username === '' && url.password === '') return {}
  const [username, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = ''
  url.password = ''
  return authOf({ type: 'basic', username: username ?? '', password: password ?? '' })
}

function replace(fields: { [name: string]: string }, name: string, value: string): void {
  for (const field of Object.keys(fields)) if (field.toLowerCase() === name.toLowerCase()) delete fields[field]
  Object.assign(fields, headerFields({ [name]: value }))
}

/** The request that a redirect asks for: 303 reads the new place, 301 and 302 do so after a POST, 307 and 308 repeat (RFC 9110). */
export function redirected(request: OutgoingRequest, status: number, location: string, quote: Quote = quoted): OutgoingRequest {
  if (!URL.canParse(location, request.url.href)) return lost(`The redirect's target ${quote(location)} is not a URL`)
  const url = new URL(location, request.url)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') lost(`The redirect leads to ${url.protocol}`)
  const reads = status === 303 ? request.method !== 'HEAD' : (status === 301 || status === 302) && request.method === 'POST'
  const kept = Object.entries(request.headers).filter(([name]) => {
    const lower = name.toLowerCase()
    if (reads && lower.startsWith('content-')) return false
    return url.origin === request.url.origin || !request.private.has(lower)
  })
  return { ...request, url, headers: Object.fromEntries(kept), ...(reads ? { method: 'GET', body: undefined } : {}) }
}

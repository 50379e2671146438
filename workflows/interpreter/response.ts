/** The answer that a response step makes: status, headers, and the body written in its type (cycles.md 4). */
import type { BodyType } from '../../domain/document.ts'
import { StepError } from '../../domain/errors.ts'
import { serializeForm } from '../../domain/form.ts'
import type { Json } from '../../domain/json.ts'
import { toText } from '../../domain/merge.ts'
import { isJsonObject } from '../../domain/objects.ts'
import { serializeXml } from '../../domain/xml.ts'
import type { ResponseResult } from '../messages.ts'
import { jsonBytes } from './size.ts'

/** With its envelope an answer must stay below what Temporal takes in one payload (2 MiB). */
const MAX_BYTES = 1.5 * 1024 * 1024

const contentTypes: { readonly [T in BodyType]: string } = {
  json: 'application/json; charset=utf-8',
  xml: 'application/xml; charset=utf-8',
  form: 'application/x-www-form-urlencoded',
  text: 'text/plain; charset=utf-8',
  html: 'text/html; charset=utf-8',
}

/** Headers of the connection are the server's: a forwarded one would break the answer. */
const CONNECTION_HEADERS = new Set(['connection', 'content-length', 'keep-alive', 'proxy-connection', 'te', 'trailer', 'transfer-encoding', 'upgrade'])
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/

const fail = (detail: string): never => {
  throw new StepError('responseNotBuilt', detail)
}

/** Builds the answer from the step's filled-in properties `status`, `headers` and `body`; a `StepError` says what cannot be sent. */
export function buildResponse(filled: Json | undefined, bodyType: BodyType | undefined): ResponseResult & { readonly kind: 'response' } {
  const { status = 200, headers, body } = isJsonObject(filled) ? filled : {}
  const type = bodyType ?? (typeof body === 'string' ? 'text' : 'json')
  const fields = headersOf(headers)
  if (body !== undefined && !Object.keys(fields).some(name => name.toLowerCase() === 'content-type')) fields['content-type'] = contentTypes[type]
  const response = { kind: 'response', status: statusOf(status), headers: fields, body: body === undefined ? '' : textOf(body, type) } as const
  if (jsonBytes(response) > MAX_BYTES) fail('The response is larger than 1.5 MiB')
  return response
}

function statusOf(status: Json): number {
  const value = typeof status === 'string' && /^\d{3}$/.test(status.trim()) ? Number(status) : status
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599) return value
  return fail(`The status must be a number from 200 to 599, not ${JSON.stringify(status).slice(0, 100)}`)
}

function headersOf(headers: Json | undefined): { [name: string]: string } {
  const fields: { [name: string]: string } = {}
  if (headers === undefined || headers === null) return fields
  if (!isJsonObject(headers)) return fail('The headers are not an object')
  for (const [name, value] of Object.entries(headers)) {
    if (value === null || CONNECTION_HEADERS.has(name.toLowerCase())) continue
    const text = toText(value)
    if (!TOKEN.test(name)) fail(`${JSON.stringify(name)} is not a header's name`)
    if (!FIELD_VALUE.test(text)) fail(`The value of the header ${name} holds characters that a header cannot`)
    fields[name] = text
  }
  return fields
}

function textOf(body: Json, type: BodyType): string {
  if (type === 'json') return JSON.stringify(body)
  if (type === 'text' || type === 'html') return toText(body)
  try {
    return type === 'xml' ? serializeXml(body) : serializeForm(body)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

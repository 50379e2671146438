/** What a token endpoint answers: read within bounds, and small departures from RFC 6749 mended that applications are known for. */
import type { Dispatcher } from 'undici'
import { isJsonObject } from '../../../domain/objects.ts'
import type { Json } from '../../../domain/json.ts'

export interface EndpointAnswer {
  /** For oauth4webapi. */
  readonly response: Response
  readonly status: number
  /** `error` and `error_description` of the body, where it has them. */
  readonly error?: string
  readonly description?: string
}

const MAX_BYTES = 256 * 1024
const JSON_TYPE = 'application/json'

export async function readAnswer(status: number, fields: Dispatcher.ResponseData['headers'], stream: Dispatcher.ResponseData['body']): Promise<EndpointAnswer> {
  const text = await bounded(stream)
  const body = parsed(text)
  const type = fields['content-type']
  const headers = new Headers({ 'content-type': body === undefined ? (Array.isArray(type) ? (type[0] ?? '') : (type ?? 'text/plain')) : JSON_TYPE })
  // A challenge beside a JSON error says less than the error does.
  const challenge = fields['www-authenticate']
  if (body === undefined && typeof challenge === 'string') headers.set('www-authenticate', challenge)
  const bodiless = text === '' || status === 204 || status === 205 || status === 304
  const response = new Response(bodiless ? null : body === undefined ? text : JSON.stringify(mended(body)), { status, headers })
  const { error, error_description: description } = body ?? {}
  return {
    response,
    status,
    ...(typeof error === 'string' ? { error } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  }
}

/** `token_type` is left out by some; an ID token says who the user is, which nobody asks here. */
function mended(body: { readonly [name: string]: Json }): { readonly [name: string]: Json } {
  const given = Object.fromEntries(Object.entries(body).filter(([name, value]) => name !== 'id_token' && value !== null))
  return typeof given['access_token'] === 'string' && given['token_type'] === undefined ? { ...given, token_type: 'bearer' } : given
}

async function bounded(stream: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk)
    size += bytes.length
    if (size > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`)
    chunks.push(bytes)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string): { readonly [name: string]: Json } | undefined {
  try {
    const value: Json = JSON.parse(text)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

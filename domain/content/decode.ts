/** Bodies as JSON by their content type, for what senders post and for what called systems answer (webhooks.md 3). Not for workflows. */
import type { Json } from '../json.ts'
import { CharsetError, decodeText, utf8OrNothing } from './charset.ts'
import { decodeEncodings, EncodingError } from './encoding.ts'
import { parseForm } from './form.ts'
import { overLimit } from './limits.ts'
import { parseMultipart } from './multipart.ts'
import { contentTypeOf } from './type.ts'
import type { ContentType } from './type.ts'
import { parseXml } from './xml.ts'

export interface BodyLimits {
  /** Bytes, after all content encodings. */
  readonly maxBody: number
  readonly maxDepth: number
  readonly maxValues: number
}

export type DecodedBody =
  | { readonly ok: true; readonly body: Json }
  /** `text`: the body as text where it is text and did not parse: what `before_webhook` gets. `message`: for logs. */
  | { readonly ok: false; readonly reason: 'tooLarge' | 'unparsable'; readonly message: string; readonly text?: string }

/** `raw`: the bytes as they came; `headers`: by lower-case names. Never rejects. */
export async function decodeBody(raw: Buffer, headers: { readonly [name: string]: string | undefined }, limits: BodyLimits): Promise<DecodedBody> {
  let bytes: Buffer | undefined
  const type = contentTypeOf(headers['content-type'])
  try {
    bytes = await decodeEncodings(raw, headers['content-encoding'], limits.maxBody)
    const body = await parse(bytes, type, headers['content-type'] ?? '', limits)
    const message = overLimit(body, limits)
    return message === undefined ? { ok: true, body } : { ok: false, reason: 'unparsable', message, ...textOf(bytes, type) }
  } catch (error) {
    const message = (error instanceof Error ? error.message : String(error)).slice(0, 200)
    const reason = error instanceof EncodingError ? error.reason : 'unparsable'
    return { ok: false, reason, message, ...(bytes && textOf(bytes, type)) }
  }
}

function parse(bytes: Buffer, type: ContentType, header: string, limits: BodyLimits): Json | Promise<Json> {
  switch (type.kind) {
    case 'json':
      return bytes.length === 0 ? null : parseJson(decodeText(bytes, type.charset))
    case 'xml':
      return parseXml(decodeText(bytes, type.charset ?? declaredCharset(bytes)))
    case 'form':
      return parseForm(bytes, type.charset, limits.maxValues)
    case 'multipart':
      return parseMultipart(bytes, header, limits.maxValues)
    case 'text':
      return decodeText(bytes, type.charset)
    case 'none':
      return jsonOrText(decodeText(bytes, undefined))
    case 'other':
      if (type.charset !== undefined) return decodeText(bytes, type.charset)
      return utf8OrNothing(bytes) ?? { contentType: type.name, size: bytes.length, base64: bytes.toString('base64') }
  }
}

/** The engine's own message would quote the body, which must not get into logs. */
function parseJson(text: string): Json {
  try {
    return JSON.parse(text)
  } catch {
    throw new SyntaxError('the body is not valid JSON')
  }
}

function jsonOrText(text: string): Json {
  try {
    return parseJson(text)
  } catch {
    return text
  }
}

/** The encoding that an XML declaration names; a byte order mark says more. */
function declaredCharset(bytes: Buffer): string | undefined {
  if (bytes[0] === 0xfe || bytes[0] === 0xff) return undefined
  const declaration = /^(?:\u00ef\u00bb\u00bf)?<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']/.exec(bytes.subarray(0, 200).toString('latin1'))
  return declaration?.[1]
}

function textOf(bytes: Buffer, type: ContentType): { readonly text?: string } {
  try {
    return { text: decodeText(bytes, type.charset) }
  } catch (error) {
    return error instanceof CharsetError ? { text: bytes.toString('utf8') } : {}
  }
}

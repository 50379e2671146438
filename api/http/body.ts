/** Bodies of the management API: JSON, a YAML document, or a form; bounded in size and depth. */
import type { IncomingMessage } from 'node:http'
import { ApiError } from '../../domain/errors.ts'
import type { BodyKind, RawBody } from '../route.ts'
import { readBody } from '../webhooks/body.ts'

/** Largest body, in bytes: a document of 256 KiB with room for its escapes. */
export const BODY_MAX = 1024 * 1024
/** Deepest nesting: more than any document has, and far from what would exhaust a stack. */
const DEPTH_MAX = 200

const YAML_TYPES = new Set(['application/yaml', 'text/yaml', 'application/x-yaml', 'text/x-yaml'])
const FORM_TYPE = 'application/x-www-form-urlencoded'
const isJson = (type: string): boolean => type === 'application/json' || /^[\w.-]+\/[\w.-]+\+json$/.test(type)

/**
 * Reads the body that a route takes; undefined where the caller hung up. Throws `request_invalid` for another content type, for what does not
 * parse and for text that is not UTF-8, and `body_too_large`.
 */
export async function readApiBody(req: IncomingMessage, kind: BodyKind, max = BODY_MAX): Promise<RawBody | undefined> {
  const type = (req.headers['content-type'] ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? ''
  const encoding = req.headers['content-encoding']?.trim().toLowerCase() ?? 'identity'
  const body = await readBody(req, req.headers['content-length'], max)
  if (body.state === 'gone') return undefined
  if (body.state === 'tooLarge') throw new ApiError('body_too_large', `The body is too large: at most ${max} bytes are taken.`)
  if (kind === 'fields') return { form: 'fields', fields: new URLSearchParams(type === FORM_TYPE ? body.raw.toString('utf8') : '') }
  if (kind === 'optional' && body.raw.length === 0) return { form: 'json', value: {} }
  if (encoding !== 'identity') throw new ApiError('request_invalid', `The content encoding "${encoding}" is not taken: send the body as it is.`)
  if (kind === 'document' && YAML_TYPES.has(type)) return { form: 'yaml', text: textOf(body.raw) }
  if (!isJson(type)) throw new ApiError('request_invalid', wrongType(type, kind))
  return { form: 'json', value: parseJson(textOf(body.raw)) }
}

function wrongType(type: string, kind: BodyKind): string {
  const wanted = kind === 'document' ? 'application/json (with the document as Definition) or application/yaml (the document itself)' : 'application/json'
  return `The content type ${type === '' ? 'is missing' : `"${type}" is not taken here`}: send ${wanted}.`
}

function textOf(raw: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(raw)
  } catch {
    throw new ApiError('request_invalid', 'The body is not valid UTF-8.')
  }
}

function parseJson(text: string): unknown {
  if (text.trim() === '') throw new ApiError('request_invalid', 'The body is empty: send JSON.')
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new ApiError('request_invalid', `The body is not valid JSON: ${error instanceof Error ? error.message : 'it does not parse'}.`)
  }
  if (deeperThan(value, DEPTH_MAX)) throw new ApiError('request_invalid', `The body is nested deeper than ${DEPTH_MAX} levels.`)
  return value
}

/** Level by level, without recursion. */
function deeperThan(value: unknown, max: number): boolean {
  let level: unknown[] = [value]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > max) return true
    level = level.flatMap(one => (typeof one === 'object' && one !== null ? Object.values(one) : []))
  }
  return false
}

/** The answer that a response step makes: status, headers, and the body written in its type (cycles.md 4). */
import type { BodyType } from '../../domain/document.ts'
import { StepError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { isJsonObject } from '../../domain/objects.ts'
import { hasHeader, headerFields, writeBody } from '../../domain/outgoing.ts'
import { jsonSize, MAX_VALUE_BYTES } from '../../domain/size.ts'
import { quote, type Quoting } from '../../domain/quote.ts'
import type { ResponseResult } from '../messages.ts'

/** Why a response step had no effect. */
export const ANSWERED = 'Another response step of this run was reached first and answered the sender'

const fail = (detail: string): never => {
  throw new StepError('responseNotBuilt', detail)
}

/** Builds the answer from the step's filled-in properties `status`, `headers` and `body`; a `StepError` says what cannot be sent. */
export function buildResponse(filled: Json | undefined, bodyType: BodyType | undefined, document: Quoting): ResponseResult & { readonly kind: 'response' } {
  const { status = 200, headers, body } = isJsonObject(filled) ? filled : {}
  const response = { kind: 'response', status: statusOf(status, document), ...messageOf(headers, body, bodyType) } as const
  if (jsonSize(response, MAX_VALUE_BYTES) > MAX_VALUE_BYTES) fail(`The response is larger than ${MAX_VALUE_BYTES} bytes`)
  return response
}

function messageOf(headers: Json | undefined, body: Json | undefined, bodyType: BodyType | undefined): { headers: { [name: string]: string }; body: string } {
  try {
    const fields = headerFields(headers)
    if (body === undefined) return { headers: fields, body: '' }
    const { text, contentType } = writeBody(body, bodyType)
    if (!hasHeader(fields, 'content-type')) fields['content-type'] = contentType
    return { headers: fields, body: text }
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

function statusOf(status: Json, document: Quoting): number {
  const value = typeof status === 'string' && /^\d{3}$/.test(status.trim()) ? Number(status) : status
  if (typeof value === 'number' && Number.isInteger(value) && value >= 200 && value <= 599) return value
  return fail(`The status must be a number from 200 to 599, not ${quote(document, status)}`)
}

/** The body of a request as its content type says (webhooks.md 3). */
import { decodeBody } from '../../domain/content/decode.ts'
import type { Json } from '../../domain/json.ts'
import type { WebhookLimits } from './deps.ts'
import type { Headers } from './request.ts'

/** `none`: the method has no body that is looked at. `text`: the raw text, for `before_webhook`. */
export type Payload =
  | { readonly state: 'none' }
  | { readonly state: 'read'; readonly body: Json }
  | { readonly state: 'unparsable'; readonly text: string }
  | { readonly state: 'tooLarge' }

/** What `before_webhook` sees of it: what could not be read, as text. */
export const givenTo = (payload: Payload): Json => (payload.state === 'read' ? payload.body : payload.state === 'unparsable' ? payload.text : null)

/** What it made of it: what could not be read stays so where it was left as it was. */
export const afterScript = (payload: Payload, given: Json, body: Json): Payload =>
  payload.state === 'unparsable' && body === given ? payload : { state: 'read', body }

export async function decoded(raw: Buffer, headers: Headers, limits: WebhookLimits): Promise<Payload> {
  const result = await decodeBody(raw, headers, limits)
  if (result.ok) return { state: 'read', body: result.body }
  if (result.reason === 'tooLarge') return { state: 'tooLarge' }
  return { state: 'unparsable', text: result.text ?? raw.toString('latin1') }
}

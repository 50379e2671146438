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

export async function decoded(raw: Buffer, headers: Headers, limits: WebhookLimits): Promise<Payload> {
  const result = await decodeBody(raw, headers, limits)
  if (result.ok) return { state: 'read', body: result.body }
  if (result.reason === 'tooLarge') return { state: 'tooLarge' }
  return { state: 'unparsable', text: result.text ?? raw.toString('latin1') }
}

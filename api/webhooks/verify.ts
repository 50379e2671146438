/** Whether a request comes from whom it says (webhooks.md 10). All comparisons are constant-time. */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Verify } from '../../domain/document.ts'

/** Older and newer timestamps are refused for `standardWebhooks`. */
const TOLERANCE_S = 5 * 60

export interface SignedRequest {
  /** The bytes as sent, before any decoding. */
  readonly raw: Buffer
  /** By lower-case name. */
  readonly headers: { readonly [name: string]: string | undefined }
}

/** `verify` with its secrets opened; `now` in ms since the epoch. Never throws: what cannot be checked is not verified. */
export function verifySender(verify: Verify, request: SignedRequest, now: number): boolean {
  switch (verify.scheme) {
    case 'standardWebhooks':
      return standardWebhooks(verify.secret, request, now)
    case 'hmac': {
      const sent = request.headers[verify.header.toLowerCase()]
      const prefix = verify.prefix ?? ''
      if (sent === undefined || !sent.startsWith(prefix)) return false
      const digest = createHmac(verify.algorithm, Buffer.from(verify.secret, 'utf8')).update(request.raw).digest(verify.encoding)
      const signature = sent.slice(prefix.length)
      return same(verify.encoding === 'hex' ? signature.toLowerCase() : signature, digest)
    }
    case 'basic': {
      const [scheme = '', encoded = ''] = (request.headers['authorization'] ?? '').split(/ +/, 2)
      return scheme.toLowerCase() === 'basic' && same(Buffer.from(encoded, 'base64').toString('utf8'), `${verify.username}:${verify.password}`)
    }
    case 'header':
      return same(request.headers[verify.header.toLowerCase()] ?? '', verify.value)
  }
}

/** HMAC-SHA256 over `id.timestamp.body`; any of the space-separated `v1` signatures may fit, other versions are passed over. */
function standardWebhooks(secret: string, { raw, headers }: SignedRequest, now: number): boolean {
  const { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures } = headers
  if (!id || timestamp === undefined || signatures === undefined || !/^\d{1,12}$/.test(timestamp)) return false
  if (Math.abs(Math.floor(now / 1000) - Number(timestamp)) > TOLERANCE_S) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  if (key.length === 0) return false
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(raw).digest('base64')
  let verified = false
  for (const part of signatures.split(' ')) {
    const [version, signature] = part.split(',', 2)
    if (version === 'v1' && signature !== undefined && same(signature, expected)) verified = true
  }
  return verified
}

/** Digests are compared, so that neither content nor length shows in the time it takes. */
function same(sent: string, expected: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text, 'utf8').digest()
  return timingSafeEqual(digest(sent), digest(expected))
}

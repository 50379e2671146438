/** Signatures of Standard Webhooks (marketplace.md 2): HMAC-SHA256 over id, time and body. */
import { createHmac } from 'node:crypto'

/** `secrets`: `whsec_` and base64, each. `timestamp`: seconds since the epoch. The value of the header `webhook-signature`: one signature for each secret, any of which a receiver may check. */
export function signatureOf(secrets: readonly string[], id: string, timestamp: number, body: string): string {
  const signed = `${id}.${timestamp}.${body}`
  const one = (secret: string): string =>
    createHmac('sha256', Buffer.from(secret.replace(/^whsec_/, ''), 'base64'))
      .update(signed)
      .digest('base64')
  return secrets.map(secret => `v1,${one(secret)}`).join(' ')
}

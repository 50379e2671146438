/** The answers of inbound webhooks (webhooks.md 2): status and body, exactly these characters, as `text/plain; charset=utf-8`. */
export const webhookAnswers = {
  notFound: { status: 404, body: 'Webhook not found.' },
  inactive: { status: 406, body: 'Please make sure your webhook is active.' },
  accepted: { status: 200, body: 'Webhook accepted.' },
  found: { status: 200, body: 'Webhook found.' },
  methodNotAllowed: { status: 405, body: 'Method not allowed.' },
  tooLarge: { status: 413, body: 'Webhook payload too large.' },
  unparsable: { status: 400, body: 'Webhook payload could not be parsed.' },
  badKey: { status: 400, body: 'Idempotency key is not valid.' },
  badSignature: { status: 401, body: 'Webhook signature is not valid.' },
  full: { status: 429, body: 'Too many webhooks waiting.' },
  failed: { status: 500, body: 'Webhook failed.' },
  unavailable: { status: 503, body: 'Webhook temporarily unavailable.' },
  timedOut: { status: 504, body: 'Webhook response timed out.' },
} as const

export type WebhookAnswer = keyof typeof webhookAnswers

/** The receiver of what a marketplace is told: it believes only what is signed (Standard Webhooks), and passes it on to open pages. */
import { EventEmitter } from 'node:events'
import express, { type Request, type Response, type Router } from 'express'
import { Webhook } from 'standardwebhooks'

export interface Notification {
  /** `webhook-id`: the same on every try. */
  readonly id: string
  readonly receivedAt: string
  readonly body: { readonly Status: string; readonly AccountApiId: string; readonly [property: string]: unknown }
}

export interface Notifications {
  /** `POST`: where the marketplace's `NotificationUrl` leads. */
  readonly router: Router
  /** The last ones of a customer, the newest first. */
  of(customer: string): readonly Notification[]
  /** Keeps a response open, and writes each notification of the customer to it as a server-sent event. */
  stream(customer: string, request: Request, response: Response): void
}

const KEPT = 50

export function createNotifications(secret: string): Notifications {
  const webhook = new Webhook(secret)
  const arrived = new EventEmitter<{ notification: [Notification] }>().setMaxListeners(0)
  const kept: Notification[] = []
  const router = express.Router()

  // The signature is of the bytes as they came: the body is not parsed before it is checked.
  router.post('/', express.raw({ type: '*/*', limit: '1mb' }), (request, response) => {
    const id = request.get('webhook-id') ?? ''
    let body: Notification['body']
    try {
      body = verified(webhook, request)
    } catch {
      response.status(401).json({ error: 'The signature is not right.' })
      return
    }
    response.status(204).end()
    // At least once is promised: what came already is taken, and not shown again.
    if (kept.some(one => one.id === id)) return
    const notification = { id, receivedAt: new Date().toISOString(), body }
    kept.unshift(notification)
    kept.length = Math.min(kept.length, KEPT)
    arrived.emit('notification', notification)
  })

  const of = (customer: string): readonly Notification[] => kept.filter(({ body }) => body.AccountApiId === customer)
  return {
    router,
    of,
    stream(customer, request, response) {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
      const send = (notification: Notification): void => {
        if (notification.body.AccountApiId === customer) response.write(`data: ${JSON.stringify(notification)}\n\n`)
      }
      response.write(': open\n\n')
      for (const notification of of(customer).toReversed()) send(notification)
      arrived.on('notification', send)
      request.on('close', () => arrived.off('notification', send))
    },
  }
}

/** Throws where it was not signed with the marketplace's secret, or is older than 5 minutes. */
function verified(webhook: Webhook, request: Request): Notification['body'] {
  const raw: unknown = request.body
  if (!Buffer.isBuffer(raw)) throw new Error('no body')
  const headers = {
    'webhook-id': request.get('webhook-id') ?? '',
    'webhook-timestamp': request.get('webhook-timestamp') ?? '',
    'webhook-signature': request.get('webhook-signature') ?? '',
  }
  webhook.verify(raw, headers)
  return JSON.parse(raw.toString('utf8'))
}

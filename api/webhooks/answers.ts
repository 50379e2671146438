/** Writes the answers of inbound webhooks (webhooks.md 2), bodies to the byte. */
import { validateHeaderName, validateHeaderValue, type ServerResponse } from 'node:http'
import { webhookAnswers, type WebhookAnswer } from '../../domain/webhook-answers.ts'
import type { TransactionId } from '../../domain/ids.ts'

/** What the sender gets: one of the table's answers, or what a script or a response step made. */
export type Answer = { readonly kind: 'table'; readonly answer: WebhookAnswer; readonly about?: About } | CustomAnswer

export interface CustomAnswer {
  readonly kind: 'custom'
  readonly status: number
  readonly headers: { readonly [name: string]: string }
  readonly body: string
  readonly about?: About
}

/** The transaction that an accepted request belongs to, and whether its key was seen before (webhooks.md 5). */
export interface About {
  /** The connection was held for it. */
  readonly held?: true
  readonly transaction?: TransactionId
  readonly replayed: boolean
}

/** No answer: another version of the cycle was found than the one worked with, so everything is looked at again. */
export type Stale = 'stale'

/** Seconds that a refused sender is told to wait. */
const RETRY_AFTER = '5'

/** Headers that belong to the connection or that the server writes itself: a response step or a script cannot set them. */
const RESERVED = new Set([
  'connection',
  'content-length',
  'date',
  'flywheel-transaction-id',
  'idempotent-replayed',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const FIXED = new Map<WebhookAnswer, readonly string[]>()
for (const [name, { status, body }] of Object.entries(webhookAnswers)) {
  const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))]
  if (status === 405) headers.push('Allow', 'GET, HEAD, POST')
  if (status === 429 || status === 503) headers.push('Retry-After', RETRY_AFTER)
  if (isAnswer(name)) FIXED.set(name, headers)
}

function isAnswer(name: string): name is WebhookAnswer {
  return Object.hasOwn(webhookAnswers, name)
}

/** The one of the table by its name. */
export const table = (answer: WebhookAnswer, about?: About): Answer => (about === undefined ? { kind: 'table', answer } : { kind: 'table', answer, about })

/** Writes the answer and ends the response. */
export function write(res: ServerResponse, answer: Answer): void {
  if (answer.kind === 'table') {
    const { status, body } = webhookAnswers[answer.answer]
    res.writeHead(status, withAbout([...(FIXED.get(answer.answer) ?? [])], answer.about))
    res.end(body)
    return
  }
  const headers: string[] = []
  for (const [name, value] of Object.entries(answer.headers)) if (allowed(name, value)) headers.push(name, value)
  const bodiless = answer.status === 204 || answer.status === 304
  if (!bodiless) headers.push('Content-Length', String(Buffer.byteLength(answer.body)))
  res.writeHead(answer.status, withAbout(headers, answer.about))
  res.end(bodiless ? undefined : answer.body)
}

function withAbout(headers: string[], about: About | undefined): string[] {
  if (about?.transaction !== undefined) headers.push('Flywheel-Transaction-Id', about.transaction)
  if (about?.replayed === true) headers.push('Idempotent-Replayed', 'true')
  return headers
}

function allowed(name: string, value: string): boolean {
  if (RESERVED.has(name.toLowerCase())) return false
  try {
    validateHeaderName(name)
    validateHeaderValue(name, value)
    return true
  } catch {
    return false
  }
}

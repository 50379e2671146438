/** One try of a notification (marketplace.md 2): a POST to an allowed address, redirects not followed, over within 15 s. */
import { request as send, type Dispatcher } from 'undici'
import type { NotificationTry } from '../../workflows/messages.ts'
import { createAddressPolicy, type AddressRules } from './addresses.ts'
import { createAgent, reasonOf } from './agent.ts'

export interface NotifierOptions extends AddressRules {
  /** Default 15 s. */
  readonly timeoutMs?: number
  /** Tries to one host and port at once. Default 50: one that hangs leaves the worker's other places to the others. */
  readonly atOnce?: number
}

/** So many tries to one receiver are under way that this one must come later: it was not made. */
export class ReceiverBusy extends Error {
  override readonly name = 'ReceiverBusy'
}

export interface Notifier {
  /** Whatever comes of it is told; rejects only where `cancelled` was raised, and with `ReceiverBusy`. */
  post(url: string, headers: { readonly [name: string]: string }, body: string, cancelled: AbortSignal): Promise<NotificationTry>
  close(): Promise<void>
}

/** Bytes of an answer that are kept; the rest is not read. */
const ANSWER_MAX = 1_024

export function createNotifier(options: NotifierOptions): Notifier {
  const { timeoutMs = 15_000, atOnce = 50 } = options
  const policy = createAddressPolicy(options)
  const agent = createAgent(policy)
  /** Tries under way, by host and port. */
  const underWay = new Map<string, number>()

  async function counted<T>(receiver: string, work: () => Promise<T>): Promise<T> {
    const before = underWay.get(receiver) ?? 0
    if (before >= atOnce) throw new ReceiverBusy(`${before} tries to ${receiver} are under way`)
    underWay.set(receiver, before + 1)
    try {
      return await work()
    } finally {
      const now = underWay.get(receiver) ?? 1
      if (now === 1) underWay.delete(receiver)
      else underWay.set(receiver, now - 1)
    }
  }

  return {
    post: (url, ...rest) => counted(URL.canParse(url) ? new URL(url).host : url, () => once(url, ...rest)),
    close: () => agent.close(),
  }

  async function once(url: string, headers: { readonly [name: string]: string }, body: string, cancelled: AbortSignal): Promise<NotificationTry> {
    const at = Date.now()
    const began = performance.now()
    const took = (): number => Math.round(performance.now() - began)
    const timeout = AbortSignal.timeout(timeoutMs)
    try {
      policy.checkHost(new URL(url).hostname)
      const signal = AbortSignal.any([timeout, cancelled])
      const answer = await send(url, { dispatcher: agent, method: 'POST', headers: { ...headers }, body, signal })
      const text = await beginningOf(answer.body)
      return { at, durationMs: took(), status: answer.statusCode, answer: text }
    } catch (error) {
      if (cancelled.aborted) throw error
      return { at, durationMs: took(), error: timeout.aborted ? `no answer within ${timeoutMs} ms` : reasonOf(error) }
    }
  }
}

/** What came of the first KiB: the status has decided, so an answer that breaks off or drips on changes nothing. */
async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of body) {
      const bytes = Buffer.from(chunk)
      chunks.push(bytes)
      size += bytes.length
      if (size >= ANSWER_MAX) break
    }
  } catch {
    // It broke off.
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_MAX).toString('utf8').replace(/�$/, '')
}

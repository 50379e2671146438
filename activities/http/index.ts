/** Outbound HTTP calls (cycles.md 4, operations.md 4): allowed addresses only, at most 5 redirects, bounded in time and size. */
import { request as send, type Dispatcher } from 'undici'
import { decodeBody } from '../../domain/content/decode.ts'
import { StepError } from '../../domain/errors.ts'
import type { HttpResult, OutgoingCall } from '../contract.ts'
import { createAddressPolicy, type AddressRules } from './addresses.ts'
import { createAgent, reasonOf } from './agent.ts'
import { buildRequest, quoted, redirected, type OutgoingRequest, type Quote } from './request.ts'

export interface HttpCallerOptions extends AddressRules {
  /** An answer of more bytes is cut off while it is read, and again once it is decoded. */
  readonly maxBytes: number
  readonly maxDepth: number
  readonly maxValues: number
  readonly userAgent: string
}

/** An answer as it came. */
export interface HttpAnswer extends HttpResult {
  /** The reason phrase of its status line. */
  readonly reason: string
}

export interface HttpCaller {
  /**
   * Answers whatever status came. Throws `StepError`: `buildFailed`, `callFailed` (no answer, or none in time), `badResponse`; its detail tells data
   * only as `quote` writes it.
   */
  call(call: OutgoingCall, signal?: AbortSignal, quote?: Quote): Promise<HttpAnswer>
  close(): Promise<void>
}

const MAX_REDIRECTS = 5
const REDIRECTS = new Set([301, 302, 303, 307, 308])

export function createHttpCaller(options: HttpCallerOptions): HttpCaller {
  const policy = createAddressPolicy(options)
  const agent = createAgent(policy)

  async function follow(first: OutgoingRequest, signal: AbortSignal, quote: Quote): Promise<{ readonly answer: Dispatcher.ResponseData; readonly url: URL }> {
    let request = first
    for (let redirects = 0; ; redirects++) {
      policy.checkHost(request.url.hostname)
      const { method, url, headers, body } = request
      const answer = await send(url, { dispatcher: agent, method: asMethod(method), headers: { ...headers }, body: body ?? null, signal })
      const location = answer.headers['location']
      if (!REDIRECTS.has(answer.statusCode) || typeof location !== 'string') return { answer, url }
      await answer.body.dump({ limit: 64 * 1024 })
      if (redirects === MAX_REDIRECTS) throw new StepError('callFailed', `More than ${MAX_REDIRECTS} redirects, the last to ${quote(location)}`)
      request = redirected(request, answer.statusCode, location, quote)
    }
  }

  async function read(answer: Dispatcher.ResponseData): Promise<Buffer> {
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of answer.body) {
      const bytes = Buffer.from(chunk)
      size += bytes.length
      if (size > options.maxBytes) throw new StepError('badResponse', `The answer is larger than ${options.maxBytes} bytes`)
      chunks.push(bytes)
    }
    return Buffer.concat(chunks)
  }

  return {
    async call(call, cancelled, quote = quoted) {
      const request = buildRequest(call, options.userAgent, quote)
      const timeout = AbortSignal.timeout(call.timeoutMs)
      const signal = cancelled === undefined ? timeout : AbortSignal.any([timeout, cancelled])
      try {
        const { answer } = await follow(request, signal, quote)
        const raw = await read(answer)
        const headers = flat(answer.headers)
        const head = { status: answer.statusCode, headers, reason: answer.statusText }
        const empty = raw.length === 0 || request.method === 'HEAD'
        if (empty) return { ...head, body: null }
        const decoded = await decodeBody(raw, headers, { maxBody: options.maxBytes, maxDepth: options.maxDepth, maxValues: options.maxValues })
        if (decoded.ok) return { ...head, body: decoded.body }
        if (answer.statusCode >= 200 && answer.statusCode < 300) throw new StepError('badResponse', decoded.message)
        // An error page that is not what it says is told as text.
        return { ...head, body: decoded.reason === 'unparsable' ? (decoded.text ?? null) : null }
      } catch (error) {
        if (cancelled?.aborted === true) throw error
        if (error instanceof StepError) throw error
        if (timeout.aborted) throw new StepError('callFailed', `no complete answer within ${call.timeoutMs} ms`)
        throw new StepError('callFailed', reasonOf(error))
      }
    },
    close: () => agent.close(),
  }
}

/** undici's type lists the methods it knows; the wire takes any token. */
const asMethod = (method: string): Dispatcher.HttpMethod => method as Dispatcher.HttpMethod

function flat(headers: Dispatcher.ResponseData['headers']): { [name: string]: string } {
  const fields: { [name: string]: string } = {}
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) fields[name.toLowerCase()] = Array.isArray(value) ? value.join(', ') : value
  return fields
}

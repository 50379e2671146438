/** One HTTP request with its deadline; what keeps it from being answered is told in words. */
import { CliError } from './exit.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON; undefined where it is none. */
  readonly json: unknown
}

export interface Sent {
  readonly method?: string
  readonly headers?: { readonly [name: string]: string }
  readonly body?: string | URLSearchParams
  readonly timeoutMs?: number
}

/** Longer than the server takes to give up on what it depends on. */
const TIMEOUT_MS = 60_000

/** Throws `unreachable` where no answer comes. */
export async function send(base: string, path: string, { method = 'GET', headers = {}, body, timeoutMs = TIMEOUT_MS }: Sent = {}): Promise<Reply> {
  try {
    const answer = await fetch(base + path, {
      method,
      headers,
      body: body ?? null,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, text, json: parsed(text) }
  } catch (error) {
    throw new CliError('unreachable', `Flywheel cannot be reached at ${base}: ${reasonOf(error, timeoutMs)}.`)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const REASONS: { readonly [code: string]: string } = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was broken',
  UND_ERR_SOCKET: 'the connection was broken',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'the name of the host could not be looked up',
  EHOSTUNREACH: 'there is no way to this host',
  ENETUNREACH: 'there is no way to this network',
  ETIMEDOUT: 'it does not answer',
  UND_ERR_CONNECT_TIMEOUT: 'it does not answer',
}

function reasonOf(error: unknown, timeoutMs: number): string {
  if (!(error instanceof Error)) return String(error)
  if (error.name === 'TimeoutError') return `no answer within ${timeoutMs / 1_000} s`
  const causes = error.cause instanceof AggregateError ? error.cause.errors : [error.cause]
  const cause: unknown = causes[0]
  if (!(cause instanceof Error)) return error.message
  const code = 'code' in cause ? String(cause.code) : ''
  return REASONS[code] ?? cause.message
}

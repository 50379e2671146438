/** The few calls of the management API that the start makes. */
import { setTimeout as sleep } from 'node:timers/promises'

export interface ApiClient {
  /** Sends a request with the token; `undefined` for 404. Throws with the API's own message for any other refusal. */
  call(method: string, path: string, options?: { readonly account?: string; readonly json?: unknown }): Promise<unknown>
}

/** What the API answered in place of what was asked for, in its own words. */
export class ApiRefusal extends Error {
  override readonly name = 'ApiRefusal'
  readonly status: number
  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Waits until the API and what it needs are there; gives the last reason when they are not in time. */
export async function waitReady(url: string, timeoutMs: number, stopped: () => boolean = () => false): Promise<string | undefined> {
  const until = Date.now() + timeoutMs
  let reason = 'it does not answer'
  while (Date.now() < until && !stopped()) {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(5_000) })
      if (response.ok) return undefined
      reason = `/readyz answers ${response.status}: ${(await response.text()).slice(0, 300)}`
    } catch {
      // Not listening yet.
    }
    await sleep(150)
  }
  return reason
}

/** A client with a token of its own. */
export async function createApiClient(url: string, clientId: string, clientSecret: string): Promise<ApiClient> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret })
  const answer = await fetch(`${url}/oauth/token`, { method: 'POST', body: form, signal: AbortSignal.timeout(30_000) })
  const token: unknown = await answer.json()
  if (!answer.ok || typeof token !== 'object' || token === null || !('access_token' in token)) {
    throw new Error(`no token from ${url}/oauth/token: ${answer.status} ${JSON.stringify(token)}`)
  }
  const authorization = `Bearer ${String(token.access_token)}`
  return {
    async call(method, path, options = {}) {
      const body = options.json === undefined ? undefined : JSON.stringify(options.json)
      const response = await fetch(`${url}/v1.0${path}`, {
        method,
        headers: {
          authorization,
          ...(options.account === undefined ? {} : { 'x-cyclr-account': options.account }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(30_000),
      })
      if (response.status === 404) return undefined
      const text = await response.text()
      if (!response.ok) throw new ApiRefusal(response.status, `${method} ${path} answers ${response.status}: ${text}`)
      return text === '' ? undefined : JSON.parse(text)
    },
  }
}

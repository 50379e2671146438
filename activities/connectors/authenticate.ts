/** How a connector's calls authenticate themselves (connectors.md 2): put in last, so that no script and nothing that is told sees it. */
import type { ConnectorAuthentication, ConnectorCredentials } from '../../domain/connector.ts'
import { StepError } from '../../domain/errors.ts'
import { isJsonObject } from '../../domain/objects.ts'
import type { OutgoingCall } from '../contract.ts'
import { credentialsOf } from '../http/credentials.ts'
import type { HttpAnswer } from '../http/index.ts'
import type { Quote } from '../http/request.ts'

export interface AuthenticationDeps {
  readonly http: { call(call: OutgoingCall, signal: AbortSignal, quote?: Quote): Promise<HttpAnswer> }
  /** OAuth 2.0: the token to call with; `rejected` is the one that was answered with 401. */
  readonly token: (rejected: string | undefined, signal: AbortSignal) => Promise<string>
}

/** What all calls of one connector in one account share. */
export interface Authenticated {
  readonly authentication: ConnectorAuthentication
  readonly credentials: ConnectorCredentials
  /** Where its calls go: credentials are sent nowhere else. */
  readonly baseUrl: string
  /** Takes what must never be told. */
  readonly hidden: Set<string>
}

const UNAUTHORIZED = 401

/** Sends calls with credentials. Throws `StepError` `notAuthenticated` where there are none, `buildFailed` where a script leads to another host. */
export function createSend(deps: AuthenticationDeps, { authentication, credentials, baseUrl, hidden }: Authenticated): AuthenticationDeps['http']['call'] {
  const { origin } = new URL(baseUrl)

  function own(call: OutgoingCall): void {
    if (authentication.type === 'none' || (URL.canParse(call.url) && new URL(call.url).origin === origin)) return
    throw new StepError('buildFailed', `The call leads away from ${origin}: no credentials are sent there`)
  }
  function known(value: string | undefined, what: string): string {
    if (value === undefined || value === '') throw new StepError('notAuthenticated', `The account connector has no ${what}`)
    return value
  }
  function signed(call: OutgoingCall): OutgoingCall {
    switch (authentication.type) {
      case 'none':
      case 'oauth2':
        return call
      case 'basic':
        return { ...call, auth: { type: 'basic', username: known(credentials.username, 'user name'), password: credentials.password ?? '' } }
      case 'bearer':
        return { ...call, auth: { type: 'bearer', token: known(credentials.authValue, 'token') } }
      case 'apiKey': {
        const key = known(credentials.authValue, 'key')
        if (authentication.in === 'header') return { ...call, auth: { type: 'header', header: authentication.name, value: key } }
        hidden.add(key)
        return { ...call, url: without(call.url, authentication.name), query: { ...(isJsonObject(call.query) ? call.query : {}), [authentication.name]: key } }
      }
    }
  }
  const send: AuthenticationDeps['http']['call'] = (call, signal, quote) => {
    for (const text of credentialsOf(call)) hidden.add(text)
    return deps.http.call(call, signal, quote)
  }

  return async (call, signal, quote) => {
    own(call)
    if (authentication.type !== 'oauth2') return send(signed(call), signal, quote)
    const token = await deps.token(undefined, signal)
    const answer = await send({ ...call, auth: { type: 'bearer', token } }, signal, quote)
    if (answer.status !== UNAUTHORIZED) return answer
    const other = await deps.token(token, signal)
    return send({ ...call, auth: { type: 'bearer', token: other } }, signal, quote)
  }
}

/** The address of a next page may repeat the key. */
function without(address: string, parameter: string): string {
  const url = new URL(address)
  if (!url.searchParams.has(parameter)) return address
  url.searchParams.delete(parameter)
  return url.href
}

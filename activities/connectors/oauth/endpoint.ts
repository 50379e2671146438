/** A token endpoint (RFC 6749, 3.2): asked over guarded connections, its answer judged. Nothing of what was sent is in what is told. */
import * as oauth from 'oauth4webapi'
import { request as send } from 'undici'
import { redactor } from '../../../domain/redact.ts'
import { AddressRefused, createAddressPolicy, type AddressRules } from '../../http/addresses.ts'
import { createAgent, reasonOf } from '../../http/agent.ts'
import { readAnswer, type EndpointAnswer } from './answer.ts'

/** How the client says who it is: HTTP basic, or in the form. */
export type ClientAuth = 'basic' | 'post'

/** A partner's client at one authorisation server. */
export interface OAuthClient {
  readonly tokenUrl: string
  readonly id: string
  /** None: a public client. */
  readonly secret?: string
  /** The way that worked before; else both are tried. */
  readonly auth?: ClientAuth
}

export interface Tokens {
  readonly accessToken: string
  /** None: the one before goes on. */
  readonly refreshToken?: string
  readonly expiresInMs?: number
  readonly auth?: ClientAuth
}

/**
 * `refused`: the server said no; with `grantGone` this grant is over for good. `failed`: no answer that says anything, so it may be asked again.
 * `forbidden`: the URL may not be called.
 */
export type TokenAnswer =
  | { readonly kind: 'tokens'; readonly tokens: Tokens }
  | { readonly kind: 'refused'; readonly reason: string; readonly grantGone: boolean }
  | { readonly kind: 'failed' | 'forbidden'; readonly reason: string }

export interface Code {
  readonly parameters: URLSearchParams
  readonly redirectUri: string
  /** PKCE's. */
  readonly verifier?: string
}

export interface TokenEndpoint {
  clientCredentials(client: OAuthClient, scopes: readonly string[]): Promise<TokenAnswer>
  exchange(client: OAuthClient, code: Code): Promise<TokenAnswer>
  refresh(client: OAuthClient, refreshToken: string): Promise<TokenAnswer>
  close(): Promise<void>
}

export interface TokenEndpointOptions extends AddressRules {
  /** Of one question, both ways of `ClientAuth` included. Default 15 s. */
  readonly timeoutMs?: number
}

type Options = Pick<oauth.TokenEndpointRequestOptions, typeof oauth.customFetch | typeof oauth.allowInsecureRequests>
type Ask = (server: oauth.AuthorizationServer, client: oauth.Client, auth: oauth.ClientAuth, options: Options) => Promise<Response>
type Read = (server: oauth.AuthorizationServer, client: oauth.Client, response: Response) => Promise<oauth.TokenEndpointResponse>

const REASON_MAX = 500

export function createTokenEndpoint(options: TokenEndpointOptions): TokenEndpoint {
  const { timeoutMs = 15_000 } = options
  const policy = createAddressPolicy(options)
  const agent = createAgent(policy)
  // Without TLS only where the operator has opened the address: a client's secret goes over this connection.
  const insecure = (url: string): boolean => options.allowPrivateAddresses || options.allowedAddresses.includes(new URL(url).hostname)

  async function once(
    client: OAuthClient,
    auth: ClientAuth | undefined,
    hidden: readonly string[],
    ask: Ask,
    read: Read,
    signal: AbortSignal,
  ): Promise<TokenAnswer> {
    const server = { issuer: new URL(client.tokenUrl).origin, token_endpoint: client.tokenUrl }
    const known = { client_id: client.id }
    let answer: EndpointAnswer | undefined
    const fetch: NonNullable<Options[typeof oauth.customFetch]> = async (url, { method, headers, body }) => {
      policy.checkHost(new URL(url).hostname)
      const sent = { dispatcher: agent, method, headers: { ...headers, 'user-agent': 'Flywheel' }, body: String(body), signal } as const
      const { statusCode, headers: fields, body: stream } = await send(url, sent)
      answer = await readAnswer(statusCode, fields, stream)
      return answer.response
    }
    try {
      const response = await ask(server, known, clientAuth(client, auth), {
        [oauth.customFetch]: fetch,
        [oauth.allowInsecureRequests]: insecure(client.tokenUrl),
      })
      const { access_token: accessToken, refresh_token: refreshToken, expires_in: seconds } = await read(server, known, response)
      const lifetime = seconds === undefined ? {} : { expiresInMs: seconds * 1000 }
      return {
        kind: 'tokens',
        tokens: { accessToken, ...(refreshToken === undefined ? {} : { refreshToken }), ...lifetime, ...(auth === undefined ? {} : { auth }) },
      }
    } catch (error) {
      const judged = judge(error, answer, signal.aborted ? `no complete answer within ${timeoutMs} ms` : undefined)
      return { ...judged, reason: redactor(hidden)(judged.reason, REASON_MAX) }
    }
  }

  async function ask(client: OAuthClient, secrets: readonly string[], how: Ask, read: Read): Promise<TokenAnswer> {
    const signal = AbortSignal.timeout(timeoutMs)
    const ways = client.secret === undefined ? [undefined] : client.auth === undefined ? (['basic', 'post'] as const) : [client.auth]
    const hidden = client.secret === undefined ? secrets : [client.secret, ...secrets]
    let answer: TokenAnswer = { kind: 'failed', reason: 'it was not asked' }
    for (const way of ways) {
      answer = await once(client, way, hidden, how, read, signal)
      // A server that knows only the other way refuses the client, before it looks at the grant.
      if (answer.kind !== 'refused' || answer.grantGone) return answer
    }
    return answer
  }

  return {
    clientCredentials(client, scopes) {
      const parameters = scopes.length === 0 ? {} : { scope: scopes.join(' ') }
      return ask(client, [], (...to) => oauth.clientCredentialsGrantRequest(to[0], to[1], to[2], parameters, to[3]), oauth.processClientCredentialsResponse)
    },
    exchange(client, { parameters, redirectUri, verifier }) {
      const secrets = [...parameters.getAll('code'), ...(verifier === undefined ? [] : [verifier])]
      const proof = verifier ?? oauth.nopkce
      return ask(
        client,
        secrets,
        (...to) => oauth.authorizationCodeGrantRequest(to[0], to[1], to[2], parameters, redirectUri, proof, to[3]),
        oauth.processAuthorizationCodeResponse,
      )
    },
    refresh(client, refreshToken) {
      return ask(client, [refreshToken], (...to) => oauth.refreshTokenGrantRequest(to[0], to[1], to[2], refreshToken, to[3]), oauth.processRefreshTokenResponse)
    },
    close: () => agent.close(),
  }
}

function clientAuth({ secret }: OAuthClient, auth: ClientAuth | undefined): oauth.ClientAuth {
  if (secret === undefined) return oauth.None()
  return auth === 'basic' ? oauth.ClientSecretBasic(secret) : oauth.ClientSecretPost(secret)
}

const COME_BACK = new Set(['temporarily_unavailable', 'server_error', 'slow_down'])
const REFUSALS = new Set([400, 401, 403])

/** What came of a question that gave no tokens. */
function judge(error: unknown, answer: EndpointAnswer | undefined, late: string | undefined): Exclude<TokenAnswer, { readonly kind: 'tokens' }> {
  if (answer === undefined) {
    const insecure = error instanceof oauth.OperationProcessingError && error.code === oauth.HTTP_REQUEST_FORBIDDEN
    if (insecure) return { kind: 'forbidden', reason: 'Its token URL is not https' }
    const forbidden = error instanceof AddressRefused || (error instanceof Error && error.cause instanceof AddressRefused)
    return { kind: forbidden ? 'forbidden' : 'failed', reason: late ?? reasonOf(error) }
  }
  const { status, error: code, description } = answer
  const said = [`The token server answered with ${status}`, code, description].filter(part => part !== undefined).join(': ')
  // Some servers refuse with 200.
  const refused = REFUSALS.has(status) || (status === 200 && code !== undefined)
  if (refused && !(code !== undefined && COME_BACK.has(code))) return { kind: 'refused', reason: said, grantGone: code === 'invalid_grant' }
  return {
    kind: 'failed',
    reason: status === 200 ? `The token server's answer cannot be read: ${error instanceof Error ? error.message : String(error)}` : said,
  }
}

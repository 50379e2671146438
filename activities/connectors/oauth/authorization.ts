/** The authorisation code grant (RFC 6749, 4.1) with PKCE: where a user is sent, and what comes of it when the user is back. */
import { createHash } from 'node:crypto'
import * as oauth from 'oauth4webapi'
import { StepError } from '../../../domain/errors.ts'
import { asAccountId, type AccountId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import { isJsonObject } from '../../../domain/objects.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { Connector } from '../../../storage/connector.ts'
import type { OAuthStore } from '../../../storage/oauth.ts'
import { applicationOf } from './client.ts'
import { credentialsOf, sealCredentials, type OAuthCredentials } from './credentials.ts'
import type { TokensDeps } from './deps.ts'
import type { TokenEndpoint } from './endpoint.ts'

/**
 * What came of a user's return. `expired`: the state is unknown, which one that was used or is over is too, or is another session's. `refused`: by the
 * user or the application. `down`: the token server gave no answer. `gone`: the account connector was deleted.
 */
export type Authorized =
  | { readonly kind: 'done'; readonly connector: string; readonly accountConnector: string }
  | { readonly kind: 'expired' | 'gone' }
  | { readonly kind: 'refused' | 'down'; readonly connector: string; readonly reason: string }

export interface Authorizations {
  /**
   * Where the account's user gives access; for 10 minutes, once. `session`: only who comes back with it is let in. Throws `StepError`
   * `notAuthenticated` where the account connector is not of this grant or cannot be authorised; undefined where there is none.
   */
  begin(account: AccountId, accountConnectorId: string, session?: string): Promise<{ readonly url: string; readonly expiresAt: number } | undefined>
  /** `parameters`: of the callback. */
  finish(parameters: URLSearchParams, session?: string): Promise<Authorized>
}

export interface AuthorizationDeps extends Pick<TokensDeps, 'registry' | 'sealer'> {
  readonly store: Pick<OAuthStore, 'authorizations' | 'now'>
  readonly endpoint: Pick<TokenEndpoint, 'exchange'>
  /** What applications send users back to. */
  readonly redirectUri: string
  /** The document's `test` with a new access token: why the application takes no calls, where it takes none. */
  readonly test?: (connector: Connector, accountConnector: AccountConnector, accessToken: string) => Promise<string | undefined>
}

/** What is kept, sealed, while the user is away. */
interface Pending {
  readonly account: AccountId
  readonly id: string
  /** SHA-256. */
  readonly session?: string
  readonly verifier?: string
}

const TTL_MS = 10 * 60_000

export function createAuthorizations(deps: AuthorizationDeps): Authorizations {
  const { registry, store, endpoint, sealer, redirectUri, test = () => Promise.resolve(undefined) } = deps

  /** Stores new tokens, whatever else changes the account connector meanwhile; false where it is gone. */
  async function keep(account: AccountId, id: string, connectorId: string, tokens: OAuthCredentials): Promise<boolean> {
    const records = registry.accountConnectors.of(account)
    for (;;) {
      const found = await records.get(id)
      if (found === undefined || found.value.connectorId !== connectorId) return false
      const { reason: _, ...value } = found.value
      const done = await records.replace(id, { ...value, status: 'Authenticated', credentials: sealCredentials(value, tokens, sealer) }, found.version)
      if (done !== 'changed') return done === 'done'
    }
  }

  return {
    async begin(account, id, session) {
      const found = await registry.accountConnectors.of(account).get(id)
      const connector = found && (await registry.connectors.get(found.value.connectorId))
      if (found === undefined || connector === undefined) return undefined
      const { grant, authorizeUrl, client, scopes, pkce } = applicationOf(connector.value, found.value.settings, sealer)
      if (grant !== 'authorizationCode' || authorizeUrl === undefined)
        throw new StepError('notAuthenticated', `The connector ${connector.value.name} does not send users to the application`)
      const state = oauth.generateRandomState()
      const verifier = pkce ? oauth.generateRandomCodeVerifier() : undefined
      const url = new URL(authorizeUrl)
      const put = (name: string, value: string): void => url.searchParams.set(name, value)
      put('response_type', 'code')
      put('client_id', client.id)
      put('redirect_uri', redirectUri)
      if (scopes.length > 0) put('scope', scopes.join(' '))
      put('state', state)
      if (verifier !== undefined) {
        put('code_challenge', await oauth.calculatePKCECodeChallenge(verifier))
        put('code_challenge_method', 'S256')
      }
      const pending: Pending = { account, id, ...(session === undefined ? {} : { session: sha256(session) }), ...(verifier === undefined ? {} : { verifier }) }
      const expiresAt = (await store.now()) + TTL_MS
      await store.authorizations.put(state, sealer.seal(JSON.stringify(pending)), TTL_MS)
      return { url: url.href, expiresAt }
    },

    async finish(parameters, session) {
      const [state, ...more] = parameters.getAll('state')
      const sealed = state === undefined || more.length > 0 ? undefined : await store.authorizations.take(state)
      const pending = sealed === undefined ? undefined : pendingOf(JSON.parse(sealer.open(sealed)))
      if (pending === undefined || state === undefined) return { kind: 'expired' }
      if (pending.session !== undefined && (session === undefined || sha256(session) !== pending.session)) return { kind: 'expired' }
      const { account, id, verifier } = pending
      const found = await registry.accountConnectors.of(account).get(id)
      const connector = found && (await registry.connectors.get(found.value.connectorId))
      if (found === undefined || connector === undefined) return { kind: 'gone' }
      const { name } = connector.value
      const refused = (reason: string): Authorized => ({ kind: 'refused', connector: name, reason })
      try {
        const { client, authorizeUrl = client.tokenUrl } = applicationOf(connector.value, found.value.settings, sealer)
        const read = answerOf(parameters, state, client.id, [authorizeUrl, client.tokenUrl])
        if (typeof read === 'string') return refused(read)
        const at = await store.now()
        const answer = await endpoint.exchange(client, { parameters: read, redirectUri, ...(verifier === undefined ? {} : { verifier }) })
        if (answer.kind === 'failed') return { kind: 'down', connector: name, reason: answer.reason }
        if (answer.kind !== 'tokens') return refused(answer.reason)
        const failed = await test(connector.value, found.value, answer.tokens.accessToken)
        if (failed !== undefined) return refused(failed)
        const kept = await keep(account, id, found.value.connectorId, credentialsOf(answer.tokens, at))
        return kept ? { kind: 'done', connector: name, accountConnector: found.value.name } : { kind: 'gone' }
      } catch (error) {
        if (error instanceof StepError) return refused(error.detail)
        throw error
      }
    },
  }
}

/** The callback's parameters where they hold a code; else why not, for people. */
function answerOf(parameters: URLSearchParams, state: string, clientId: string, urls: readonly string[]): URLSearchParams | string {
  const issuer = parameters.get('iss')
  // Documents name no issuer: an answer that says whose it is (RFC 9207) must at least be of a host that they name.
  const origins = urls.map(url => new URL(url).origin)
  if (issuer !== null && !(URL.canParse(issuer) && origins.includes(new URL(issuer).origin))) return 'The answer is of another server'
  try {
    const read = oauth.validateAuthResponse({ issuer: issuer ?? origins.join() }, { client_id: clientId }, parameters, state)
    return read.has('code') ? read : 'The answer has no code'
  } catch (error) {
    if (!(error instanceof oauth.AuthorizationResponseError)) return 'The answer cannot be read'
    return [error.error, error.error_description].filter(part => part !== undefined).join(': ')
  }
}

function pendingOf(value: Json): Pending | undefined {
  if (!isJsonObject(value)) return undefined
  const { account, id, session, verifier } = value
  if (typeof account !== 'string' || typeof id !== 'string') return undefined
  return {
    account: asAccountId(account),
    id,
    ...(typeof session === 'string' ? { session } : {}),
    ...(typeof verifier === 'string' ? { verifier } : {}),
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

/** The authorisation code grant (RFC 6749, 4.1) with PKCE: where a user is sent, and what comes of it when the user is back. */
import * as oauth from 'oauth4webapi'
import { freeName } from '../../../domain/connector-choice.ts'
import { StepError } from '../../../domain/errors.ts'
import type { AccountId } from '../../../domain/ids.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { Connector } from '../../../storage/connector.ts'
import type { OAuthStore } from '../../../storage/oauth.ts'
import { allOf } from '../../../storage/pages.ts'
import type { Versioned } from '../../../storage/records.ts'
import { answerOf } from './callback.ts'
import { applicationOf } from './client.ts'
import { credentialsOf, sealCredentials, type OAuthCredentials } from './credentials.ts'
import type { TokensDeps } from './deps.ts'
import type { TokenEndpoint } from './endpoint.ts'
import { isSameBrowser, pendingOf, writtenPending, type BegunOn, type Pending, type Target, type WayBack } from './pending.ts'

/**
 * What came of a user's return. `expired`: the state is unknown, which one that was used or is over is too, or is another browser's. `refused`: by the
 * user or the application. `down`: the token server gave no answer. `gone`: the account connector was deleted. `back`: where it began on a page of ours.
 */
export type Authorized = { readonly back?: WayBack } & (
  | { readonly kind: 'done'; readonly connector: string; readonly accountConnector: string }
  | { readonly kind: 'expired' | 'gone' }
  | { readonly kind: 'refused' | 'down'; readonly connector: string; readonly reason: string }
)

export interface Authorizations {
  /**
   * Where the account's user gives access; for 10 minutes, once. `target`: what the access is for, an account connector by its id where it is there.
   * `on`: only the browser that has it is let in. Throws `StepError` `notAuthenticated` where the connector is not of this grant or cannot be authorised;
   * undefined where there is none.
   */
  begin(account: AccountId, target: string | Target, on?: BegunOn): Promise<{ readonly url: string; readonly expiresAt: number } | undefined>
  /** `parameters`: of the callback. `browser`: what it has of `BegunOn`. */
  finish(parameters: URLSearchParams, browser?: string): Promise<Authorized>
  /** Why users cannot be sent to the application with these settings, for people. */
  obstacle(connector: Connector, settings: { readonly [name: string]: string }): string | undefined
}

export interface AuthorizationDeps extends Pick<TokensDeps, 'registry' | 'sealer'> {
  readonly store: Pick<OAuthStore, 'authorizations' | 'now'>
  readonly endpoint: Pick<TokenEndpoint, 'exchange'>
  /** What applications send users back to. */
  readonly redirectUri: string
  /** The document's `test` with a new access token: why the application takes no calls, where it takes none. */
  readonly test?: (connector: Connector, accountConnector: AccountConnector, accessToken: string) => Promise<string | undefined>
}

const TTL_MS = 10 * 60_000
/** So long it is known where somebody who comes too late may go back to. */
const KEEP_MS = 60 * 60_000

/** What is to be authorised, as it stands now. */
interface Sought {
  readonly connector: Versioned<Connector>
  readonly value: AccountConnector
  /** Of the record; undefined where it is to be made. */
  readonly version?: number
}

export function createAuthorizations(deps: AuthorizationDeps): Authorizations {
  const { registry, store, endpoint, sealer, redirectUri, test = () => Promise.resolve(undefined) } = deps

  /** Undefined where the connector is gone, or an account connector that is not to be made. */
  async function sought(account: AccountId, { id, connectorId, settings }: Target): Promise<Sought | undefined> {
    const found = await registry.accountConnectors.of(account).get(id)
    const of = found?.value.connectorId ?? connectorId
    const connector = of === undefined ? undefined : await registry.connectors.get(of)
    if (connector === undefined || (connectorId !== undefined && of !== connectorId)) return undefined
    if (found !== undefined) return { connector, value: { ...found.value, settings: settings ?? found.value.settings }, version: found.version }
    return { connector, value: { connectorId: connector.id, name: connector.value.name, settings: settings ?? {}, status: 'Unauthenticated', credentials: '' } }
  }

  /** Stores new tokens, whatever else changes the account connector meanwhile. Answers its name; undefined where it is gone. */
  async function keep(account: AccountId, target: Target, connectorId: string, tokens: OAuthCredentials): Promise<string | undefined> {
    const records = registry.accountConnectors.of(account)
    for (;;) {
      const now = await sought(account, target)
      if (now === undefined || now.connector.id !== connectorId) return undefined
      const { reason: _, ...value } = now.value
      const name = now.version === undefined ? await nameFor(account, connectorId, value.name) : value.name
      const authenticated = { ...value, name, status: 'Authenticated', credentials: sealCredentials(value, tokens, sealer) } as const
      const done = await (now.version === undefined ? records.create(target.id, authenticated) : records.replace(target.id, authenticated, now.version))
      if (done === 'done' || done === 'created') return name
      if (done === 'gone') return undefined
    }
  }

  async function nameFor(account: AccountId, connectorId: string, name: string): Promise<string> {
    const held = await allOf(page => registry.accountConnectors.of(account).list(page))
    return freeName(
      held.flatMap(({ value }) => (value.connectorId === connectorId ? [value.name] : [])),
      name,
    )
  }

  async function come(parameters: URLSearchParams, state: string, { account, target, verifier }: Pending): Promise<Authorized> {
    const found = await sought(account, target)
    if (found === undefined) return { kind: 'gone' }
    const { name: connector } = found.connector.value
    const refused = (reason: string): Authorized => ({ kind: 'refused', connector, reason })
    try {
      const { client, authorizeUrl = client.tokenUrl } = applicationOf(found.connector.value, found.value.settings, sealer)
      const read = answerOf(parameters, state, client.id, [authorizeUrl, client.tokenUrl])
      if (typeof read === 'string') return refused(read)
      const at = await store.now()
      const answer = await endpoint.exchange(client, { parameters: read, redirectUri, ...(verifier === undefined ? {} : { verifier }) })
      if (answer.kind === 'failed') return { kind: 'down', connector, reason: answer.reason }
      if (answer.kind !== 'tokens') return refused(answer.reason)
      const failed = await test(found.connector.value, found.value, answer.tokens.accessToken)
      if (failed !== undefined) return refused(failed)
      const name = await keep(account, target, found.connector.id, credentialsOf(answer.tokens, at))
      return name === undefined ? { kind: 'gone' } : { kind: 'done', connector, accountConnector: name }
    } catch (error) {
      if (error instanceof StepError) return refused(error.detail)
      throw error
    }
  }

  /** Throws `StepError`. */
  function way(connector: Connector, settings: AccountConnector['settings']) {
    const { grant, authorizeUrl, ...rest } = applicationOf(connector, settings, sealer)
    if (grant === 'authorizationCode' && authorizeUrl !== undefined) return { ...rest, authorizeUrl }
    throw new StepError('notAuthenticated', `The connector ${connector.name} does not send users to the application`)
  }

  return {
    async begin(account, of, on) {
      const target = typeof of === 'string' ? { id: of } : of
      const found = await sought(account, target)
      if (found === undefined) return undefined
      const { authorizeUrl, client, scopes, pkce } = way(found.connector.value, found.value.settings)
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
      const expiresAt = (await store.now()) + TTL_MS
      const pending = writtenPending({ account, target, expiresAt, ...(verifier === undefined ? {} : { verifier }) }, on)
      await store.authorizations.put(state, sealer.seal(pending), KEEP_MS)
      return { url: url.href, expiresAt }
    },

    async finish(parameters, browser) {
      const [state, ...more] = parameters.getAll('state')
      const sealed = state === undefined || more.length > 0 ? undefined : await store.authorizations.take(state)
      const pending = sealed === undefined ? undefined : pendingOf(JSON.parse(sealer.open(sealed)))
      if (pending === undefined || state === undefined || !isSameBrowser(pending, browser)) return { kind: 'expired' }
      const { back, expiresAt } = pending
      const came: Authorized = (await store.now()) > expiresAt ? { kind: 'expired' } : await come(parameters, state, pending)
      return back === undefined ? came : { ...came, back }
    },

    obstacle(connector, settings) {
      try {
        way(connector, settings)
        return undefined
      } catch (error) {
        if (error instanceof StepError) return error.detail
        throw error
      }
    },
  }
}

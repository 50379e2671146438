/** An account connector, opened for calls (connectors.md 2). */
import type { ConnectorCredentials } from '../../domain/connector.ts'
import type { AccountId } from '../../domain/ids.ts'
import { openText } from '../../domain/known-secrets.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Registry } from '../../storage/registry.ts'
import { createSend, type Authenticated, type AuthenticationDeps } from './authenticate.ts'
import type { CredentialSealer } from './oauth/credentials.ts'
import type { AccessTokens } from './oauth/tokens.ts'

export interface OpenedDeps extends Pick<AuthenticationDeps, 'http'> {
  readonly sealer: CredentialSealer
  readonly registry: Pick<Registry, 'accountConnectors'>
  readonly tokens: AccessTokens
}

/** Sends calls as the account connector; as nobody where there is none. Throws as `createSend` does, and `SealError`. */
export async function openSend(
  deps: OpenedDeps,
  account: AccountId,
  held: Versioned<AccountConnector> | undefined,
  { authentication, baseUrl, hidden }: Omit<Authenticated, 'credentials'>,
): Promise<AuthenticationDeps['http']['call']> {
  // Tokens of OAuth are for the one who gets them to open.
  const credentials = held === undefined || authentication.type === 'oauth2' ? {} : await openedOf(deps, account, held)
  for (const text of [credentials.authValue, credentials.password]) if (text !== undefined) hidden.add(text)
  const token: AuthenticationDeps['token'] = (rejected, signal) =>
    deps.tokens.token(account, held?.id ?? '', rejected === undefined ? {} : { rejected }, signal)
  return createSend({ http: deps.http, token }, { authentication, credentials, baseUrl, hidden })
}

/** They are sealed anew where their key is an old one, so that it can go. Whoever changes the record now seals it as well. */
async function openedOf(
  { sealer, registry }: Pick<OpenedDeps, 'sealer' | 'registry'>,
  account: AccountId,
  { id, value, version }: Versioned<AccountConnector>,
): Promise<ConnectorCredentials> {
  if (value.credentials === '') return {}
  const text = openText(sealer, value.credentials)
  const credentials: ConnectorCredentials = JSON.parse(text)
  if (!sealer.isCurrent(value.credentials)) await registry.accountConnectors.of(account).replace(id, { ...value, credentials: sealer.seal(text) }, version)
  return credentials
}

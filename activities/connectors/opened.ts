/** Credentials of an account connector, opened for a call (connectors.md 2). Tokens of OAuth are for the one who gets them to open. */
import type { ConnectorCredentials } from '../../domain/connector.ts'
import type { AccountId } from '../../domain/ids.ts'
import { openText } from '../../domain/known-secrets.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Registry } from '../../storage/registry.ts'
import type { CredentialSealer } from './oauth/credentials.ts'

export interface OpenedDeps {
  readonly sealer: CredentialSealer
  readonly registry: Pick<Registry, 'accountConnectors'>
}

/** They are sealed anew where their key is an old one, so that it can go. Whoever changes the record now seals it as well. Throws `SealError`. */
export async function openedOf(
  { sealer, registry }: OpenedDeps,
  account: AccountId,
  { id, value, version }: Versioned<AccountConnector>,
): Promise<ConnectorCredentials> {
  if (value.credentials === '') return {}
  const text = openText(sealer, value.credentials)
  const credentials: ConnectorCredentials = JSON.parse(text)
  if (!sealer.isCurrent(value.credentials)) await registry.accountConnectors.of(account).replace(id, { ...value, credentials: sealer.seal(text) }, version)
  return credentials
}

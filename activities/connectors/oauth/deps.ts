/** What the parts of OAuth share. */
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { OAuthStore } from '../../../storage/oauth.ts'
import type { Versioned } from '../../../storage/records.ts'
import type { Registry } from '../../../storage/registry.ts'
import type { CredentialSealer } from './credentials.ts'
import type { TokenEndpoint } from './endpoint.ts'

export interface TokensDeps {
  readonly registry: Pick<Registry, 'connectors' | 'accountConnectors'>
  readonly store: Pick<OAuthStore, 'leases' | 'now'>
  readonly endpoint: Pick<TokenEndpoint, 'clientCredentials' | 'refresh'>
  readonly sealer: CredentialSealer
}

export type Stored = Versioned<AccountConnector>

/** The token server gives no answer that says anything: worth another try. */
export class TokenServerDown extends Error {
  override readonly name = 'TokenServerDown'
}

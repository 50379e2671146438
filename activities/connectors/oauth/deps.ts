/** What the parts of OAuth share. */
import type { AccountId } from '../../../domain/ids.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { OAuthStore } from '../../../storage/oauth.ts'
import type { Versioned } from '../../../storage/records.ts'
import type { Registry } from '../../../storage/registry.ts'
import type { CredentialSealer } from './credentials.ts'
import type { TokenAnswer, TokenEndpoint } from './endpoint.ts'

export interface TokensDeps {
  readonly registry: Pick<Registry, 'connectors' | 'accountConnectors'>
  readonly store: Pick<OAuthStore, 'leases' | 'now'>
  readonly endpoint: Pick<TokenEndpoint, 'clientCredentials' | 'refresh'>
  readonly sealer: CredentialSealer
  /** Each renewal, as it ended. */
  readonly told?: (renewal: Renewed) => void
}

/** `reason`: where no tokens came; for people, without a secret. */
export interface Renewed {
  readonly account: AccountId
  readonly accountConnector: string
  readonly connector: string
  readonly result: TokenAnswer['kind']
  readonly reason?: string
}

export type Stored = Versioned<AccountConnector>

/** The token server gives no answer that says anything: worth another try. */
export class TokenServerDown extends Error {
  override readonly name = 'TokenServerDown'
}

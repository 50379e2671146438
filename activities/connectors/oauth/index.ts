/** OAuth 2.0 for connectors (connectors.md 2), made from what it needs. */
import { StepError } from '../../../domain/errors.ts'
import type { Metrics } from '../../../platform/metrics.ts'
import type { Connector } from '../../../storage/connector.ts'
import type { OAuthStore } from '../../../storage/oauth.ts'
import type { AddressRules } from '../../http/addresses.ts'
import { createAuthorizations, type AuthorizationDeps, type Authorizations } from './authorization.ts'
import { applicationOf } from './client.ts'
import { credentialsOf, type OAuthCredentials } from './credentials.ts'
import { TokenServerDown, type Renewed, type TokensDeps } from './deps.ts'
import { createTokenEndpoint } from './endpoint.ts'
import { createTokens, type Tokens } from './tokens.ts'

export interface OAuthDeps extends Pick<TokensDeps, 'registry' | 'sealer'>, Pick<AuthorizationDeps, 'test'> {
  readonly store: OAuthStore
  readonly addresses: AddressRules
  /** What callback URLs begin with, without a slash at the end. */
  readonly publicUrl: string
  readonly logger: { warn(fields: object, message: string): void }
  readonly metrics: Pick<Metrics, 'oauthRenewals'>
}

export interface OAuth extends Tokens, Authorizations {
  /**
   * The first tokens of client credentials, before there is an account connector: what is to stand, sealed, as `oauth` in its credentials. Throws as
   * `token` does.
   */
  first(connector: Connector, settings: { readonly [name: string]: string }): Promise<OAuthCredentials & { readonly accessToken: string }>
}

/** Where applications send users back to: the partner registers it with each of them. */
export const callbackUrl = (publicUrl: string): string => `${publicUrl}/oauth/callback`

export function createOAuth({ registry, sealer, store, addresses, publicUrl, test, logger, metrics }: OAuthDeps): OAuth {
  const endpoint = createTokenEndpoint(addresses)
  const parts = { registry, sealer, store, endpoint }
  const told = ({ result, ...renewal }: Renewed): void => {
    metrics.oauthRenewals.inc({ result })
    if (result !== 'tokens') logger.warn({ result, ...renewal }, 'access tokens could not be renewed')
  }
  const tokens = createTokens({ ...parts, told })
  return {
    ...createAuthorizations({ ...parts, redirectUri: callbackUrl(publicUrl), ...(test === undefined ? {} : { test }) }),
    token: tokens.token,
    revive: account => tokens.revive(account),
    async first(connector, settings) {
      const { client, grant, scopes } = applicationOf(connector, settings, sealer)
      if (grant !== 'clientCredentials') throw new StepError('notAuthenticated', `The connector ${connector.name} needs a user who gives access`)
      const at = await store.now()
      const answer = await endpoint.clientCredentials(client, scopes)
      if (answer.kind === 'failed') throw new TokenServerDown(`${connector.name}: ${answer.reason}`)
      if (answer.kind !== 'tokens') throw new StepError('notAuthenticated', answer.reason)
      return { ...credentialsOf(answer.tokens, at), accessToken: answer.tokens.accessToken }
    },
    async close() {
      await tokens.close()
      await endpoint.close()
    },
  }
}

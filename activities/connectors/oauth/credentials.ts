/** Tokens at rest: the property `oauth` of an account connector's sealed credentials. */
import { isJsonObject } from '../../../domain/objects.ts'
import type { Json, JsonObject } from '../../../domain/json.ts'
import { openText } from '../../../domain/known-secrets.ts'
import type { Sealer } from '../../../platform/seal.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { ClientAuth, Tokens } from './endpoint.ts'

export interface OAuthCredentials {
  readonly accessToken?: string
  /** ms since the epoch, by Redis's clock: from then on it is renewed before it is used. None: it goes on until it is refused. */
  readonly renewAt?: number
  readonly refreshToken?: string
  readonly auth?: ClientAuth
  /** Version of the connector whose client was refused: another is worth another try. */
  readonly refusedClient?: number
}

export type CredentialSealer = Pick<Sealer, 'seal' | 'open' | 'isSealed' | 'isCurrent'>

const EARLY_MS = 60_000

/** Of an answer that was asked for at `at`. They are renewed a minute before they end, or in the middle of a life of less than two minutes. */
export function credentialsOf({ accessToken, refreshToken, expiresInMs, auth }: Tokens, at: number, before: OAuthCredentials = {}): OAuthCredentials {
  const refresh = refreshToken ?? before.refreshToken
  const way = auth ?? before.auth
  return {
    accessToken,
    ...(expiresInMs === undefined ? {} : { renewAt: at + Math.max(expiresInMs - EARLY_MS, expiresInMs / 2) }),
    ...(refresh === undefined ? {} : { refreshToken: refresh }),
    ...(way === undefined ? {} : { auth: way }),
  }
}

/** Throws `SealError` where its key is gone. */
export function openCredentials({ credentials }: AccountConnector, sealer: CredentialSealer): OAuthCredentials {
  const { oauth } = opened(credentials, sealer)
  if (!isJsonObject(oauth)) return {}
  const { accessToken, renewAt, refreshToken, auth, refusedClient } = oauth
  return {
    ...(typeof accessToken === 'string' ? { accessToken } : {}),
    ...(typeof renewAt === 'number' ? { renewAt } : {}),
    ...(typeof refreshToken === 'string' ? { refreshToken } : {}),
    ...(auth === 'basic' || auth === 'post' ? { auth } : {}),
    ...(typeof refusedClient === 'number' ? { refusedClient } : {}),
  }
}

/** Sealed anew, with what else stands there. */
export const sealCredentials = ({ credentials }: Pick<AccountConnector, 'credentials'>, oauth: OAuthCredentials, sealer: CredentialSealer): string =>
  sealer.seal(JSON.stringify({ ...opened(credentials, sealer), oauth }))

function opened(credentials: string, sealer: CredentialSealer): JsonObject {
  if (credentials === '') return {}
  const value: Json = JSON.parse(openText(sealer, credentials))
  return isJsonObject(value) ? value : {}
}

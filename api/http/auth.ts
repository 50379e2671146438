/** Bearer tokens, and the account that a call is for (api.md). */
import type { IncomingHttpHeaders } from 'node:http'
import { ApiError } from '../../domain/errors.ts'
import type { AccountId } from '../../domain/ids.ts'
import type { Account, Registry } from '../../storage/registry.ts'
import type { Level } from '../route.ts'

/** Who calls; with `account` the token is restricted to that one. */
export interface Grant {
  readonly clientId: string
  readonly account?: AccountId
}

/** Throws `token_invalid`, without telling why. */
export async function authenticate({ tokens }: Pick<Registry, 'tokens'>, headers: IncomingHttpHeaders): Promise<Grant> {
  const token = /^bearer +([\x21-\x7e]{1,512}) *$/i.exec(headers.authorization ?? '')?.[1]
  const grant = token === undefined ? undefined : await tokens.get(token)
  if (grant === undefined) throw new ApiError('token_invalid', 'A valid token is needed: Authorization: Bearer …, from POST /oauth/token.')
  return grant
}

/**
 * The account that a call at this level is for; undefined for a partner's. Throws `token_restricted` for a partner's call with a restricted token, and
 * `account_missing` where no account is named, or one that is not there or not the token's.
 */
export async function accountFor(
  { accounts }: Pick<Registry, 'accounts'>,
  level: Level,
  grant: Grant,
  headers: IncomingHttpHeaders,
): Promise<Account | undefined> {
  if (level !== 'account') {
    if (grant.account === undefined) return undefined
    throw new ApiError('token_restricted', "This token is restricted to one account; the call is the partner's.")
  }
  const named = [headers['x-cyclr-account'] ?? headers['x-account']].flat()[0]?.trim()
  const own = grant.account === undefined ? undefined : await accounts.get(grant.account)
  if (grant.account !== undefined && own === undefined) throw foreign()
  if (named === undefined || named === '') {
    if (own !== undefined) return own
    throw new ApiError('account_missing', 'Name the account in the header X-Cyclr-Account, by its API id or GUID.')
  }
  const account = await accounts.find(named)
  if (account === undefined || (own !== undefined && own.id !== account.id)) throw foreign()
  return account
}

const foreign = (): ApiError => new ApiError('account_missing', 'There is no such account, or the token is not for it.')

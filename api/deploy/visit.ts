/** From a deploy call to the link that it answers (marketplace.md 3). */
import { randomBytes, randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asAccountId } from '../../domain/ids.ts'
import type { Account } from '../../storage/registry.ts'
import type { Visit } from '../../storage/sign-in.ts'
import { apiIdOf } from '../routes/accounts.ts'
import type { Services } from '../services.ts'
import { authenticationsOf, type shared } from './fields.ts'

/** How long a link works (ms). */
const LINK_MS = 5 * 60_000

type Shared = z.output<z.ZodObject<typeof shared>>

export interface Link {
  readonly accountId: string
  readonly expiresAtUtc: string
  readonly url: string
  readonly token: string
}

/** Makes the account where it is not there yet, and a link that lets one browser in. Throws `request_invalid` for an API id that none can have. */
export async function linkTo(services: Services, id: string | undefined, sent: Shared, to: Visit['to']): Promise<Link> {
  const account = await accountFor(services, id, sent)
  const authentications = authenticationsOf(sent.connectorAuthentications)
  const { completeParameter, targetOrigin } = sent
  const visit: Visit = {
    account: account.id,
    to,
    inlineOAuth: sent.inlineOAuth,
    ...(completeParameter === undefined || completeParameter === null ? {} : { completeParameter }),
    ...(targetOrigin === undefined || targetOrigin === null ? {} : { targetOrigin }),
    ...(authentications.length === 0 ? {} : { connectorAuthentications: services.sealer.seal(JSON.stringify(authentications)) }),
  }
  const token = randomBytes(32).toString('base64url')
  const expiresAtUtc = new Date(Date.now() + LINK_MS).toISOString()
  await services.registry.signIns.put(token, visit, LINK_MS)
  const returnUrl = encodeURIComponent(`/account/${to.page}`)
  return { accountId: account.apiId, expiresAtUtc, url: `${services.settings.publicUrl}/account/signinwithtoken?token=${token}&returnUrl=${returnUrl}`, token }
}

/** Two calls that race for an unknown account make one. */
async function accountFor({ registry }: Services, named: string | undefined, { accountName, accountDescription }: Shared): Promise<Account> {
  const there = await registry.accounts.find(named ?? '')
  if (there !== undefined) return there
  const apiId = apiIdOf(named)
  if (apiId === undefined)
    throw new ApiError('request_invalid', 'The request is not right.', [
      { path: 'Id', message: 'must be 1 to 255 printable ASCII characters, without spaces around them' },
    ])
  const account: Account = {
    id: asAccountId(randomUUID()),
    apiId,
    name: accountName === undefined || accountName === null || accountName.trim() === '' ? apiId : accountName.trim(),
    description: accountDescription ?? '',
    timezone: 'UTC',
    createdAt: Date.now(),
    userId: randomUUID(),
  }
  if ((await registry.accounts.create(account)) === 'created') return account
  const other = await registry.accounts.find(apiId)
  if (other === undefined) throw new ApiError('account_in_use', 'The account is being made or deleted; try again.')
  return other
}

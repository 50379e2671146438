/** Access tokens of account connectors (connectors.md 2): renewed a minute before they end and when one was refused, once at a time over all processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { StepError } from '../../../domain/errors.ts'
import type { AccountId } from '../../../domain/ids.ts'
import { openCredentials, sealCredentials, type OAuthCredentials } from './credentials.ts'
import { TokenServerDown, type Stored, type TokensDeps } from './deps.ts'
import { createRenewal } from './renewal.ts'
import { allOf } from '../../../storage/pages.ts'

export interface AccessTokens {
  /**
   * The access token to call with. `rejected`: the one that was answered with 401. Throws `StepError` `notAuthenticated` where the account connector is
   * not authenticated or its refresh is refused; another error where the token server gives no answer: Temporal tries again.
   */
  token(account: AccountId, accountConnectorId: string, about: { readonly rejected?: string }, signal: AbortSignal): Promise<string>
}

/** Others may renew the same tokens while one waits for them; then its turn has come. */
const ROUNDS = 5

export interface Tokens extends AccessTokens {
  /**
   * Tries again those of an account whose client was refused before the partner changed the connector: to be called before it is judged whether they are
   * authenticated. What comes of it stands in their records.
   */
  revive(account: AccountId): Promise<void>
  /** Waits until no refresh is on its way: an answer that is not stored is lost. */
  close(): Promise<void>
}

export function createTokens(deps: TokensDeps): Tokens {
  const { registry, store, sealer } = deps
  const renewal = createRenewal(deps)
  /** Refreshes of this process that are on their way: all its callers wait for one. */
  const flights = new Map<string, Promise<void>>()

  function renew(account: AccountId, id: string, unfit: string | undefined): Promise<void> {
    const key = `${account}/${id}`
    const flight = flights.get(key) ?? renewal.renew(account, id, unfit).finally(() => flights.delete(key))
    flights.set(key, flight)
    return flight
  }

  async function healed({ value }: Stored, { refusedClient }: OAuthCredentials): Promise<boolean> {
    return refusedClient !== undefined && (await registry.connectors.get(value.connectorId))?.version !== refusedClient
  }

  /** On use, so that an old key can go one day. Whoever else changes it now seals it as well. */
  async function reseal(account: AccountId, { id, version, value }: Stored, oauth: OAuthCredentials): Promise<void> {
    if (sealer.isCurrent(value.credentials)) return
    await registry.accountConnectors.of(account).replace(id, { ...value, credentials: sealCredentials(value, oauth, sealer) }, version)
  }

  const token: AccessTokens['token'] = async (account, id, { rejected }, signal) => {
    for (let round = 0; round < ROUNDS; round++) {
      signal.throwIfAborted()
      const [found, now] = await Promise.all([registry.accountConnectors.of(account).get(id), store.now()])
      if (found === undefined) throw new StepError('notAuthenticated', 'The account connector was deleted')
      const oauth = openCredentials(found.value, sealer)
      const { accessToken, renewAt = Number.POSITIVE_INFINITY } = oauth
      if (found.value.status === 'Unauthenticated') {
        if (!(await healed(found, oauth))) throw new StepError('notAuthenticated', found.value.reason ?? 'It was not authorised yet')
      } else if (accessToken !== undefined && accessToken !== rejected && now < renewAt) {
        await reseal(account, found, oauth)
        return accessToken
      }
      await unlessAborted(renew(account, id, accessToken), signal)
    }
    throw new TokenServerDown('The access token was renewed again and again, and never to be used')
  }

  return {
    token,
    async revive(account) {
      const items = await allOf(page => registry.accountConnectors.of(account).list(page))
      const again = async ({ id, value }: Stored): Promise<void> => {
        if (value.status === 'Unauthenticated' && openCredentials(value, sealer).refusedClient !== undefined)
          await token(account, id, {}, new AbortController().signal)
      }
      await Promise.allSettled(items.map(again))
    },
    async close() {
      await Promise.allSettled(flights.values())
    },
  }
}

/** A caller that goes away leaves the refresh on its way: others wait for it, and its answer must be stored. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const done = new AbortController()
  const ended = sleep(2 ** 30, undefined, { signal: AbortSignal.any([signal, done.signal]), ref: false }).catch(() => signal.throwIfAborted())
  try {
    await Promise.race([work, ended])
  } finally {
    done.abort()
  }
}

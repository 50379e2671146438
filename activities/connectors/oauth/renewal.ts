/**
 * One renewal of an account connector's tokens, under its lease. A refresh token may be replaced by each answer (rotation), and the old one is then
 * worth nothing: so nothing that happens to a caller ends a refresh, and its answer is stored before anything else is done. What a crash in between
 * costs is in docs/oauth.md.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { StepError, StorageUnavailable } from '../../../domain/errors.ts'
import type { AccountId } from '../../../domain/ids.ts'
import type { AccountConnector } from '../../../storage/account-connector.ts'
import type { Connector } from '../../../storage/connector.ts'
import type { Versioned } from '../../../storage/records.ts'
import { applicationOf } from './client.ts'
import { credentialsOf, openCredentials, sealCredentials, type OAuthCredentials } from './credentials.ts'
import type { OAuthClient, TokenAnswer } from './endpoint.ts'
import { TokenServerDown, type Stored, type TokensDeps } from './deps.ts'

export interface Renewal {
  /** Resolves when something has changed: whoever waits looks again. `unfit`: the access token that is not to be used any more. Throws as `token` does. */
  renew(account: AccountId, id: string, unfit: string | undefined): Promise<void>
}

/** What came of it, for those who wait: `known` as in the lease. */
interface Outcome {
  readonly known: boolean
  readonly failed?: string
}

type Change = Pick<AccountConnector, 'status' | 'reason'> & { readonly oauth: OAuthCredentials }

const NO_REFRESH_TOKEN: TokenAnswer = { kind: 'refused', reason: 'The access token is over, and the application gave no refresh token', grantGone: true }

const LOOK_MS = 100
/** For as long an answer is kept in memory while Redis cannot store it; with the time of the question less than a lease. */
const STORE_MS = 10_000

export function createRenewal({ registry, store, endpoint, sealer, told = () => undefined }: TokensDeps): Renewal {
  const { leases } = store

  async function waitFor(account: AccountId, id: string, lease: string): Promise<void> {
    for (;;) {
      await sleep(LOOK_MS)
      const outcome = await leases.look(account, id, lease)
      if (outcome.state === 'failed') throw new TokenServerDown(outcome.reason)
      if (outcome.state !== 'running') return
    }
  }

  /** Asks the application and stores what it says. */
  async function renewed(account: AccountId, found: Stored, before: OAuthCredentials, begun: number | undefined): Promise<Outcome> {
    const { value } = found
    const connector = await registry.connectors.get(value.connectorId)
    if (connector === undefined) throw new StepError('notAuthenticated', 'The connector was deleted')
    if (value.status === 'Unauthenticated' && before.refusedClient === connector.version) return { known: begun === undefined }
    const { name, oauthClientSecret: secret } = connector.value
    if (secret !== undefined && !sealer.isCurrent(secret)) await resealClient(connector, secret)
    const { grant, client, scopes } = applicationOf(connector.value, value.settings, sealer, before.auth)
    const at = await store.now()
    const answer = grant === 'clientCredentials' ? await endpoint.clientCredentials(client, scopes) : await refreshed(client, before.refreshToken)
    told({ account, accountConnector: found.id, connector: name, result: answer.kind, ...('reason' in answer ? { reason: answer.reason } : {}) })
    switch (answer.kind) {
      case 'tokens':
        await keep(account, found, before, { status: 'Authenticated', oauth: credentialsOf(answer.tokens, at, before) })
        return { known: true }
      case 'refused':
        await keep(account, found, before, refusal(answer, before, connector.version, begun))
        return { known: true }
      case 'forbidden':
        throw new StepError('notAuthenticated', `${name}: ${answer.reason}`)
      case 'failed':
        return { known: false, failed: `${name}: ${answer.reason}` }
    }
  }

  /** On use, so that an old key can go one day. Whoever else changes the connector now seals it as well. */
  const resealClient = ({ id, version, value }: Versioned<Connector>, secret: string): Promise<unknown> =>
    registry.connectors.replace(id, { ...value, oauthClientSecret: sealer.seal(sealer.open(secret)) }, version)

  const refreshed = (client: OAuthClient, refreshToken: string | undefined): Promise<TokenAnswer> =>
    refreshToken === undefined ? Promise.resolve(NO_REFRESH_TOKEN) : endpoint.refresh(client, refreshToken)

  /** Where somebody authorised anew meanwhile, theirs stays; all other changes are kept. */
  async function keep(account: AccountId, found: Stored, before: OAuthCredentials, change: Change): Promise<void> {
    const records = registry.accountConnectors.of(account)
    const { oauth, ...fields } = change
    const until = performance.now() + STORE_MS
    for (let current: Stored | undefined = found; ;) {
      try {
        if (current === undefined || !sameGrant(openCredentials(current.value, sealer), before)) return
        const { reason: _, ...value } = current.value
        const done = await records.replace(current.id, { ...value, ...fields, credentials: sealCredentials(value, oauth, sealer) }, current.version)
        if (done !== 'changed') return
        current = await records.get(current.id)
      } catch (error) {
        if (!(error instanceof StorageUnavailable) || performance.now() > until) throw error
        await sleep(LOOK_MS)
      }
    }
  }

  return {
    async renew(account, id, unfit) {
      const turn = await leases.take(account, id)
      if (turn.state === 'busy') return waitFor(account, id, turn.lease)
      let outcome: Outcome = { known: false }
      try {
        const found = await registry.accountConnectors.of(account).get(id)
        const before = found === undefined ? {} : openCredentials(found.value, sealer)
        if (found === undefined || before.accessToken !== unfit) outcome = { known: turn.begun === undefined }
        else outcome = await renewed(account, found, before, turn.begun)
      } catch (error) {
        if (error instanceof StepError) outcome = { known: turn.begun === undefined }
        else outcome = { known: false, failed: error instanceof Error ? error.message : String(error) }
        throw error
      } finally {
        // Where this fails the lease runs out.
        await leases.finish(account, id, turn.lease, outcome).catch(() => undefined)
      }
      if (outcome.failed !== undefined) throw new TokenServerDown(outcome.failed)
    },
  }
}

const sameGrant = (one: OAuthCredentials, other: OAuthCredentials): boolean => one.accessToken === other.accessToken && one.refreshToken === other.refreshToken

/** The grant may be as good as ever where it was the client that was refused: its refresh token stays for when the partner has mended that. */
function refusal(
  answer: Extract<TokenAnswer, { readonly kind: 'refused' }>,
  before: OAuthCredentials,
  connectorVersion: number,
  begun: number | undefined,
): Change {
  const { reason, grantGone } = answer
  const { refreshToken, auth } = before
  const way = auth === undefined ? {} : { auth }
  if (grantGone) return { status: 'Unauthenticated', reason: begun === undefined ? reason : `${reason}. ${lostSince(begun)}`, oauth: way }
  return { status: 'Unauthenticated', reason, oauth: { ...way, ...(refreshToken === undefined ? {} : { refreshToken }), refusedClient: connectorVersion } }
}

const lostSince = (begun: number): string =>
  `A refresh that began at ${new Date(begun).toISOString()} has no known end: if the application gave a new refresh token then, it was lost`

import { randomUUID } from 'node:crypto'
import { createAuthorizations, type AuthorizationDeps, type Authorizations } from '../../../../activities/connectors/oauth/authorization.ts'
import { openCredentials, type OAuthCredentials } from '../../../../activities/connectors/oauth/credentials.ts'
import { createTokenEndpoint } from '../../../../activities/connectors/oauth/endpoint.ts'
import { createTokens, type Tokens } from '../../../../activities/connectors/oauth/tokens.ts'
import { asAccountId, asIdentifier, type AccountId } from '../../../../domain/ids.ts'
import type { JsonObject } from '../../../../domain/json.ts'
import { connectRedis } from '../../../../platform/redis.ts'
import { createSealer, parseEncryptionKeys, type Sealer } from '../../../../platform/seal.ts'
import type { AccountConnector } from '../../../../storage/account-connector.ts'
import type { Connector } from '../../../../storage/connector.ts'
import { createOAuthStore } from '../../../../storage/redis/oauth.ts'
import { createRegistry } from '../../../../storage/redis/registry.ts'
import type { OAuthStore } from '../../../../storage/oauth.ts'
import type { Versioned } from '../../../../storage/records.ts'
import type { Registry } from '../../../../storage/registry.ts'
import { freshRedis } from '../../../support/redis.ts'
import { CLIENT, type OAuthServer } from '../../../support/oauth-server.ts'

const key = (id: string, byte: number): string => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
export const OLD_KEY = key('old', 1)
export const NEW_KEY = key('new', 2)
export const sealerOf = (...keys: string[]): Sealer => createSealer(parseEncryptionKeys(keys.join(',')))

/** As it comes from outside. */
const written = (definition: JsonObject): Connector['definition'] => JSON.parse(JSON.stringify(definition))

/** What one process has of OAuth, with connections of its own. */
export interface Process {
  readonly tokens: Tokens
  readonly authorizations: Authorizations
  readonly store: OAuthStore
  close(): Promise<void>
}

export interface Rig {
  readonly registry: Registry
  readonly account: AccountId
  readonly redisUrl: string
  /** Moves the clock of all processes. */
  later(ms: number): void
  process(deps?: { readonly sealer?: Sealer; readonly test?: AuthorizationDeps['test']; readonly private?: boolean }): Promise<Process>
  /** A connector of this server and an account connector of it; answers the latter's id. */
  connected(authentication?: JsonObject, settings?: { readonly [name: string]: string }): Promise<string>
  record(id: string): Promise<Versioned<AccountConnector>>
  credentials(id: string): Promise<OAuthCredentials>
  /** Overwrites parts of an account connector. */
  change(id: string, fields: Partial<AccountConnector>): Promise<void>
  close(): Promise<void>
}

export const REDIRECT = 'https://flywheel.example/oauth/callback'

export async function startRig(server: OAuthServer, options: { readonly leaseMs?: number; readonly timeoutMs?: number } = {}): Promise<Rig> {
  const { url, client } = await freshRedis()
  const registry = createRegistry(client)
  const sealer = sealerOf(NEW_KEY, OLD_KEY)
  const account = asAccountId(randomUUID())
  await registry.accounts.create({ id: account, apiId: 'acme', name: 'Acme', description: '', timezone: 'UTC', createdAt: Date.now(), userId: randomUUID() })
  const processes: Process[] = []
  let offset = 0
  const record = async (id: string): Promise<Versioned<AccountConnector>> => {
    const found = await registry.accountConnectors.of(account).get(id)
    if (found === undefined) throw new Error('no such account connector')
    return found
  }

  return {
    registry,
    account,
    redisUrl: url,
    later: ms => (offset += ms),
    async process(deps = {}) {
      const redis = connectRedis(url, { logger: { warn: () => undefined, info: () => undefined } })
      const real = createOAuthStore(redis, options)
      const store = { ...real, now: async () => (await real.now()) + offset }
      const endpoint = createTokenEndpoint({ allowPrivateAddresses: deps.private !== false, allowedAddresses: [], timeoutMs: options.timeoutMs ?? 5_000 })
      const parts = { registry: createRegistry(redis), store, endpoint, sealer: deps.sealer ?? sealer }
      const tokens = createTokens(parts)
      const authorizations = createAuthorizations({ ...parts, redirectUri: REDIRECT, ...(deps.test === undefined ? {} : { test: deps.test }) })
      const process: Process = {
        tokens,
        authorizations,
        store,
        async close() {
          await tokens.close()
          await endpoint.close()
          redis.disconnect()
        },
      }
      processes.push(process)
      return process
    },
    async connected(authentication = {}, settings = {}) {
      const connectorId = randomUUID()
      const id = randomUUID()
      const definition: Connector['definition'] = written({
        name: `Shop ${connectorId}`,
        authentication: {
          type: 'oauth2',
          grant: 'authorizationCode',
          authorizeUrl: `${server.url}/authorize?access_type=offline`,
          tokenUrl: `${server.url}/token`,
          scopes: ['orders.read', 'orders.write'],
          ...authentication,
        },
      })
      const oauthClientSecret = sealer.seal(CLIENT.secret)
      const partnerWebhook = asIdentifier(randomUUID().replaceAll('-', ''))
      await registry.connectors.create(connectorId, {
        name: `Shop ${connectorId}`,
        version: '1',
        definition,
        oauthClientId: CLIENT.id,
        oauthClientSecret,
        partnerWebhook,
      })
      const value: AccountConnector = { connectorId, name: 'Main shop', settings, status: 'Unauthenticated', credentials: sealer.seal('{}') }
      await registry.accountConnectors.of(account).create(id, value)
      return id
    },
    record,
    credentials: async id => openCredentials((await record(id)).value, sealer),
    async change(id, fields) {
      const { value, version } = await record(id)
      await registry.accountConnectors.of(account).replace(id, { ...value, ...fields }, version)
    },
    async close() {
      await Promise.all(processes.map(process => process.close()))
      await client.quit()
    },
  }
}

/** The account connector of a user who gave access. */
export async function authorized(rig: Rig, server: OAuthServer, process: Process, authentication: JsonObject = {}): Promise<string> {
  const id = await rig.connected(authentication)
  const begun = await process.authorizations.begin(rig.account, id)
  if (begun === undefined) throw new Error('not begun')
  const { searchParams } = server.visit(begun.url)
  const { kind } = await process.authorizations.finish(searchParams)
  if (kind !== 'done') throw new Error(kind)
  return id
}

import { randomBytes, randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { createConnectorTester } from '../../activities/connectors/test.ts'
import { createHttpCaller } from '../../activities/http/index.ts'
import { createOAuth, type OAuth } from '../../activities/connectors/oauth/index.ts'
import { createApp } from '../../api/app.ts'
import { serve } from '../../api/server.ts'
import type { Services } from '../../api/services.ts'
import { createMetrics } from '../../platform/metrics.ts'
import { createSealer, parseEncryptionKeys, type Sealer } from '../../platform/seal.ts'
import { createScripting } from '../../scripting/index.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createOAuthStore } from '../../storage/redis/oauth.ts'
import { createRegistryMarker } from '../../storage/redis/registry-marker.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { createReindex } from '../../storage/redis/reindex.ts'
import { createRegistryGuard, type LastingMarker } from '../../storage/registry-guard.ts'
import type { Inbox } from '../../storage/inbox.ts'
import type { Registry } from '../../storage/registry.ts'
import { senderWorkflowId } from '../../workflows/messages-installation.ts'
import { freshRedis } from '../support/redis.ts'

export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The body as JSON. */
  readonly json: Loose
}

/** JSON as a test looks at it. */
export type Loose = null | boolean | number | string | LooseList | { readonly [name: string]: Loose }
type LooseList = readonly Loose[]

export interface Sent {
  readonly account?: string
  readonly token?: string
  readonly body?: unknown
  readonly yaml?: string
  readonly raw?: string | Uint8Array<ArrayBuffer>
  readonly headers?: { readonly [name: string]: string }
}

export const CLIENT = { clientId: 'partner', clientSecret: 'a-secret-of-the-partner' }

export interface ApiHarness {
  readonly base: string
  readonly redis: Redis
  readonly registry: Registry
  readonly inbox: Inbox
  readonly oauth: OAuth
  readonly sealer: Sealer
  readonly logged: { readonly fields: { readonly id?: string }; readonly message: string }[]
  call(method: string, path: string, sent?: Sent): Promise<Reply>
  /** With the partner's token, under /v1.0. */
  v1(method: string, path: string, sent?: Sent): Promise<Reply>
  account(): Promise<string>
  token(scope?: string): Promise<string>
  close(): Promise<void>
}

export interface HarnessOptions {
  readonly temporal?: Partial<Services['temporal']>
  readonly operations?: Services['operations']
  readonly activator?: Services['activator']
  readonly dependencies?: Services['dependencies']
  /** Base64; default one of its own. */
  readonly encryptionKey?: string
  /** Temporal's marker of the registry; default one that works. */
  readonly marker?: LastingMarker
}

/** One installation, and another with the same keys into which its exports go. */
export async function apiPair(): Promise<{ readonly api: ApiHarness; readonly other: ApiHarness }> {
  const encryptionKey = Buffer.alloc(32, 7).toString('base64')
  return { api: await apiHarness({ encryptionKey }), other: await apiHarness({ encryptionKey }) }
}

/** The API over HTTP on real Redis and the real inbox; Temporal only as far as a test says. */
export async function apiHarness(options: HarnessOptions = {}): Promise<ApiHarness> {
  const { client: redis } = await freshRedis()
  const registry = createRegistry(redis)
  const hour = 3_600_000
  const inbox = createInbox({
    redis,
    options: { stoppedQueueTtlMs: 24 * hour, retentionMs: 31 * 24 * hour, inboxLimit: 1_000, inboxBytes: 1 << 24, inboxTotalBytes: 1 << 28 },
  })
  const scripting = createScripting({ timeoutMs: 5_000, memoryBytes: 64 << 20, threads: 1 })
  const sealer = createSealer(parseEncryptionKeys(`k1:${options.encryptionKey ?? randomBytes(32).toString('base64')}`))
  const logged: { fields: { id?: string }; message: string }[] = []
  const log = (fields: object, message: string): void => void logged.push({ fields, message })
  const publicUrl = 'http://hooks.example'
  const addresses = { allowPrivateAddresses: true, allowedAddresses: [] }
  const http = createHttpCaller({ ...addresses, maxBytes: 1 << 20, maxDepth: 64, maxValues: 10_000, userAgent: 'Flywheel' })
  const connectors = createConnectorTester({ http })
  const oauth = createOAuth({ registry, sealer, store: createOAuthStore(redis), addresses, publicUrl, logger: { warn: log }, metrics: createMetrics('api') })
  let marked = false
  const guard = createRegistryGuard({
    redis: createRegistryMarker(redis),
    temporal: options.marker ?? {
      get: () => Promise.resolve(marked),
      set: () => {
        marked = true
        return Promise.resolve()
      },
    },
    logger: { warn: log, error: () => undefined, info: () => undefined },
  })
  const app = createApp({
    webhooks: (_req, _res, next) => next(),
    logger: { error: log, warn: log },
    services: {
      registry,
      guard,
      reindex: createReindex(redis),
      inbox,
      scripting,
      sealer,
      connectors,
      oauth,
      temporal: {
        state: () => Promise.resolve('unknown'),
        outline: () => Promise.resolve('unknown'),
        stop: () => Promise.resolve('asked'),
        order: () => Promise.resolve('asked'),
        url: (place, transaction) => `http://temporal.example/namespaces/flywheel/workflows/transaction%2F${place.cycle}%2F${transaction}`,
        notificationUrl: one => `http://temporal.example/namespaces/flywheel/workflows/${encodeURIComponent(senderWorkflowId(one))}`,
        ...options.temporal,
      },
      activator: options.activator ?? { activate: () => Promise.resolve({ outcome: 'unreachable' }) },
      operations: options.operations ?? { start: () => Promise.resolve(false), onEnd: () => () => undefined },
      dependencies: options.dependencies ?? [{ name: 'redis', check: () => redis.ping().then(() => undefined) }],
      metrics: { contentType: 'text/plain; version=0.0.4', metrics: () => Promise.resolve('flywheel_up 1\n') },
      settings: { publicUrl, ...CLIENT },
    },
  })
  const server = await serve(app, { host: '127.0.0.1', port: 0 })
  const base = `http://127.0.0.1:${server.port}`

  async function call(method: string, path: string, { account, token, body, yaml, raw, headers = {} }: Sent = {}): Promise<Reply> {
    const sent = new Headers()
    if (token !== undefined) sent.set('authorization', `Bearer ${token}`)
    if (account !== undefined) sent.set('x-cyclr-account', account)
    if (yaml !== undefined) sent.set('content-type', 'application/yaml')
    else if (body !== undefined) sent.set('content-type', 'application/json')
    for (const [name, value] of Object.entries(headers)) sent.set(name, value)
    const answer = await fetch(base + path, { method, headers: sent, body: raw ?? yaml ?? (body === undefined ? null : JSON.stringify(body)) })
    const text = await answer.text()
    const isJson = answer.headers.get('content-type')?.includes('json') === true && text !== ''
    return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null }
  }

  const token = async (scope?: string): Promise<string> => {
    const fields = {
      grant_type: 'client_credentials',
      client_id: CLIENT.clientId,
      client_secret: CLIENT.clientSecret,
      ...(scope === undefined ? {} : { scope }),
    }
    const answer = await call('POST', '/oauth/token', {
      raw: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    })
    return String(at(answer.json, 'access_token'))
  }
  const partner = await token()
  const v1: ApiHarness['v1'] = (method, path, sent = {}) => call(method, `/v1.0${path}`, { token: partner, ...sent })

  return {
    base,
    redis,
    registry,
    inbox,
    oauth,
    sealer,
    logged,
    call,
    v1,
    token,
    async account() {
      const id = `acme-${randomUUID()}`
      await v1('POST', '/accounts', { body: { Id: id, Name: 'Acme' } })
      return id
    },
    async close() {
      server.destroy()
      await oauth.close()
      await http.close()
      await scripting.close()
      await inbox.close()
      await redis.quit()
    },
  }
}

/** What stands at a path in a JSON value, as `Errors[0].Path`; undefined where nothing does. */
export function at(value: Loose | undefined, path: string): Loose | undefined {
  return path.split(/[.[\]]+/).reduce<Loose | undefined>((found, part) => {
    if (part === '') return found
    if (Array.isArray(found)) return found[Number(part)]
    return typeof found === 'object' && found !== null && !Array.isArray(found) ? Object.entries(found).find(([name]) => name === part)?.[1] : undefined
  }, value)
}

/** The properties of an object; none of anything else. */
export const fieldsOf = (value: Loose): { readonly [name: string]: Loose } =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {}

/** A cycle with a trigger and one script step. */
export const smallCycle = {
  name: 'Small',
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'work' },
    { id: 'work', type: 'script', source: 'function run(input) { return 1 }' },
  ],
}

import { randomBytes, randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import type { Redis } from 'ioredis'
import { createWebhookRouter } from '../../../api/webhooks/router.ts'
import { createFanOut, type FanOut, type FanOutDeps } from '../../../api/webhooks/partner-fan-out.ts'
import { createStarts } from '../../../api/webhooks/starts.ts'
import type { WebhookDeps, WebhookTemporal } from '../../../api/webhooks/deps.ts'
import type { CycleDocument } from '../../../domain/document.ts'
import { asAccountId, asCycleId, asIdentifier, type AccountId, type Identifier, type Place, type StepId } from '../../../domain/ids.ts'
import { createMetrics } from '../../../platform/metrics.ts'
import { createScripting } from '../../../scripting/index.ts'
import { createCycleCache } from '../../../storage/cycle-cache.ts'
import type { InboxOptions, Turn } from '../../../storage/inbox.ts'
import { createInbox } from '../../../storage/redis/inbox.ts'
import { createPartnerInbox } from '../../../storage/redis/partner-inbox.ts'
import { createRegistry } from '../../../storage/redis/registry.ts'
import { createTestClient, type PostOptions, type TestClient, type WebhookReply } from '../../support/client.ts'
import { freshRedis } from '../../support/redis.ts'
import { until } from '../../support/until.ts'

/** The endpoint alone, over real Redis, with a Temporal that each test decides about. */
export interface Harness {
  readonly redis: Redis
  readonly registry: ReturnType<typeof createRegistry>
  readonly inbox: ReturnType<typeof createInbox>
  /** Events of partner webhooks are handed out by its turns alone. */
  readonly fanOut: FanOut
  readonly url: string
  readonly client: TestClient
  readonly logged: readonly object[]
  temporal(given: Partial<WebhookTemporal>): void
  /** Makes a cycle; `identifiers` by step. */
  cycle(document: CycleDocument, state?: 'Active' | 'Paused', of?: AccountId): Promise<HarnessCycle>
  account(apiId: string): Promise<AccountId>
  /** The turn of one cycle, as a dispatcher takes it; those of others that come first are given back. */
  take(place: Place): Promise<Turn>
  close(): Promise<void>
}

export interface HarnessCycle {
  readonly place: Place
  readonly identifiers: { readonly [step: StepId]: Identifier }
  post(body?: unknown, options?: PostOptions & { readonly step?: string }): Promise<WebhookReply>
  /** Saves another document over it. */
  replace(document: CycleDocument): Promise<void>
}

const OPTIONS: InboxOptions = { stoppedQueueTtlMs: 86_400_000, retentionMs: 86_400_000, inboxLimit: 1_000, inboxBytes: 1e8, inboxTotalBytes: 1e9 }

export async function startEndpoint(
  given: { readonly inbox?: Partial<InboxOptions>; readonly limits?: Partial<WebhookDeps['limits']>; readonly guard?: WebhookDeps['guard']['check'] } = {},
): Promise<Harness> {
  const { client: redis } = await freshRedis()
  const inbox = createInbox({ redis, options: { ...OPTIONS, ...given.inbox } })
  const registry = createRegistry(redis)
  const scripting = createScripting({ timeoutMs: 1_000, memoryBytes: 64 * 1024 * 1024, threads: 1 })
  const logged: object[] = []
  let temporal: Partial<WebhookTemporal> = {}
  const unexpected = (): Promise<never> => Promise.reject(new Error('Temporal was not to be asked'))
  const deps: FanOutDeps = {
    inbox,
    connectors: registry.connectors,
    templates: registry.templates,
    partner: createPartnerInbox(redis, { inboxLimit: 20, inboxBytes: 1e7, totalBytes: 1e8, keyTtlMs: 86_400_000, leaseMs: 500 }),
    registry,
    cycles: createCycleCache(registry, { maxAgeMs: 3_600_000 }),
    guard: { check: given.guard ?? (() => Promise.resolve('there')) },
    scripting,
    sealer: { isSealed: text => text.startsWith('sealed:'), open: text => text.slice('sealed:'.length) },
    temporal: {
      startAndAwait: (...args) => (temporal.startAndAwait ?? unexpected)(...args),
      await: (...args) => (temporal.await ?? unexpected)(...args),
      start: (...args) => (temporal.start ?? unexpected)(...args),
      heard: () => temporal.heard?.() ?? false,
      find: (...args) => (temporal.find ?? unexpected)(...args),
      recorded: (...args) => (temporal.recorded ?? unexpected)(...args),
    },
    starts: createStarts(inbox, 'test'),
    incidents: registry.incidents,
    metrics: createMetrics('api'),
    logger: { info: fields => logged.push(fields), warn: fields => logged.push(fields), error: fields => logged.push(fields) },
    limits: { maxBody: 1024 * 1024, maxDepth: 64, maxValues: 100_000, heldLimit: 10, maxStepExecutions: 100, retentionMs: 86_400_000, ...given.limits },
    publicUrl: 'http://public.example',
  }
  const handler = createWebhookRouter(deps, () => undefined)
  const server = createServer((req, res) => handler(req, res, () => res.writeHead(418).end()))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${address === null || typeof address === 'string' ? 0 : address.port}`
  const client = createTestClient({ base: () => url, clientId: '', clientSecret: '' })
  const newAccount = async (apiId: string): Promise<AccountId> => {
    const id = asAccountId(randomUUID())
    await registry.accounts.create({ id, apiId, name: 'Shop', description: '', timezone: 'UTC', createdAt: 0, userId: randomUUID() })
    return id
  }
  const account = await newAccount('shop-1')
  return {
    redis,
    registry,
    inbox,
    fanOut: createFanOut(deps),
    url,
    client,
    logged,
    temporal: next => {
      temporal = next
    },
    account: newAccount,
    async cycle(document, state = 'Active', of = account) {
      const place: Place = { account: of, cycle: asCycleId(randomUUID()) }
      const identifiers: { [step: StepId]: Identifier } = {}
      for (const step of document.steps) if (step.type === 'webhook') identifiers[step.id] = asIdentifier(randomBytes(11).toString('hex'))
      const stored = { place, version: 1, createdAt: 0, updatedAt: 0, document, identifiers }
      await inbox.create(place, 1)
      await registry.cycles.create(stored)
      if (state === 'Active') await inbox.activate(place)
      const first = document.steps[0]?.id ?? ''
      let version = 1
      return {
        place,
        identifiers,
        post: (body, { step = first, ...rest } = {}) => client.post(`${url}/api/webhook/${identifiers[step]}`, body, rest),
        async replace(next) {
          await inbox.deactivate(place)
          await registry.cycles.replace({ ...stored, version: version + 1, document: next }, version)
          version++
          await inbox.activate(place)
        },
      }
    },
    take: place =>
      until(async () => {
        const turn = await inbox.take('test')
        if (turn !== undefined && turn.place.cycle !== place.cycle) await inbox.release(turn)
        return turn?.place.cycle === place.cycle && turn
      }),
    async close() {
      await client.close()
      server.closeAllConnections()
      await new Promise<void>(resolve => server.close(() => resolve()))
      await scripting.close()
      await inbox.close()
      await redis.quit()
    },
  }
}

/** A cycle of one asynchronous webhook. */
export const simple = (webhook: object = {}): CycleDocument => ({
  name: 'Simple',
  steps: [
    { id: 'order', type: 'webhook', next: 'pause', ...webhook },
    { id: 'pause', type: 'delay', for: '1s' },
  ],
})

/** A cycle of one synchronous webhook. */
export const synchronous = (webhook: object = {}, settings: object = {}): CycleDocument => ({
  name: 'Synchronous',
  settings,
  steps: [
    { id: 'order', type: 'webhook', next: 'answer', ...webhook },
    { id: 'answer', type: 'synchronousResponse' },
  ],
})

/** A trigger and a mid-cycle webhook that waits for its `id`. */
export const midCycle = (webhook: object = {}, next: object = { id: 'end', type: 'delay', for: '1s' }): CycleDocument => ({
  name: 'Mid-cycle',
  steps: [
    { id: 'order', type: 'webhook', next: 'update' },
    { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'end', ...webhook },
    { id: 'end', type: 'delay', for: '1s', ...next },
  ],
})

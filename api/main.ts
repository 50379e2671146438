/** The API process: composes everything from the configuration, listens, and ends in order (operations.md 1, 2 and 6). */
import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { createConnectorTester } from '../activities/connectors/test.ts'
import { createHttpCaller } from '../activities/http/index.ts'
import { createOAuth } from '../activities/connectors/oauth/index.ts'
import { ConfigError, configSummary, parseConfig, type Config } from '../platform/config.ts'
import { addressRules, callerOptions, inboxOptions, scriptingOptions } from '../platform/config-parts.ts'
import { createLogger, type Logger } from '../platform/logger.ts'
import { createMetrics } from '../platform/metrics.ts'
import { createDataConverter } from '../platform/payloads.ts'
import { connectRedis, VolatileRedisError } from '../platform/redis.ts'
import { createSealer, parseEncryptionKeys } from '../platform/seal.ts'
import { onShutdown } from '../platform/shutdown.ts'
import { createTemporalMarker } from '../platform/temporal-marker.ts'
import { ensureNamespace, temporalOptions } from '../platform/temporal.ts'
import { awaitRedis, patiently } from '../platform/waiting.ts'
import { createScripting } from '../scripting/index.ts'
import { createCycleCache } from '../storage/cycle-cache.ts'
import { PARTITIONS } from '../storage/keys.ts'
import { createBlobs } from '../storage/redis/blobs.ts'
import { createInbox } from '../storage/redis/inbox.ts'
import { createOAuthStore } from '../storage/redis/oauth.ts'
import { createPartnerInbox } from '../storage/redis/partner-inbox.ts'
import { createRegistryMarker } from '../storage/redis/registry-marker.ts'
import { createRegistry } from '../storage/redis/registry.ts'
import { createReindex } from '../storage/redis/reindex.ts'
import { createRegistryGuard } from '../storage/registry-guard.ts'
import { INLINE, LARGE_BYTES, SEARCH_ATTRIBUTES } from '../workflows/messages.ts'
import { createApp } from './app.ts'
import { createCycleActivator } from './cycles/activator.ts'
import { createOperationStarter } from './packages/starter.ts'
import { serve } from './server.ts'
import { createTransactionViewer } from './temporal.ts'
import { createFanOut, type FanOutDeps } from './webhooks/partner-fan-out.ts'
import { createWebhookRouter } from './webhooks/router.ts'
import { createStarts } from './webhooks/starts.ts'
import { createWebhookTemporal } from './webhooks/temporal.ts'

const PREPARE_MS = 30_000
/** Room in memory for large data that was used last. */
const BLOBS_MEMORY = 32 * 1024 * 1024
const CHECK_MS = 2_500
/** How long a key of a partner webhook is known after what it made can be over. */
const KEY_MS = 24 * 3_600_000

async function main(config: Config): Promise<void> {
  const logger = createLogger(config, 'api')
  logger.info({ configuration: configSummary(config, 'api') }, 'starting')
  const { publicUrl } = config
  const metrics = createMetrics('api')
  const redis = connectRedis(config.redisUrl, { logger })
  const ending = new AbortController()
  await awaitRedis(redis, config, logger, ending.signal)

  const connection = Connection.lazy(temporalOptions(config))
  const blobs = createBlobs(redis, { retentionMs: config.retentionMax, memoryBytes: BLOBS_MEMORY })
  const dataConverter = createDataConverter(blobs, { thresholdBytes: LARGE_BYTES, inline: INLINE })
  const client = new Client({ connection, namespace: config.temporalNamespace, dataConverter })
  const inbox = createInbox({ redis, options: inboxOptions(config) })
  const registry = createRegistry(redis)
  const cycles = createCycleCache(registry)
  const guard = createRegistryGuard({
    redis: createRegistryMarker(redis),
    temporal: createTemporalMarker(connection, { namespace: config.temporalNamespace, taskQueue: config.temporalTaskQueue }),
    logger,
    found: state => metrics.registryLost.set(state === 'lost' ? 1 : 0),
    replaced: () => cycles.clear(),
  })
  const sealer = createSealer(parseEncryptionKeys(config.encryptionKeys))
  const http = createHttpCaller(callerOptions(config))
  const connectors = createConnectorTester({ http })
  const oauth = createOAuth({
    registry,
    sealer,
    store: createOAuthStore(redis),
    addresses: addressRules(config),
    publicUrl,
    logger,
    metrics,
    test: (connector, { settings }, accessToken) => connectors.test({ connector, settings, credentials: {}, accessToken }),
  })
  const scripting = createScripting(scriptingOptions(config))

  const webhooks: FanOutDeps = {
    inbox,
    cycles,
    templates: registry.templates,
    connectors: registry.connectors,
    partner: createPartnerInbox(redis, {
      inboxLimit: config.inboxLimit,
      inboxBytes: config.inboxBytes,
      totalBytes: Math.ceil(config.inboxTotalBytes / PARTITIONS),
      keyTtlMs: config.retentionMax + KEY_MS,
    }),
    registry,
    guard,
    scripting,
    sealer,
    temporal: createWebhookTemporal(client, config.temporalTaskQueue),
    starts: createStarts(inbox, `api-${randomUUID()}`),
    incidents: registry.incidents,
    metrics,
    logger,
    publicUrl,
    limits: {
      maxBody: config.maxBody,
      maxDepth: config.maxDepth,
      maxValues: config.maxValues,
      heldLimit: config.heldLimit,
      maxStepExecutions: config.maxStepExecutions,
      retentionMs: config.retentionMax,
    },
  }
  const fanOut = createFanOut(webhooks)
  const app = createApp({
    logger,
    answered: (method, route, status) => metrics.apiRequests.labels(method, route, String(status)).inc(),
    webhooks: createWebhookRouter(webhooks, fanOut.wake),
    services: {
      registry,
      guard,
      reindex: createReindex(redis),
      inbox,
      scripting,
      sealer,
      connectors,
      oauth,
      temporal: createTransactionViewer(client, { uiUrl: config.temporalUiUrl, namespace: config.temporalNamespace }),
      activator: createCycleActivator(client, config.temporalTaskQueue),
      operations: createOperationStarter(client, config.temporalTaskQueue, (id, listener) => inbox.onEnd(id, listener)),
      metrics: metrics.registry,
      settings: { publicUrl, clientId: config.clientId, clientSecret: config.clientSecret },
      dependencies: [
        {
          name: 'redis',
          check: async () => {
            await redis.ping()
          },
        },
        {
          name: 'temporal',
          check: async () => {
            const { temporalNamespace: namespace } = config
            await connection.withDeadline(Date.now() + CHECK_MS, () => connection.workflowService.describeNamespace({ namespace }))
          },
        },
      ],
    },
  })
  const server = await serve(app, config)
  logger.info({ host: config.host, port: server.port, publicUrl }, 'listening')
  void prepareTemporal(connection, config, logger, ending.signal)
  void guard.watch(ending.signal)
  const handingOut = fanOut.run(ending.signal)

  onShutdown(config.shutdownGrace, logger, [
    { name: 'server', run: () => server.close() },
    { name: 'partner webhooks', run: () => (ending.abort(), handingOut) },
    { name: 'temporal', run: () => connection.close() },
    { name: 'http', run: () => http.close() },
    { name: 'oauth', run: () => oauth.close() },
    { name: 'scripting', run: () => scripting.close() },
    { name: 'blobs', run: () => blobs.close() },
    { name: 'inbox', run: () => inbox.close() },
    { name: 'redis', run: () => redis.disconnect() },
  ])
}

/** The namespace and the search attributes; while Temporal is down the process runs without, and asynchronous webhooks are accepted. */
async function prepareTemporal(connection: Connection, config: Config, logger: Logger, signal: AbortSignal): Promise<void> {
  const attempt = (): Promise<void> => connection.withDeadline(Date.now() + PREPARE_MS, () => ensureNamespace(connection, config, SEARCH_ATTRIBUTES))
  await patiently(`Temporal at ${config.temporalAddress}`, logger, signal, attempt).catch(() => undefined)
}

/** What the operator can put right is told without a stack. */
function helpful(error: unknown): string | undefined {
  if (error instanceof ConfigError || error instanceof VolatileRedisError) return error.message
  const taken = error instanceof Error && 'code' in error && (error.code === 'EADDRINUSE' || error.code === 'EACCES' || error.code === 'EADDRNOTAVAIL')
  return taken ? `The API cannot listen: ${error.message}. Set PORT and HOST to an address that is free.` : undefined
}

try {
  await main(parseConfig(process.env, 'api'))
} catch (error) {
  console.error(helpful(error) ?? error)
  process.exit(1)
}

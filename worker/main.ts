/** The worker process: composes everything from the configuration, works the inboxes and the workflows, and ends in order (operations.md 1, 2 and 6). */
import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { Context } from '@temporalio/activity'
import { Client } from '@temporalio/client'
import { createHttpCaller } from '../activities/http/index.ts'
import { createOAuth } from '../activities/connectors/oauth/index.ts'
import { createNotifier } from '../activities/http/notifier.ts'
import { createActivities } from '../activities/index.ts'
import { webhookUrl } from '../domain/webhook-url.ts'
import { ConfigError, configSummary, parseConfig, type Config } from '../platform/config.ts'
import { addressRules, callerOptions, inboxOptions, scriptingOptions } from '../platform/config-parts.ts'
import { createLogger, type Logger } from '../platform/logger.ts'
import { createMetrics } from '../platform/metrics.ts'
import { createDataConverter } from '../platform/payloads.ts'
import { connectRedis, VolatileRedisError } from '../platform/redis.ts'
import { createSealer, parseEncryptionKeys } from '../platform/seal.ts'
import { onShutdown, type ShutdownStep } from '../platform/shutdown.ts'
import { createTemporalMarker } from '../platform/temporal-marker.ts'
import { awaitRedis } from '../platform/waiting.ts'
import { createScripting } from '../scripting/index.ts'
import { createCycleCache } from '../storage/cycle-cache.ts'
import { createBlobs } from '../storage/redis/blobs.ts'
import { createInbox } from '../storage/redis/inbox.ts'
import { createOAuthStore } from '../storage/redis/oauth.ts'
import { createRateLimits } from '../storage/redis/rate-limits.ts'
import { createRegistryMarker } from '../storage/redis/registry-marker.ts'
import { createRegistry } from '../storage/redis/registry.ts'
import { createReindex } from '../storage/redis/reindex.ts'
import { missingFor } from '../storage/prerequisites.ts'
import { withRetired } from '../storage/retired.ts'
import { createRegistryGuard } from '../storage/registry-guard.ts'
import { INLINE, LARGE_BYTES } from '../workflows/messages.ts'
import { acceptedRoots } from './accepted-roots.ts'
import { loadBundle } from './bundle.ts'
import { awaitTemporal } from './connect.ts'
import { createDispatcher } from './dispatcher.ts'
import { serveHealth } from './health.ts'
import { createOpenTransactions } from './open-transactions.ts'
import { createOutbox } from './outbox.ts'
import { createPackageStarts } from './package-starts.ts'
import { createReindexer } from './reindexer.ts'
import { createTemporalPorts } from './temporal-ports.ts'
import { createSchedules } from './temporal-schedules.ts'
import { installRuntime } from './temporal-runtime.ts'
import { createTemporalWorker } from './temporal-worker.ts'
import { createUpkeep } from './upkeep.ts'

/** Room in memory for large data that was used last. */
const BLOBS_MEMORY = 64 * 1024 * 1024
const CHECK_MS = 2_500

async function main(config: Config, logger: Logger): Promise<void> {
  logger.info({ configuration: configSummary(config, 'worker') }, 'starting')
  const ending = new AbortController()
  // What is made last ends first; a signal while the worker still waits for Redis or Temporal ends what there is.
  const steps: ShutdownStep[] = [{ name: 'waiting', run: () => ending.abort(new Error('the process ends')) }]
  const first = (name: string, run: ShutdownStep['run']): void => void steps.splice(1, 0, { name, run })
  const shutDown = onShutdown(config.shutdownGrace, logger, steps)
  try {
    await compose(config, logger, ending, first, shutDown)
  } catch (error) {
    // A signal while it waited: the steps of the shutdown are on their way.
    if (!ending.signal.aborted) throw error
  }
}

async function compose(
  config: Config,
  logger: Logger,
  ending: AbortController,
  first: (name: string, run: ShutdownStep['run']) => void,
  shutDown: ReturnType<typeof onShutdown>,
): Promise<void> {
  const workerId = `${hostname()}-${process.pid}-${randomBytes(4).toString('hex')}`
  const temporalMetrics = await installRuntime(logger)
  const metrics = createMetrics('worker')
  const redis = connectRedis(config.redisUrl, { logger })
  first('redis', () => redis.disconnect())
  let client: Client | undefined
  let working = false
  let polling: Awaited<ReturnType<typeof createTemporalWorker>> | undefined
  const health = await serveHealth({
    host: config.host,
    port: config.workerMetricsPort,
    dependencies: [
      { name: 'redis', check: async () => void (await redis.ping()) },
      { name: 'temporal', check: () => checkTemporal(client, config.temporalNamespace) },
      { name: 'worker', check: () => (working ? Promise.resolve() : Promise.reject(new Error('not working yet'))) },
      { name: 'workflows', check: () => (polling?.getState() === 'RUNNING' ? Promise.resolve() : Promise.reject(new Error('not polled yet'))) },
    ],
    metrics: [() => metrics.registry.metrics(), temporalMetrics],
    contentType: metrics.registry.contentType,
  }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`WORKER_METRICS_PORT: ${config.workerMetricsPort} cannot be listened on (${reason}); expected a free port`])
  })
  first('health', () => health.close())
  logger.info({ host: config.host, port: health.port }, 'health and metrics')
  await awaitRedis(redis, config, logger, ending.signal)
  const connection = await awaitTemporal(config, logger, ending.signal)
  first('temporal', () => connection.close())
  const blobs = createBlobs(redis, { retentionMs: config.retentionMax, memoryBytes: BLOBS_MEMORY })
  first('blobs', () => blobs.close())
  const dataConverter = createDataConverter(blobs, { thresholdBytes: LARGE_BYTES, inline: INLINE })
  client = new Client({ connection, namespace: config.temporalNamespace, dataConverter })

  const inbox = createInbox({ redis, options: inboxOptions(config) })
  first('inbox', () => inbox.close())
  const registry = createRegistry(redis)
  const cycles = createCycleCache(registry)
  const guard = createRegistryGuard({
    redis: createRegistryMarker(redis),
    temporal: createTemporalMarker(connection, { namespace: config.temporalNamespace, taskQueue: config.temporalTaskQueue }),
    logger,
    found: state => metrics.registryLost.set(state === 'lost' ? 1 : 0),
    replaced: () => cycles.clear(),
  })
  const scripting = createScripting(scriptingOptions(config))
  first('scripting', () => scripting.close())
  const addresses = addressRules(config)
  const notifier = createNotifier(addresses)
  first('notifier', () => notifier.close())
  const http = createHttpCaller(callerOptions(config))
  first('http', () => http.close())
  const { publicUrl } = config
  const sealer = createSealer(parseEncryptionKeys(config.encryptionKeys))
  const tokens = createOAuth({ registry: withRetired(registry), sealer, store: createOAuthStore(redis), addresses, publicUrl, logger, metrics })
  first('oauth', () => tokens.close())
  const temporal = createTemporalPorts(client, { taskQueue: config.temporalTaskQueue })
  const activities = createActivities({
    inbox,
    registry,
    cycles,
    scripting,
    http,
    notifier,
    sealer,
    tokens,
    rateLimits: createRateLimits(redis),
    maxPaged: config.maxPaged,
    signals: temporal,
    schedules: createSchedules(client, { taskQueue: config.temporalTaskQueue }),
    rootsOf: acceptedRoots(publicUrl),
    prerequisites: cycle => missingFor(registry, cycle, account => tokens.revive(account)),
    webhookUrl: identifier => webhookUrl(publicUrl, identifier),
    guard,
    metrics,
    runtime: () => {
      const context = Context.current()
      return {
        heartbeat: () => context.heartbeat(),
        signal: context.cancellationSignal,
        runId: context.info.workflowExecution?.runId ?? '',
        attempt: context.info.attempt,
      }
    },
  })
  const worker = await createTemporalWorker({
    connection,
    namespace: config.temporalNamespace,
    taskQueue: config.temporalTaskQueue,
    bundle: await loadBundle(logger),
    activities,
    dataConverter,
    shutdownGraceMs: Math.floor(config.shutdownGrace * 0.7),
    identity: workerId,
  })
  polling = worker
  const running = worker.run().catch((error: unknown) => {
    logger.fatal({ err: error }, "Temporal's worker failed")
    shutDown("Temporal's worker failed", 1)
  })
  first('worker', async () => {
    if (worker.getState() === 'RUNNING') worker.shutdown()
    await running
  })

  const limits = { maxStepExecutions: config.maxStepExecutions, retentionMs: config.retentionMax }
  const { incidents } = registry
  const dispatcher = createDispatcher({ inbox, cycles, incidents, temporal, workerId, logger, publicUrl, taskQueue: config.temporalTaskQueue, limits })
  const outbox = createOutbox({ notifications: registry.notifications, temporal, retries: config.notificationRetries, logger })
  const packages = createPackageStarts({ registry, temporal, logger })
  const subscriptions = (partition: number): Promise<void> => registry.subscriptions.sweep(partition, config.stoppedQueueTtl)
  const upkeep = createUpkeep({ inbox, incidents, temporal, blobs, outbox, packages, subscriptions, workerId, logger })
  const reindexer = createReindexer({
    inbox,
    work: createReindex(redis),
    open: createOpenTransactions(client, config.temporalTaskQueue),
    signals: temporal,
    guard,
    workerId,
    logger,
  })
  const works = [dispatcher.run(ending.signal), upkeep.run(ending.signal), reindexer.run(ending.signal), guard.watch(ending.signal)]
  first('inboxes', async () => {
    working = false
    ending.abort()
    await Promise.all(works)
  })
  working = true
  logger.info({ workerId, taskQueue: config.temporalTaskQueue }, 'working')
}

async function checkTemporal(client: Client | undefined, namespace: string): Promise<void> {
  if (client === undefined) throw new Error('not connected')
  const { connection } = client
  await client.withDeadline(Date.now() + CHECK_MS, () => connection.workflowService.describeNamespace({ namespace }))
}

try {
  const config = parseConfig(process.env, 'worker')
  const logger = createLogger(config, 'worker')
  await main(config, logger)
} catch (error) {
  const expected = error instanceof ConfigError || error instanceof VolatileRedisError
  console.error(expected ? error.message : error)
  process.exit(1)
}

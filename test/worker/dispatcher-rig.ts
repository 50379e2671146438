/** A dispatcher and its upkeep on the run's Temporal, over an inbox on a database of its own. No workflow worker polls the task queue: starts stay open. */
import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import { inject } from 'vitest'
import { asAccountId, asCycleId, asIdentifier, asTransactionId, type Place, type TransactionId } from '../../domain/ids.ts'
import type { CycleDocument } from '../../domain/document.ts'
import type { Json } from '../../domain/json.ts'
import { createLogger } from '../../platform/logger.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { Inbox, TriggerRequest } from '../../storage/inbox.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createDispatcher } from '../../worker/dispatcher.ts'
import { createTemporalPorts, type TemporalPorts } from '../../worker/temporal-ports.ts'
import { createUpkeep, type Upkeep } from '../../worker/upkeep.ts'
import { transactionWorkflowId, type Incident } from '../../workflows/messages.ts'
import { freshRedis } from '../support/redis.ts'

export const document: CycleDocument = {
  name: 'Orders',
  steps: [
    { id: 'order', type: 'webhook', next: 'despatched' },
    { id: 'despatched', type: 'webhook', match: { request: 'body.order', transaction: 'order.body.id' } },
  ],
}

export interface Rig {
  readonly inbox: Inbox
  readonly client: Client
  readonly temporal: TemporalPorts
  readonly upkeep: Upkeep
  readonly incidents: Incident[]
  /** Calls of the store beside Temporal, as `call workflow`. */
  readonly blobs: string[]
  readonly place: Place
  readonly taskQueue: string
  /** Overrides calls to Temporal. */
  readonly ports: Partial<TemporalPorts>
  /** Moves the inbox's clock on. */
  later(ms: number): void
  /** Another document, of the next version. */
  edit(document: CycleDocument): Promise<void>
  accept(body?: Json, over?: Partial<TriggerRequest>): Promise<TransactionId>
  workflowIds(): Promise<readonly string[]>
  workflowOf(transaction: TransactionId): string
  /** Runs the dispatcher until it is told to stop. */
  run(workerId?: string): () => Promise<void>
  close(): Promise<void>
}

export async function createRig(): Promise<Rig> {
  const { client: redis } = await freshRedis()
  const connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  const client = new Client({ connection, namespace: 'flywheel' })
  const taskQueue = `test-${randomUUID()}`
  const place: Place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  let skew = 0
  const inbox = createInbox({
    redis,
    clock: () => Date.now() + skew,
    options: {
      stoppedQueueTtlMs: 86_400_000,
      retentionMs: 86_400_000,
      inboxLimit: 1_000,
      inboxBytes: 1e8,
      inboxTotalBytes: 1e9,
      sweepAgeMs: 100,
      leaseMs: 1_000,
    },
  })
  await inbox.create(place, 1)
  await inbox.activate(place)
  let cycle: CachedCycle = {
    place,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    document,
    identifiers: { order: asIdentifier('o'), despatched: asIdentifier('d') },
    account: { id: place.account, apiId: 'api', name: 'Account', description: '', timezone: 'UTC', createdAt: 0, userId: '' },
    hash: 'hash',
  }
  const incidents: Incident[] = []
  const blobs: string[] = []
  const added = { add: async (_place: Place, incident: Incident) => void incidents.push(incident) }
  const logger = createLogger({ logLevel: 'silent' }, 'test')
  const ports: Partial<TemporalPorts> = {}
  const real = createTemporalPorts(client, { taskQueue })
  const temporal: TemporalPorts = {
    start: options => (ports.start ?? real.start)(options),
    deliver: (...args) => (ports.deliver ?? real.deliver)(...args),
    describe: (...args) => (ports.describe ?? real.describe)(...args),
    operate: input => (ports.operate ?? real.operate)(input),
    operatePackage: input => real.operatePackage(input),
    notify: input => (ports.notify ?? real.notify)(input),
    notifyAgain: input => (ports.notifyAgain ?? real.notifyAgain)(input),
    notifyInOrder: (...args) => (ports.notifyInOrder ?? real.notifyInOrder)(...args),
    remove: (...args) => (ports.remove ?? real.remove)(...args),
    itemsEnded: (...args) => (ports.itemsEnded ?? real.itemsEnded)(...args),
    checkStop: (...args) => real.checkStop(...args),
    stop: (...args) => real.stop(...args),
    terminate: (...args) => real.terminate(...args),
  }
  const running = new Set<() => Promise<void>>()
  return {
    inbox,
    client,
    temporal,
    upkeep: createUpkeep({
      inbox,
      incidents: added,
      temporal,
      blobs: { renew: async workflow => void blobs.push(`renew ${workflow}`), delete: async workflow => void blobs.push(`delete ${workflow}`) },
      outbox: async () => {},
      packages: async () => {},
      subscriptions: async () => {},
      workerId: 'upkeep',
      logger,
    }),
    incidents,
    blobs,
    place,
    taskQueue,
    ports,
    later: ms => void (skew += ms),
    async edit(next) {
      cycle = { ...cycle, version: cycle.version + 1, document: next }
      await inbox.edited(place, cycle.version)
    },
    async accept(body = {}, over = {}) {
      const answer = await inbox.acceptTrigger({
        place,
        version: cycle.version,
        transaction: asTransactionId(randomUUID()),
        stepId: 'order',
        data: JSON.stringify({ body, headers: {}, query: {}, method: 'POST' }),
        values: [],
        held: false,
        ...over,
      })
      if (answer.outcome !== 'accepted') throw new Error(answer.outcome)
      return answer.transaction
    },
    async workflowIds() {
      const ids: string[] = []
      for await (const { workflowId } of client.workflow.list({ query: `CycleId = '${place.cycle}'` })) ids.push(workflowId)
      return ids
    },
    workflowOf: transaction => transactionWorkflowId(place.cycle, transaction),
    run(workerId = 'worker') {
      const stop = new AbortController()
      const done = createDispatcher({
        inbox,
        cycles: { reload: async () => cycle },
        incidents: added,
        temporal,
        workerId,
        logger,
        publicUrl: 'http://localhost',
        taskQueue,
        limits: { maxStepExecutions: 100, retentionMs: 86_400_000 },
      }).run(stop.signal)
      const end = async (): Promise<void> => {
        running.delete(end)
        stop.abort(new Error('stopped'))
        await done
      }
      running.add(end)
      return end
    },
    async close() {
      for (const end of running) await end()
      for await (const { workflowId } of client.workflow.list({ query: `CycleId = '${place.cycle}' AND ExecutionStatus = 'Running'` }))
        await client.workflow.getHandle(workflowId).terminate()
      await inbox.close()
      await redis.quit()
      await connection.close()
    },
  }
}

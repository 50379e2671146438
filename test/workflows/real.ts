/** A worker with the real workflow bundle on the run's Temporal, and activities over an index in memory: what the workflow does, without Redis. */
import { randomUUID } from 'node:crypto'
import { Client, Connection, type WorkflowHandle } from '@temporalio/client'
import { NativeConnection, Runtime, DefaultLogger, type Worker } from '@temporalio/worker'
import type { Activities } from '../../activities/index.ts'
import { asTransactionId, type TransactionId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { loadBundle } from '../../worker/bundle.ts'
import { createDataConverter } from '../../platform/payloads.ts'
import { createTemporalWorker } from '../../worker/temporal-worker.ts'
import { INLINE, LARGE_BYTES, STOP, transactionWorkflowId, type Incident, type TransactionInput } from '../../workflows/messages.ts'
import { transactionStart } from '../../workflows/start.ts'
import { memoryBlobs, type MemoryBlobs } from '../support/blobs.ts'
import { inputOf } from './interpreter/memory.ts'

Runtime.install({ logger: new DefaultLogger('ERROR') })

/** Calls of the index, in order, as `name argument…`. */
export interface Index {
  readonly calls: string[]
  readonly incidents: Incident[]
  stopped: boolean
}

export interface Rig {
  readonly client: Client
  readonly taskQueue: string
  readonly index: (transaction: TransactionId) => Index
  /** Where its large data lies. */
  readonly blobs: MemoryBlobs
  /** Overrides activities. */
  readonly activities: Partial<Activities>
  input(document: CycleDocument, body?: Json, limits?: Partial<TransactionInput['limits']>): TransactionInput
  start(input: TransactionInput): Promise<WorkflowHandle>
  /** Takes the worker away, as a kill would, but for what it finishes; `resume` brings another. */
  close(): Promise<void>
}

/** On the Temporal server at `address` (`host:port`), with a task queue of its own. */
export async function createRig(address: string): Promise<Rig> {
  const taskQueue = `test-${randomUUID()}`
  const native = await NativeConnection.connect({ address })
  const connection = await Connection.connect({ address })
  const blobs = memoryBlobs()
  const dataConverter = createDataConverter(blobs, { thresholdBytes: LARGE_BYTES, inline: INLINE })
  const client = new Client({ connection, namespace: 'flywheel', dataConverter })
  const indexes = new Map<string, Index>()
  const index = (transaction: string): Index => {
    const known = indexes.get(transaction) ?? { calls: [], incidents: [], stopped: false }
    indexes.set(transaction, known)
    return known
  }
  const splits = new Map<string, { completed: number; errored: number; stopped: number; wakeAt: number }>()
  const countsOf = (split: string) => {
    const counts = splits.get(split) ?? { completed: 0, errored: 0, stopped: 0, wakeAt: Infinity }
    splits.set(split, counts)
    return counts
  }
  const counted = new Set<string>()
  /** Counts an item once; answers whether its parent wants to be told. */
  const countItem = (item: string, how: 'completed' | 'errored' | 'stopped'): boolean => {
    const split = /^(.+)\.\d+$/.exec(item)?.[1]
    if (split === undefined) return false
    const counts = countsOf(split)
    if (!counted.has(item)) counts[how]++
    counted.add(item)
    return counts.completed + counts.errored + counts.stopped >= counts.wakeAt
  }
  const overrides: Partial<Activities> = {}
  const base: Activities = {
    activateCycle: async () => ({ outcome: 'active' }),
    unsubscribeCycle: async () => undefined,
    abandonSubscriptions: async () => undefined,
    callHttp: async call => ({ status: 200, headers: {}, body: { called: call.url } }),
    callMethod: async call => ({ status: 200, headers: {}, body: { called: call.method } }),
    runScript: async ({ input }) => input,
    evaluate: async expressions => expressions.map(({ expression }) => ({ value: expression })),
    async begin(_place, transaction) {
      index(transaction).calls.push('begin')
      return index(transaction).stopped ? 'stop' : 'go'
    },
    async resume(_place, transaction, stepId, delivery) {
      index(transaction).calls.push(`resume ${stepId} ${delivery}`)
      return index(transaction).stopped ? { answer: 'stop', taken: false } : { answer: 'go' }
    },
    async register(_place, transaction, stepId, value) {
      index(transaction).calls.push(`register ${stepId} ${value}`)
      return value === null ? null : `hash-${value}`
    },
    async check(_place, transaction) {
      index(transaction).calls.push('check')
      return index(transaction).stopped ? 'stop' : 'go'
    },
    async park(_place, transaction, seen) {
      index(transaction).calls.push(`park ${JSON.stringify(seen)}`)
      return { answer: index(transaction).stopped ? 'stop' : 'parked', wake: false }
    },
    async fail(_place, transaction) {
      index(transaction).calls.push('fail')
      return { answer: 'failed', wake: countItem(transaction, 'errored') }
    },
    async revive(_place, transaction) {
      index(transaction).calls.push('revive')
      return 'go'
    },
    async stopCycle(place) {
      index(place.cycle).calls.push('stopCycle')
    },
    async beginItem(_place, item, parent, split) {
      index(item).calls.push(`begin of ${parent} ${split}`)
      return index(item).stopped ? 'stop' : 'go'
    },
    async awaitItems(_place, parent, split, wakeAt) {
      const counts = countsOf(`${parent}.${split}`)
      counts.wakeAt = wakeAt
      return { completed: counts.completed, errored: counts.errored, stopped: counts.stopped }
    },
    async stopItems(place, parent, split) {
      for (const [id, { calls }] of indexes) {
        const runs = id.startsWith(`${parent}.${split}.`) && !calls.some(call => call.startsWith('end'))
        if (runs) await client.workflow.getHandle(transactionWorkflowId(place.cycle, asTransactionId(id))).signal(STOP)
      }
    },
    async end(_place, transaction, consumed, status) {
      index(transaction).calls.push(`end ${status} ${JSON.stringify(consumed)}`)
      return { wake: countItem(transaction, status === 'Completed' ? 'completed' : status === 'Errored' ? 'errored' : 'stopped') }
    },
    async incident(_place, transaction, incident) {
      index(transaction).incidents.push(incident)
    },
    sendNotification: async () => ({ at: Date.now(), durationMs: 1, status: 204, answer: '' }),
    beginNotification: async () => 'go',
    noteNotification: async (id, status) => void index(id).calls.push(status),
    async stopDoomed() {},
    async removeAll() {},
    async followCycle() {},
    async fire() {},
    async installCycle() {},
    async removeCycle() {},
    examineCycles: async () => [],
    startCycle: async () => [],
    finishOperation: async () => [],
  }
  const activities: Activities = {
    ...base,
    callHttp: call => (overrides.callHttp ?? base.callHttp)(call),
    callMethod: call => (overrides.callMethod ?? base.callMethod)(call),
    runScript: call => (overrides.runScript ?? base.runScript)(call),
    evaluate: expressions => (overrides.evaluate ?? base.evaluate)(expressions),
    sendNotification: message => (overrides.sendNotification ?? base.sendNotification)(message),
    beginNotification: (...args) => (overrides.beginNotification ?? base.beginNotification)(...args),
    unsubscribeCycle: place => (overrides.unsubscribeCycle ?? base.unsubscribeCycle)(place),
    stopDoomed: place => (overrides.stopDoomed ?? base.stopDoomed)(place),
    removeAll: place => (overrides.removeAll ?? base.removeAll)(place),
    followCycle: place => (overrides.followCycle ?? base.followCycle)(place),
    fire: (place, activation, dueAt) => (overrides.fire ?? base.fire)(place, activation, dueAt),
    stopCycle: place => (overrides.stopCycle ?? base.stopCycle)(place),
    installCycle: (at, cycle) => (overrides.installCycle ?? base.installCycle)(at, cycle),
    removeCycle: (at, cycle) => (overrides.removeCycle ?? base.removeCycle)(at, cycle),
    examineCycles: at => (overrides.examineCycles ?? base.examineCycles)(at),
    startCycle: (at, cycle, orStop) => (overrides.startCycle ?? base.startCycle)(at, cycle, orStop),
    finishOperation: (at, ending) => (overrides.finishOperation ?? base.finishOperation)(at, ending),
  }
  const bundle = await loadBundle()
  const worker: Worker = await createTemporalWorker({
    connection: native,
    namespace: 'flywheel',
    taskQueue,
    bundle,
    activities,
    dataConverter,
    shutdownGraceMs: 1_000,
  })
  const running = worker.run()
  return {
    client,
    taskQueue,
    blobs,
    index,
    activities: overrides,
    input: (document, body, limits) => {
      const transaction = asTransactionId(randomUUID())
      return { ...inputOf(document, body, limits), transaction, acceptedAt: Date.now() }
    },
    start(input) {
      const { workflowType, ...options } = transactionStart(input, taskQueue)
      return client.workflow.start(workflowType, options)
    },
    async close() {
      worker.shutdown()
      await running
      await connection.close()
      await native.close()
    },
  }
}

import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { asAccountId, asCycleId, type Place } from '../../domain/ids.ts'
import { createLogger } from '../../platform/logger.ts'
import { partitionOf } from '../../storage/keys.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { Notifications } from '../../storage/notifications.ts'
import type { Registry } from '../../storage/registry.ts'
import { createOutbox, type OutboxDeps } from '../../worker/outbox.ts'
import { createTemporalPorts, type TemporalPorts } from '../../worker/temporal-ports.ts'
import { installationNotificationsWorkflowId, NOTIFY, type QueuedNotification } from '../../workflows/messages-installation.ts'
import { notificationWorkflowId, SEND_NOW, type NotificationMessage } from '../../workflows/messages.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let registry: Registry
let connection: NativeConnection
let client: Client
let place: Place
beforeEach(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis)
  connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection, namespace: 'flywheel' })
  place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  const account = { id: place.account, apiId: 'a', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' }
  await registry.accounts.create({ ...account, transactionErrorWebhookUrl: 'http://errors.example' })
  await registry.cycles.create({ place, version: 1, createdAt: 0, updatedAt: 0, document: { name: 'Orders', steps: [] }, identifiers: {} })
})
afterEach(async () => {
  for (const { id } of await logged())
    await handleOf(id)
      .terminate()
      .catch(() => undefined)
  await redis.quit()
  await connection.close()
})

const handleOf = (id: string) => client.workflow.getHandle(notificationWorkflowId(id))
const incident = () => registry.incidents.add(place, { at: 0, level: 'Error', message: 'Webhook failed', detail: '' })
const left = () => registry.notifications.outbox(partitionOf(place.account), 1_000)
async function logged() {
  const found = await registry.notifications.list({ limit: 500 })
  return found === 'unknown' ? [] : found
}

/** One pass; no workflow worker polls the task queue, so that what is started stays open. */
async function pass(more: { temporal?: Partial<TemporalPorts>; notifications?: Partial<Notifications>; signal?: AbortSignal } = {}): Promise<void> {
  const temporal = createTemporalPorts(client, { taskQueue: `test-${randomUUID()}` })
  const deps: OutboxDeps = {
    notifications: { ...registry.notifications, ...more.notifications },
    temporal: { ...temporal, ...more.temporal },
    retries: [5_000],
    logger: createLogger({ logLevel: 'silent' }, 'test'),
  }
  await createOutbox(deps)(partitionOf(place.account), more.signal ?? new AbortController().signal)
}

describe('the outbox', () => {
  it('starts a workflow for each notification, logs it, and is empty then', async () => {
    for (let n = 0; n < 3; n++) await incident()
    await pass()
    expect(await left()).toEqual([])
    const found = await logged()
    expect(found.map(({ status }) => status)).toEqual(['Pending', 'Pending', 'Pending'])
    for (const { id } of found) expect((await handleOf(id).describe()).status.name).toBe('RUNNING')
  })

  it('starts it once, wherever a worker died in between', async () => {
    await incident()
    for (const died of ['open', 'taken'] as const) {
      await expect(pass({ notifications: { [died]: () => Promise.reject(new Error('died')) } })).rejects.toThrow('died')
      expect(await left()).toHaveLength(1)
    }
    await pass()
    expect(await left()).toEqual([])
    expect(await logged()).toHaveLength(1)
  })

  it('keeps everything while Temporal does not answer', async () => {
    for (let n = 0; n < 12; n++) await incident()
    let asked = 0
    const later = async () => {
      asked++
      return { outcome: 'later' as const }
    }
    await pass({ temporal: { notify: later } })
    expect(asked).toBe(10)
    expect(await left()).toHaveLength(12)
  })

  it('goes no further when the worker ends', async () => {
    for (let n = 0; n < 25; n++) await incident()
    await pass({ temporal: { notify: async () => ({ outcome: 'started' }) }, signal: AbortSignal.abort() })
    expect(await left()).toHaveLength(15)
  })

  it('shows what Temporal refuses for good as failed, with the reason', async () => {
    await incident()
    await pass({ temporal: { notify: async () => ({ outcome: 'refused', reason: 'too large' }) } })
    expect(await left()).toEqual([])
    expect(await logged()).toMatchObject([{ status: 'Failed', tries: [{ error: 'Temporal refused to send it: too large' }] }])
  })

  it('takes more than a batch, in one pass', async () => {
    for (let n = 0; n < 120; n++) await incident()
    await pass({ temporal: { notify: async () => ({ outcome: 'started' }) } })
    expect(await left()).toEqual([])
    expect(await logged()).toHaveLength(120)
  })

  it('sends again: by the workflow that is still at it, else by another of the same id', async () => {
    await incident()
    await pass()
    const [one] = await logged()
    if (one === undefined) throw new Error('it was not logged')
    const first = await handleOf(one.id).describe()

    await registry.notifications.sendAgain(one)
    await pass()
    const { events } = await handleOf(one.id).fetchHistory()
    expect(events?.flatMap(event => event.workflowExecutionSignaledEventAttributes?.signalName ?? [])).toEqual([SEND_NOW])

    await handleOf(one.id).terminate()
    await registry.notifications.note(one.id, 'Failed', undefined)
    await registry.notifications.sendAgain(one)
    await pass()
    const second = await handleOf(one.id).describe()
    expect(second.status.name).toBe('RUNNING')
    expect(second.runId).not.toBe(first.runId)
    expect(await logged()).toMatchObject([{ id: one.id, status: 'Pending' }])
  })

  it('passes over one that is to be sent again and is no longer logged', async () => {
    await registry.notifications.sendAgain({ id: randomUUID(), account: place.account })
    await pass()
    expect(await left()).toEqual([])
  })
})

describe('what is told of installations', () => {
  const told = (of: string): NotificationMessage => ({
    id: randomUUID(),
    kind: 'started',
    account: place.account,
    installation: { account: place.account, package: of },
    marketplaceId: '7',
    title: 'Shop started · A',
    url: 'http://shop.example',
    userAgent: 'Flywheel',
    body: '{}',
  })
  async function put(...messages: readonly NotificationMessage[]): Promise<void> {
    for (const message of messages) await redis.xadd(registryKeys.outbox(partitionOf(place.account)), '*', 'message', JSON.stringify(message))
  }
  const namesOf = (messages: readonly Pick<NotificationMessage, 'id'>[]): string[] => messages.map(({ id }) => id)

  it('is handed over in order within one installation, others beside it, incidents too', async () => {
    const shops = ['1', '2', '3'].map(of => Array.from({ length: 20 }, () => told(of)))
    for (let n = 0; n < 20; n++) await put(...shops.flatMap(shop => shop.slice(n, n + 1)))
    await incident()
    const handed: { id: string; order: number; of: string }[] = []
    const busy = new Set<string>()
    let most = 0
    let incidents = 0
    await pass({
      temporal: {
        notify: async () => ({ outcome: incidents++ === 0 ? 'started' : 'already' }),
        async notifyInOrder(installation, { id, order }) {
          expect(busy.has(installation.package)).toBe(false)
          most = Math.max(most, busy.add(installation.package).size)
          await new Promise(resolve => setTimeout(resolve, Math.random() * 5))
          busy.delete(installation.package)
          handed.push({ id, order, of: installation.package })
          return { outcome: 'started' }
        },
      },
    })
    expect([most, incidents]).toEqual([3, 1])
    for (const [at, shop] of shops.entries()) {
      const mine = handed.filter(({ of }) => of === String(at + 1))
      expect(namesOf(mine)).toEqual(namesOf(shop))
      expect(mine.map(({ order }) => order)).toEqual(mine.map(({ order }) => order).toSorted((a, b) => a - b))
    }
    expect(await left()).toEqual([])
  })

  it('stays behind what Temporal did not take, in its place', async () => {
    const [first, second] = [told('1'), told('1')]
    await put(first, second)
    const asked: string[] = []
    let down = true
    const temporal: Partial<TemporalPorts> = {
      async notifyInOrder(_installation, { id }) {
        asked.push(id)
        return { outcome: down ? 'later' : 'started' }
      },
    }
    await pass({ temporal })
    down = false
    await pass({ temporal })
    expect(asked).toEqual(namesOf([first, first, second]))
  })

  it('that Temporal refuses for good has failed, and lets the next go', async () => {
    const [first, second] = [told('1'), told('1')]
    await put(first, second)
    await pass({
      temporal: { notifyInOrder: async (_installation, { id }) => (id === first.id ? { outcome: 'refused', reason: 'too large' } : { outcome: 'started' }) },
    })
    expect((await registry.notifications.get(first.id))?.status).toBe('Failed')
    expect((await registry.notifications.get(second.id))?.status).toBe('Pending')
    expect(await left()).toEqual([])
  })

  it('is not handed over again where it is over already', async () => {
    const one = told('1')
    await registry.notifications.open(one)
    await registry.notifications.note(one.id, 'Delivered', undefined)
    await put(one)
    await pass({ temporal: { notifyInOrder: () => Promise.reject(new Error('it was')) } })
    expect(await left()).toEqual([])
  })

  it('goes to one workflow for its installation, which is started where it is not there; also what is sent again', async () => {
    const messages = [told('1'), told('1')]
    await put(...messages)
    await pass()
    const again = messages[0]
    if (again === undefined) throw new Error('none')
    await registry.notifications.note(again.id, 'Failed', undefined)
    await registry.notifications.sendAgain(again)
    await pass()
    const handle = client.workflow.getHandle(installationNotificationsWorkflowId({ account: place.account, package: '1' }))
    const { events } = await handle.fetchHistory()
    const signals = (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => (signal === undefined || signal === null ? [] : [signal]))
    expect(signals.map(({ signalName }) => signalName)).toEqual([NOTIFY, NOTIFY, NOTIFY])
    const queued = signals.map(({ input }): QueuedNotification => JSON.parse(Buffer.from(input?.payloads?.[0]?.data ?? '').toString()))
    expect(queued.map(({ id, again: sentAgain }) => [id, sentAgain])).toEqual([...messages, again].map(({ id }, at) => [id, at === 2 ? true : undefined]))
    expect(queued[2]?.order).toBe(queued[0]?.order)
    expect(queued[0]).toMatchObject({ ...again, retries: [5_000] })
    expect((await handle.describe()).searchAttributes).toMatchObject({ AccountId: [place.account], PackageId: ['1'] })
    expect((await registry.notifications.get(again.id))?.status).toBe('Pending')
    await handle.terminate()
  })
})

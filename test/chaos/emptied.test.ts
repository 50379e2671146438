import { Client, Connection } from '@temporalio/client'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waiting } from '../e2e/documents.ts'
import type { TestCycle } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { inParallel, sizeOf } from './senders.ts'

const WAITING = sizeOf('CHAOS_WAITING', 500)

let system: TestSystem
let redis: Redis
beforeAll(async () => {
  system = await startSystem()
  redis = new Redis(system.redisUrl)
})
afterAll(async () => {
  await redis?.quit()
  await system?.stop()
})

interface Progress {
  readonly Status: string
  readonly WaitingTransactionCount: number
  readonly InProgressTransactionCount: number
  readonly Problem: string | null
}
interface Counted {
  readonly WaitingTransactionCount: number
}

const waitingOf = async (cycle: TestCycle): Promise<number> => {
  const view: unknown = await cycle.view()
  const counted = view as Counted
  return counted.WaitingTransactionCount
}

/** Transactions that wait for `{prefix}-{n}`; answers their ids. */
async function wait(cycle: TestCycle, prefix: string, count: number): Promise<(string | undefined)[]> {
  const accepted = await inParallel(count, 32, async n => {
    const reply = await cycle.post({ id: `${prefix}-${n}` })
    expect(reply.status).toBe(200)
    return reply.transaction
  })
  await until(async () => (await waitingOf(cycle)) === count, { timeoutMs: 170_000, everyMs: 250, what: `${count} transactions waiting` })
  return accepted
}

/** What each resumed transaction told, as `transaction/id`. */
const told = (prefix: string): string[] =>
  system.receiver.at('/updates').flatMap(({ text }) => {
    const { tx, id }: { tx: string; id: string } = JSON.parse(text)
    return id.startsWith(`${prefix}-`) ? [`${tx} ${id}`] : []
  })

/** Sends each of them one request, and waits until each has run once more, and only once. */
async function resumeAll(cycle: TestCycle, prefix: string, transactions: readonly (string | undefined)[]): Promise<void> {
  await inParallel(transactions.length, 32, async n => {
    const reply = await cycle.post({ id: `${prefix}-${n}`, n }, { step: 'update', key: `${prefix}-${n}` })
    expect(reply).toMatchObject({ status: 200, body: 'Webhook accepted.' })
  })
  await until(() => told(prefix).length >= transactions.length, { timeoutMs: 170_000, everyMs: 250, what: 'all of them resumed' })
  await until(async () => (await waitingOf(cycle)) === transactions.length, { timeoutMs: 60_000, everyMs: 250, what: 'all of them waiting again' })
  expect(told(prefix).sort()).toEqual(transactions.map((transaction, n) => `${transaction} ${prefix}-${n}`).sort())
}

/** Everything but what the inboxes hold, the cycles' own state and the registry. */
async function loseIndex(): Promise<number> {
  const kept = [':starts', ':claims', ':deliveries', ':held']
  const keys = (await redis.keys('*:cycle:*:*')).filter(key => !key.includes(':key:') && !kept.some(end => key.endsWith(end)))
  for (let i = 0; i < keys.length; i += 500) await redis.unlink(keys.slice(i, i + 500))
  return keys.length
}

/** Temporal lists what it was told some hundred milliseconds ago. */
async function listed(cycle: TestCycle, count: number): Promise<void> {
  const connection = await Connection.connect({ address: system.temporalAddress })
  const client = new Client({ connection, namespace: 'flywheel' })
  const query = `CycleId = "${cycle.id}" AND TransactionStatus = "Waiting"`
  await until(async () => (await client.workflow.count(query)).count === count, { timeoutMs: 120_000, everyMs: 500, what: `${count} listed as waiting` })
  await connection.close()
}

describe('an index that was lost', () => {
  it('is rebuilt at the start: all that waited is resumed, exactly once, and without being woken before', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const transactions = await wait(cycle, 'index', WAITING)
    await listed(cycle, WAITING)
    await system.kill('worker')
    expect(await loseIndex()).toBeGreaterThan(WAITING)
    await system.restart('api')
    await system.start('worker')
    const progress = await until(
      async () => {
        const found = await system.client.call<Progress>('GET', '/reindex')
        return found.Status === 'Done' && found
      },
      { timeoutMs: 60_000, everyMs: 250, what: 'the index being rebuilt' },
    )
    expect(progress).toMatchObject({ WaitingTransactionCount: WAITING, InProgressTransactionCount: 0, Problem: null })
    await resumeAll(cycle, 'index', transactions)
  }, 400_000)

  it('takes what comes meanwhile: it is matched when the index is whole', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const transactions = await wait(cycle, 'meanwhile', 20)
    await system.kill('worker')
    await loseIndex()
    await inParallel(20, 10, n => cycle.post({ id: `meanwhile-${n}`, n }, { step: 'update', key: `meanwhile-${n}` }))
    expect(told('meanwhile')).toEqual([])
    await system.start('worker')
    await resumeAll(cycle, 'meanwhile', transactions)
  }, 400_000)
})

describe('a Redis that was emptied', () => {
  it('answers 503 until the registry is imported, and then goes on: same URLs, nothing lost of what waits or runs', async () => {
    const { client, receiver } = system
    const cycle = await client.cycle(waiting(receiver.url))
    const stopped = await client.cycle(waiting(receiver.url), { activate: false, account: cycle.account })
    const slow = await client.cycle({
      name: 'Slow',
      steps: [
        { id: 'order', type: 'webhook', next: 'hold' },
        { id: 'hold', type: 'request', method: 'POST', url: `${receiver.url}/hold`, body: { id: '{{order.body.id}}' }, next: 'update' },
        { id: 'update', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${receiver.url}/slow`, body: { tx: '{{transaction.id}}', n: '{{update.body.n}}' } },
      ],
    })
    const transactions = await wait(cycle, 'all', WAITING)
    await listed(cycle, WAITING)
    // One is in a call while everything is lost, and comes to wait while there is no registry.
    let letGo: (() => void) | undefined
    receiver.respond(({ path }) => (path === '/hold' ? new Promise(resolve => (letGo = () => resolve(undefined))) : undefined))
    const running = await slow.post({ id: 'slow' })
    await receiver.waitFor('/hold')

    const document = await client.call<{ readonly Cycles: readonly unknown[] }>('GET', '/export')
    await redis.flushdb()

    const lost = { status: 503, body: 'Webhook temporarily unavailable.' }
    expect(await cycle.post({ id: 'all-0' }, { step: 'update' })).toMatchObject(lost)
    expect((await cycle.post({})).headers['retry-after']).toBe('5')
    expect(await client.post(cycle.url().replace(/.{22}$/, 'A'.repeat(22)), {})).toMatchObject(lost)
    expect(await client.post(cycle.url(), undefined, { method: 'GET' })).toMatchObject(lost)
    await expect(client.call('GET', '/accounts')).rejects.toThrow(/503.*flywheel import.*service_unavailable/s)
    client.forgetToken()
    await expect(client.call('GET', `/cycles/${cycle.id}`, { account: cycle.account })).rejects.toThrow(/503.*flywheel import/s)
    await expect(client.call('GET', '/export')).rejects.toThrow(/503/)
    letGo?.()
    await system.restart('api')
    await system.restart('worker')
    expect(await cycle.post({})).toMatchObject(lost)
    client.forgetToken()
    await expect(client.call('GET', '/accounts')).rejects.toThrow(/503/)

    const [made, again] = [await client.call('POST', '/import', { body: document }), await client.call('POST', '/import', { body: document })]
    expect(made).toContainEqual({ Name: 'Cycles', Made: document.Cycles.length, Unchanged: 0 })
    expect(again).toContainEqual({ Name: 'Cycles', Made: 0, Unchanged: document.Cycles.length })
    expect((await cycle.view()).Status).toBe('Active')
    expect((await stopped.view()).Status).toBe('Paused')
    await resumeAll(cycle, 'all', transactions)

    await slow.settled(running.transaction ?? '', ['Waiting'], 120_000)
    expect(await slow.post({ id: 'slow', n: 1 }, { step: 'update' })).toMatchObject({ status: 200, transaction: running.transaction })
    expect((await receiver.waitFor('/slow')).map(({ json }) => json)).toEqual([{ tx: running.transaction, n: 1 }])

    const fresh = await cycle.post({ id: 'fresh' })
    await cycle.settled(fresh.transaction ?? '', ['Waiting'])
    expect((await cycle.post({ id: 'fresh', n: 0 }, { step: 'update' })).transaction).toBe(fresh.transaction)
  }, 600_000)
})

describe('a fresh system', () => {
  it('is empty, and not lost', async () => {
    const fresh = await startSystem()
    try {
      expect(await fresh.client.call('GET', '/accounts')).toEqual([])
      expect(await fresh.client.post(`${fresh.apiUrl}/api/webhook/${'A'.repeat(22)}`, {})).toMatchObject({ status: 404, body: 'Webhook not found.' })
    } finally {
      await fresh.stop()
    }
  })
})

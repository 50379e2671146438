import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'
import { describe, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { PARTITIONS } from '../../storage/keys.ts'
import type { Operation } from '../../storage/operation.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import { offer, tenant, type OperationView, type Tenant } from '../support/packages.ts'
import { until } from '../support/until.ts'
import { inParallel, sizeOf } from './senders.ts'
import { killAndRestart, useOwnSystem } from './servers.ts'

const OPERATIONS = sizeOf('CHAOS_OPERATIONS', 60)
/** Most of it is waiting for processes that start again. */
const TIMEOUT_MS = Math.max(900_000, OPERATIONS * 6_000)
/** Of each account; every third has a package whose last template cannot be installed. */
const LIFE = ['install', 'stop', 'start', 'uninstall'] as const
const VICTIMS = ['worker', 'redis', 'api', 'temporal'] as const

const own = useOwnSystem({ ALLOW_VOLATILE_REDIS: 'false', NOTIFICATION_RETRIES: '1s,1s,1s,1s,1s,1s,1s' })

const patiently = <T>(work: () => Promise<T>): Promise<T> =>
  until(async () => ({ value: await work() }), { timeoutMs: 240_000, everyMs: 250, what: 'an answer' }).then(({ value }) => value)

/** Begins an operation until it is known to have begun, as somebody would whose answer may be lost, and waits until none is under way. */
async function carryOut(one: Tenant, kind: (typeof LIFE)[number]): Promise<OperationView | undefined> {
  const begun = await patiently(() =>
    one.begin(kind).catch((error: unknown) => {
      // An earlier try did it, or does.
      if (/package_installed|package_not_installed|operation_running/.test(String(error))) return undefined
      throw error
    }),
  )
  await until(async () => (await one.view()).Operation === null, { timeoutMs: 240_000, everyMs: 250, what: `the end of ${kind}` })
  return begun === undefined ? undefined : patiently(() => one.operation(begun.Id))
}

const document = (name: string): object => ({
  name,
  steps: [
    { id: 'order', type: 'webhook', next: 'wait' },
    { id: 'wait', type: 'delay', for: '1s' },
  ],
})

describe('while api, worker, Redis and Temporal are killed at random instants', () => {
  it(
    `each of ${OPERATIONS} operations on packages is done wholly or undone wholly, and the marketplace is told of exactly those that were done`,
    async () => {
      const { client, receiver } = own.system
      const notificationUrl = `${receiver.url}/told`
      const good = await offer(own.system, ['A', 'B', 'C'].map(document), { notificationUrl, singleInstallation: true })
      const bad = await offer(own.system, ['A', 'B', 'C'].map(document), { notificationUrl, singleInstallation: true, draft: [2] })
      const accounts = Math.max(3, Math.ceil(OPERATIONS / 3))
      const tenants: Tenant[] = []
      for (let n = 0; n < accounts; n++) tenants.push(tenant(client, await client.account(), n % 3 === 2 ? bad : good))
      const isBad = (n: number): boolean => n % 3 === 2

      let over = false
      const killing = (async () => {
        for (let round = 0; !over; round++) {
          await sleep(300 + Math.random() * 1_500)
          if (!over) await killAndRestart(own, VICTIMS[round % VICTIMS.length] ?? 'worker')
        }
      })()
      const ended = await inParallel(accounts, 6, async n => {
        const one = tenants[n]
        if (one === undefined) return []
        const found: (OperationView | undefined)[] = []
        // One in four stays installed.
        for (const kind of isBad(n) ? (['install'] as const) : n % 4 === 0 ? LIFE.slice(0, 3) : LIFE) found.push(await carryOut(one, kind))
        return found
      }).finally(() => (over = true))
      await killing

      const redis = new Redis(own.servers.redisUrl)
      const told = (account: string) => receiver.at('/told').filter(({ text }) => text.includes(account))
      for (const [n, one] of tenants.entries()) {
        const view = await one.view()
        const cycles = await one.cycles()
        const stays = !isBad(n) && n % 4 === 0
        expect(view).toMatchObject({ Status: stays ? 'Started' : 'NotInstalled', Operation: null })
        expect(cycles.map(({ Id, Status }) => [Id, Status])).toEqual(view.Cycles.map(({ CycleId }) => [CycleId, 'Active']))
        expect(view.Cycles).toHaveLength(stays ? 3 : 0)

        const { AccountId } = await client.call<{ AccountId: string }>('GET', `/accounts/${one.account}`)
        const records = await redis.hgetall(registryKeys.operations(asAccountId(AccountId)))
        const operations = Object.entries(records).map(([id, text]) => ({ id, operation: JSON.parse(text.replace(/^\d+ \d+ /, '')) as Operation }))
        const done = operations.filter(({ operation }) => operation.status === 'Completed').map(({ id }) => id)
        if (isBad(n)) expect(done).toEqual([])
        else expect(operations.filter(({ operation }) => operation.status !== 'Completed')).toEqual([])
        const ids = (): string[] => [...new Set(told(AccountId).map(({ headers }) => String(headers['webhook-id'])))].toSorted()
        await until(() => ids().length >= done.length, { timeoutMs: 120_000, what: 'all that is to be told' })
        expect(ids()).toEqual(done.toSorted())
      }
      for (const operation of ended.flat()) expect(['Completed', 'Failed', undefined]).toContain(operation?.Status)
      for (let p = 0; p < PARTITIONS; p++) expect(await redis.zcard(registryKeys.operationsDue(p))).toBe(0)
      redis.disconnect()
    },
    TIMEOUT_MS,
  )
})

describe('while Temporal is down', () => {
  it('an operation is taken, and carried out when it is back', async () => {
    const shop = await offer(own.system, [document('A')])
    const one = tenant(own.system.client, await own.system.client.account(), shop)
    await own.servers.kill('temporal')
    const begun = await one.begin('install')
    expect(begun).toMatchObject({ Status: 'Running' })
    expect(await one.view()).toMatchObject({ Status: 'NotInstalled', Operation: { Id: begun.Id } })
    await own.servers.start('temporal')
    await until(async () => (await one.operation(begun.Id)).Status === 'Completed', { timeoutMs: 120_000 })
    expect(await one.view()).toMatchObject({ Status: 'Started', Cycles: [{ Status: 'Active' }] })
  })
})

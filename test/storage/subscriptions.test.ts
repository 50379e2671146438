import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asAccountId, asCycleId, type Place } from '../../domain/ids.ts'
import type { SubscriptionTerms } from '../../domain/subscription.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { withRetired } from '../../storage/retired.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import type { Registry } from '../../storage/registry.ts'
import { freshRedis } from '../support/redis.ts'

const HOUR = 3_600_000
let redis: Redis
let registry: Registry
let inbox: ReturnType<typeof createInbox>
let place: Place
let held: string
beforeAll(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis)
  inbox = createInbox({ redis, options: { stoppedQueueTtlMs: HOUR, retentionMs: 1e9, inboxLimit: 1e6, inboxBytes: 1e9, inboxTotalBytes: 1e9 } })
})
beforeEach(async () => {
  place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  held = randomUUID()
  const { account } = place
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  await registry.accountConnectors.of(account).create(held, connector)
  await inbox.create(place, 1)
})
afterAll(async () => {
  await inbox.close()
  await redis.quit()
})

const connector: AccountConnector = { connectorId: 'c', name: 'Shop', settings: {}, status: 'Authenticated', credentials: 'sealed', externalId: 'shop-7' }
const terms = (more: Partial<SubscriptionTerms> = {}): SubscriptionTerms => ({
  stepId: 'order',
  url: 'http://hooks.example/1',
  connectorId: 'c',
  connector: 'Shop',
  method: 'newOrder',
  accountConnectorId: held,
  settings: {},
  baseUrl: 'http://shop.example',
  authentication: { type: 'bearer' },
  fingerprint: 'f',
  ...more,
})
const subscriptions = () => registry.subscriptions
async function made(more: Partial<SubscriptionTerms> = {}, app: string | undefined = 'hook-1', at: Place = place): Promise<string> {
  const id = randomUUID()
  expect(await subscriptions().ask(at, id, terms(more), 'me')).toBe('mine')
  expect(await subscriptions().made(at, id, terms(more), app)).toBe('made')
  return id
}
const states = async (at: Place = place) => Object.fromEntries((await subscriptions().of(at)).map(({ id, state }) => [id, state]))
const ordered = async (at: Place = place) =>
  (await inbox.controls(partitionOf(at.account), 1_000)).filter(one => one.op === 'unsubscribe' && one.place.cycle === at.cycle).length
const sweep = (idleMs: number) => subscriptions().sweep(partitionOf(place.account), idleMs)

describe('a subscription', () => {
  it('is marked before it is asked for, by one at a time', async () => {
    const id = randomUUID()
    expect(await subscriptions().ask(place, id, terms(), 'me')).toBe('mine')
    expect(await subscriptions().ask(place, id, terms(), 'another')).toBe('busy')
    expect(await subscriptions().ask(place, randomUUID(), terms(), 'me')).toBe('busy')
    expect(await subscriptions().of(place)).toEqual([{ id, state: 'asked', at: expect.any(Number), terms: terms() }])
    await subscriptions().unanswered(place, id)
    expect(await subscriptions().ask(place, id, terms(), 'me')).toBe('mine')
    expect(await subscriptions().made(place, id, terms(), '17')).toBe('made')
    expect(await subscriptions().of(place)).toMatchObject([{ id, state: 'made', subscriptionId: '17' }])
  })

  it('is not asked for where its cycle or its account connector is gone', async () => {
    await registry.accountConnectors.of(place.account).remove(held)
    expect(await subscriptions().ask(place, randomUUID(), terms(), 'me')).toBe('gone')
    const { accountConnectorId: _, ...none } = terms()
    await inbox.delete(place)
    expect(await subscriptions().ask(place, randomUUID(), none, 'me')).toBe('gone')
    expect(await subscriptions().of(place)).toEqual([])
  })

  it('is asked for again at once by one that was cut off, and what an application makes twice ends once', async () => {
    const id = randomUUID()
    await subscriptions().ask(place, id, terms(), 'me')
    expect(await subscriptions().ask(place, id, terms(), 'me')).toBe('mine')
    expect(await subscriptions().made(place, id, terms(), 'hook-1')).toBe('made')
    expect(await subscriptions().made(place, id, terms(), 'hook-2')).toBe('made')
    expect(await subscriptions().of(place)).toMatchObject([
      { id, state: 'made', subscriptionId: 'hook-1' },
      { state: 'ending', subscriptionId: 'hook-2' },
    ])
    expect(await ordered()).toBe(1)
  })

  it('that was refused leaves nothing', async () => {
    const id = randomUUID()
    await subscriptions().ask(place, id, terms(), 'me')
    await subscriptions().ended(place, id)
    expect([await subscriptions().of(place), await subscriptions().cyclesOf(place.account)]).toEqual([[], []])
  })

  it('that is made while its account connector is deleted ends', async () => {
    const id = randomUUID()
    await subscriptions().ask(place, id, terms(), 'me')
    await registry.accountConnectors.of(place.account).remove(held)
    expect(await subscriptions().askEnd(place, id)).toBe('busy')
    expect(await subscriptions().made(place, id, terms(), 'hook-1')).toBe('ending')
    expect(await subscriptions().askEnd(place, id)).toBe('mine')
    expect(await subscriptions().of(place)).toMatchObject([{ id, state: 'ending', subscriptionId: 'hook-1' }])
  })

  it('whose answer came after its mark was forgotten ends', async () => {
    const id = randomUUID()
    expect(await subscriptions().made(place, id, terms(), 'hook-1')).toBe('ending')
    expect(await ordered()).toBe(1)
  })

  it('that the application knows as the one that was to end takes its place', async () => {
    const old = await made()
    await subscriptions().end(place, [old])
    const other = await made({ fingerprint: 'g' }, 'hook-1')
    expect(await states()).toEqual({ [other]: 'made' })
  })

  it('is not asked for while another of its step is being ended', async () => {
    const old = await made()
    await subscriptions().end(place, [old])
    expect(await subscriptions().askEnd(place, old)).toBe('mine')
    expect(await subscriptions().ask(place, randomUUID(), terms(), 'me')).toBe('busy')
    await subscriptions().unanswered(place, old)
    expect(await subscriptions().ask(place, randomUUID(), terms(), 'me')).toBe('mine')
  })
})

describe('the end of subscriptions', () => {
  it('is ordered once, and none that ends is kept', async () => {
    const id = await made()
    expect(await subscriptions().keep(place, [id])).toBe(true)
    await subscriptions().end(place, 'all')
    await subscriptions().end(place, 'all')
    expect([await ordered(), await states(), await subscriptions().keep(place, [id])]).toEqual([1, { [id]: 'ending' }, false])
  })

  it('of an account connector that is deleted keeps it apart, until the last has ended', async () => {
    const other: Place = { account: place.account, cycle: asCycleId(randomUUID()) }
    await inbox.create(other, 1)
    const [one, two] = [await made(), await made({}, 'hook-2', other)]
    expect(await registry.accountConnectors.of(place.account).remove(held)).toBe(true)
    expect(await registry.accountConnectors.of(place.account).get(held)).toBeUndefined()
    expect((await registry.accountConnectors.of(place.account).list({ page: 1, pageSize: 10 })).items).toEqual([])
    expect(await registry.accountConnectors.holders('c', ['shop-7'])).not.toContainEqual({ account: place.account, id: held })
    expect([await states(), await states(other), await ordered(), await ordered(other)]).toEqual([{ [one]: 'ending' }, { [two]: 'ending' }, 1, 1])
    const retired = subscriptions().retired(place.account)
    expect((await retired.get(held))?.value).toEqual(connector)
    expect(await retired.replace(held, { ...connector, credentials: 'newer' }, 1)).toBe('done')
    await subscriptions().ended(place, one)
    expect((await retired.get(held))?.value.credentials).toBe('newer')
    await subscriptions().ended(other, two)
    expect(await retired.get(held)).toBeUndefined()
  })

  it('finds and renews credentials that were deleted, and lists them nowhere', async () => {
    await made()
    const records = withRetired(registry).accountConnectors.of(place.account)
    await registry.accountConnectors.of(place.account).remove(held)
    expect((await records.get(held))?.value).toEqual(connector)
    expect(await records.replace(held, { ...connector, credentials: 'renewed' }, 1)).toBe('done')
    expect((await records.get(held))?.value.credentials).toBe('renewed')
    expect((await records.list({ page: 1, pageSize: 10 })).items).toEqual([])
  })

  it('an account connector without subscriptions is gone at once', async () => {
    await registry.accountConnectors.of(place.account).remove(held)
    expect(await redis.exists(registryKeys.retiredConnectors(place.account))).toBe(0)
  })

  it('outlives the account', async () => {
    const id = await made()
    await inbox.delete(place)
    await registry.cycles.remove(place)
    expect(await registry.accounts.delete(place.account)).toBe(true)
    expect((await subscriptions().retired(place.account).get(held))?.value).toEqual(connector)
    await sweep(HOUR)
    expect([await states(), await ordered()]).toEqual([{ [id]: 'ending' }, 1])
    await subscriptions().ended(place, id)
    expect(await redis.keys(`*${place.account}*`)).toEqual([])
  })

  it('comes when the cycle has stood still for long enough, and not before', async () => {
    const id = await made()
    await inbox.activate(place)
    await sweep(1)
    expect(await states()).toEqual({ [id]: 'made' })
    await inbox.deactivate(place)
    const due = registryKeys.subscriptionsDue(partitionOf(place.account))
    await redis.zadd(due, 0, `${place.account} ${place.cycle}`)
    await sweep(HOUR)
    expect(await states()).toEqual({ [id]: 'made' })
    const at = Number(await redis.zscore(due, `${place.account} ${place.cycle}`))
    expect(at - Date.now()).toBeGreaterThan(HOUR - 60_000)
    expect(at - Date.now()).toBeLessThanOrEqual(HOUR)
    await redis.zadd(due, 0, `${place.account} ${place.cycle}`)
    await sweep(0)
    expect([await states(), await ordered()]).toEqual([{ [id]: 'ending' }, 1])
  })
})

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { createOAuthStore } from '../../storage/redis/oauth.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { OAuthStore } from '../../storage/oauth.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let store: OAuthStore
const account = asAccountId(randomUUID())

beforeAll(async () => {
  redis = (await freshRedis()).client
  store = createOAuthStore(redis, { leaseMs: 200 })
})
afterAll(() => redis.quit())

const mine = async (id: string): Promise<string> => {
  const turn = await store.leases.take(account, id)
  expect(turn.state).toBe('mine')
  return turn.lease
}

describe('the lease of a refresh', () => {
  it('is one holder’s, and others see what came of it', async () => {
    const id = randomUUID()
    const lease = await mine(id)
    expect(await store.leases.take(account, id)).toEqual({ state: 'busy', lease })
    expect(await store.leases.look(account, id, lease)).toEqual({ state: 'running' })
    await store.leases.finish(account, id, lease, { known: true })
    expect(await store.leases.look(account, id, lease)).toEqual({ state: 'done' })
    const next = await mine(id)
    await store.leases.finish(account, id, next, { known: false, failed: 'it is down' })
    expect(await store.leases.look(account, id, next)).toEqual({ state: 'failed', reason: 'it is down' })
    expect(await store.leases.look(account, id, lease)).toEqual({ state: 'done' })
  })

  it('that runs out is lost, and the next holder learns since when', async () => {
    const id = randomUUID()
    const before = await store.now()
    const lease = await mine(id)
    await expect.poll(() => store.leases.look(account, id, lease)).toEqual({ state: 'lost' })
    const next = await store.leases.take(account, id)
    if (next.state === 'busy') throw new Error('still held')
    expect(next.begun).toBeGreaterThanOrEqual(before)
    expect(next.begun).toBeLessThanOrEqual(await store.now())
    // Whoever comes back late takes nothing away.
    await store.leases.finish(account, id, lease, { known: true })
    expect(await store.leases.take(account, id)).toEqual({ state: 'busy', lease: next.lease })
    await store.leases.finish(account, id, next.lease, { known: true })
    expect(await store.leases.take(account, id)).not.toHaveProperty('begun')
  })

  it('is of one account connector of one account', async () => {
    const id = randomUUID()
    await mine(id)
    expect(await store.leases.take(asAccountId(randomUUID()), id)).toMatchObject({ state: 'mine' })
    await mine(randomUUID())
  })
})

describe('an authorisation on its way', () => {
  it('is taken once, by its state, of which only a hash is stored', async () => {
    const state = randomUUID()
    await store.authorizations.put(state, 'sealed', 60_000)
    expect((await redis.keys('*')).join()).not.toContain(state)
    expect(await Promise.all([store.authorizations.take(state), store.authorizations.take(state)])).toEqual(['sealed', undefined])
  })
})

describe('a ticket of an authorisation', () => {
  it('works again until it ends, and stands in Redis by its hash alone', async () => {
    const tickets = createRegistry(redis).authorizeTickets
    const value = {
      account,
      connectorId: randomUUID(),
      accountConnectorId: randomUUID(),
      isNew: true,
      settings: { shop: 'acme' },
      back: '/account/marketplace',
    }
    const [ticket, short] = [randomUUID(), randomUUID()]
    await tickets.put(ticket, value, 60_000)
    expect([await tickets.get(ticket), await tickets.get(ticket)]).toEqual([value, value])
    expect(await tickets.get(`${ticket}x`)).toBeUndefined()
    expect((await redis.keys('*')).filter(key => key.includes(ticket))).toEqual([])
    await tickets.put(short, value, 1)
    await expect.poll(() => tickets.get(short)).toBeUndefined()
  })
})

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageUnavailable } from '../../domain/errors.ts'
import { asAccountId, asCycleId, asIdentifier, asTransactionId, type Place, type TransactionId } from '../../domain/ids.ts'
import { connectRedis } from '../../platform/redis.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { Inbox } from '../../storage/inbox.ts'
import type { Account, Registry, StoredCycle } from '../../storage/registry.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let registry: Registry
let inbox: Inbox & { close(): Promise<void> }

beforeAll(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis, { incidentsMax: 20 })
  inbox = createInbox({
    redis,
    options: { stoppedQueueTtlMs: 86_400_000, retentionMs: 86_400_000, inboxLimit: 100, inboxBytes: 1 << 20, inboxTotalBytes: 1 << 24 },
  })
})
afterAll(async () => {
  await inbox.close()
  await redis.quit()
})

function anAccount(fields: Partial<Account> = {}): Account {
  const id = asAccountId(randomUUID())
  return { id, apiId: `api-${id}`, name: 'Acme', description: '', timezone: 'UTC', createdAt: Date.now(), userId: randomUUID(), ...fields }
}

async function madeAccount(): Promise<Account> {
  const account = anAccount()
  expect(await registry.accounts.create(account)).toBe('created')
  return account
}

function aCycle(account: Account, fields: Partial<StoredCycle> = {}): StoredCycle {
  return {
    place: { account: account.id, cycle: asCycleId(randomUUID()) },
    version: 1,
    createdAt: Date.now(),
    updatedAt: Date.now(),
    document: {
      name: 'Small',
      steps: [
        { id: 'a', type: 'webhook', next: 'b' },
        { id: 'b', type: 'delay', for: '1s' },
      ],
    },
    identifiers: { a: asIdentifier(`i${randomUUID().replaceAll('-', '')}`) },
    ...fields,
  }
}

async function madeCycle(account: Account, fields: Partial<StoredCycle> = {}): Promise<StoredCycle> {
  const cycle = aCycle(account, fields)
  await inbox.create(cycle.place, cycle.version)
  expect(await registry.cycles.create(cycle)).toBe('created')
  return cycle
}

const placeOf = (account: Account): Place => ({ account: account.id, cycle: asCycleId(randomUUID()) })

describe('accounts', () => {
  it('are found by API id and by GUID in either case', async () => {
    const account = await madeAccount()
    expect(await registry.accounts.find(account.apiId)).toEqual(account)
    expect(await registry.accounts.find(account.id.toUpperCase())).toEqual(account)
    expect(await registry.accounts.get(account.id)).toEqual(account)
    expect(await registry.accounts.find('nobody')).toBeUndefined()
  })

  it('refuse an API id that is taken, and one that is the GUID of another account', async () => {
    const account = await madeAccount()
    const second = anAccount({ apiId: account.apiId })
    expect(await registry.accounts.create(second)).toBe('taken')
    expect(await registry.accounts.get(second.id)).toBeUndefined()
    expect(await registry.accounts.create(anAccount({ apiId: account.id.toUpperCase() }))).toBe('taken')
  })

  it('take over an API id whose account was half removed', async () => {
    const account = await madeAccount()
    await redis.del(...(await redis.keys(`*:account:${account.id}`)))
    const second = anAccount({ apiId: account.apiId })
    expect(await registry.accounts.create(second)).toBe('created')
    expect((await registry.accounts.find(account.apiId))?.id).toBe(second.id)
  })

  it('change only the fields that are given, and only where they exist', async () => {
    const account = await madeAccount()
    expect(await registry.accounts.update(account.id, { name: 'New' })).toEqual({ ...account, name: 'New' })
    expect(await registry.accounts.update(asAccountId(randomUUID()), { name: 'New' })).toBeUndefined()
    // The inbox's scripts read the limit where it stands.
    expect(await inbox.limitAccount(account.id, 4)).toBe(true)
    expect(await registry.accounts.get(account.id)).toEqual({ ...account, name: 'New', maxConcurrency: 4 })
    await inbox.limitAccount(account.id, undefined)
    expect(await registry.accounts.get(account.id)).toEqual({ ...account, name: 'New' })
    const limited = anAccount({ maxConcurrency: 2 })
    await registry.accounts.create(limited)
    expect(await registry.accounts.get(limited.id)).toEqual(limited)
  })

  it('are listed by age, in pages', async () => {
    const own = (await freshRedis()).client
    const { accounts } = createRegistry(own)
    const made = [1, 2, 3, 4, 5].map(n => anAccount({ createdAt: n }))
    for (const account of made) await accounts.create(account)
    expect(await accounts.list({ page: 2, pageSize: 2 })).toEqual({ items: made.slice(2, 4), total: 5 })
    expect(await accounts.list({ page: 4, pageSize: 2 })).toEqual({ items: [], total: 5 })
    expect(await accounts.count()).toBe(5)
    await own.quit()
  })

  it('go only when they have no cycles, and their API id is free again', async () => {
    const account = await madeAccount()
    const cycle = await madeCycle(account)
    expect(await registry.accounts.delete(account.id)).toBe(false)
    await registry.cycles.remove(cycle.place)
    expect(await registry.accounts.delete(account.id)).toBe(true)
    expect(await registry.accounts.find(account.apiId)).toBeUndefined()
    expect(await registry.accounts.create(anAccount({ apiId: account.apiId }))).toBe('created')
  })
})

describe('cycles', () => {
  it('are kept as saved and found by the identifier of a step', async () => {
    const cycle = await madeCycle(await madeAccount())
    expect(await registry.cycles.get(cycle.place)).toEqual(cycle)
    expect(await registry.cycles.version(cycle.place)).toBe(1)
    expect(await registry.cycles.address(cycle.identifiers.a ?? asIdentifier(''))).toEqual({ place: cycle.place, stepId: 'a' })
    expect(await registry.cycles.address(asIdentifier('unknown'))).toBeUndefined()
  })

  it('keep the release that they came from, and their account connectors', async () => {
    const cycle = await madeCycle(await madeAccount(), {
      origin: { templateId: randomUUID(), releaseId: randomUUID(), packageId: '12' },
      accountConnectors: { 'Example Shop': randomUUID() },
    })
    expect(await registry.cycles.get(cycle.place)).toEqual(cycle)
    const { accountConnectors: _, ...without } = { ...cycle, version: 2 }
    expect(await registry.cycles.replace(without, 1)).toBe('done')
    expect(await registry.cycles.get(cycle.place)).toEqual(without)
  })

  it('are not found under another account', async () => {
    const cycle = await madeCycle(await madeAccount())
    const other = await madeAccount()
    expect(await registry.cycles.get({ account: other.id, cycle: cycle.place.cycle })).toBeUndefined()
  })

  it('are made once: a repeat leaves them as they are', async () => {
    const cycle = await madeCycle(await madeAccount())
    const again = { ...cycle, identifiers: { a: asIdentifier(`i${randomUUID()}`) } }
    expect(await registry.cycles.create(again)).toBe('there')
    expect(await registry.cycles.get(cycle.place)).toEqual(cycle)
    expect(await registry.cycles.address(again.identifiers.a)).toBeUndefined()
  })

  it('are not made in an account that is gone', async () => {
    const cycle = aCycle(anAccount())
    expect(await registry.cycles.create(cycle)).toBe('gone')
    expect(await registry.cycles.address(cycle.identifiers.a ?? asIdentifier(''))).toBeUndefined()
  })

  it("are replaced together with the inbox's version", async () => {
    const cycle = await madeCycle(await madeAccount())
    const next = { ...cycle, version: 2, document: { ...cycle.document, name: 'Second' } }
    expect(await registry.cycles.replace(next, 1)).toBe('done')
    expect((await registry.cycles.get(cycle.place))?.document.name).toBe('Second')
    expect((await inbox.status(cycle.place))?.version).toBe(2)
    expect(await registry.cycles.replace({ ...next, version: 3 }, 1)).toBe('changed')
  })

  it('are not replaced while they run, nor when they are deleted', async () => {
    const cycle = await madeCycle(await madeAccount())
    await inbox.activate(cycle.place)
    expect(await registry.cycles.replace({ ...cycle, version: 2 }, 1)).toBe('running')
    await inbox.deactivate(cycle.place)
    expect(await registry.cycles.replace({ ...cycle, version: 2 }, 1)).toBe('done')
    await inbox.delete(cycle.place)
    expect(await registry.cycles.replace({ ...cycle, version: 3 }, 2)).toBe('deleted')
  })

  it('lose the identifiers of steps that are gone, and all of them when they go', async () => {
    const account = await madeAccount()
    const cycle = await madeCycle(account)
    const later = asIdentifier(`later${randomUUID()}`)
    expect(await registry.cycles.replace({ ...cycle, version: 2, identifiers: { b: later } }, 1)).toBe('done')
    expect(await registry.cycles.address(cycle.identifiers.a ?? asIdentifier(''))).toBeUndefined()
    expect(await registry.cycles.address(later)).toEqual({ place: cycle.place, stepId: 'b' })
    await registry.cycles.remove(cycle.place)
    expect(await registry.cycles.address(later)).toBeUndefined()
    expect(await registry.cycles.get(cycle.place)).toBeUndefined()
    expect(await redis.keys(`*${cycle.place.cycle}`)).toEqual([expect.stringContaining(':cycle:')])
  })

  it('keep the identifiers that they have where a change is refused', async () => {
    const cycle = await madeCycle(await madeAccount())
    const wanted = { ...cycle.identifiers, b: asIdentifier(`b${randomUUID()}`) }
    expect(await registry.cycles.replace({ ...cycle, version: 9, identifiers: wanted }, 8)).toBe('changed')
    expect(await registry.cycles.address(cycle.identifiers.a ?? asIdentifier(''))).toBeDefined()
    expect(await registry.cycles.address(wanted.b)).toBeUndefined()
  })

  it('are listed by age, in pages', async () => {
    const account = await madeAccount()
    const made: StoredCycle[] = []
    for (const createdAt of [1, 2, 3]) made.push(await madeCycle(account, { createdAt, updatedAt: createdAt }))
    expect(await registry.cycles.list(account.id, { page: 1, pageSize: 2 })).toEqual({ items: made.slice(0, 2), total: 3 })
    expect(await registry.cycles.list(account.id, { page: 2, pageSize: 2 })).toEqual({ items: made.slice(2), total: 3 })
  })
})

describe('incidents', () => {
  const incident = (message: string) => ({ at: Date.now(), level: 'Error' as const, message, detail: 'why' })

  it('come newest first, after and before an id, and by transaction', async () => {
    const { place } = await madeCycle(await madeAccount())
    for (const n of [1, 2, 3, 4]) await registry.incidents.add(place, incident(`no ${n}`), n % 2 === 0 ? 'even' : undefined)
    const all = await registry.incidents.list(place, { limit: 10 })
    expect(all.map(one => one.message)).toEqual(['no 4', 'no 3', 'no 2', 'no 1'])
    const [newest, , third] = all
    expect((await registry.incidents.list(place, { after: newest?.id ?? '', limit: 2 })).map(one => one.message)).toEqual(['no 3', 'no 2'])
    expect((await registry.incidents.list(place, { before: third?.id ?? '', limit: 9 })).map(one => one.message)).toEqual(['no 4', 'no 3'])
    expect((await registry.incidents.list(place, { transaction: 'even', limit: 9 })).map(one => one.message)).toEqual(['no 4', 'no 2'])
  })

  it('are capped in number and in the length of a detail', async () => {
    const { place } = await madeCycle(await madeAccount())
    for (let n = 0; n < 300; n++) await registry.incidents.add(place, { ...incident(`no ${n}`), detail: 'x'.repeat(20_000) })
    const kept = await registry.incidents.list(place, { limit: 500 })
    expect(kept.length).toBeGreaterThanOrEqual(20)
    expect(kept.length).toBeLessThan(200)
    expect(kept[0]?.message).toBe('no 299')
    expect(kept[0]?.detail.length).toBeLessThan(8_200)
  })

  it('of a cycle that is gone leave nothing', async () => {
    const place = placeOf(await madeAccount())
    await registry.incidents.add(place, { ...incident('late'), seq: 1 }, 'tx', 'run')
    expect(await registry.incidents.list(place, { limit: 10 })).toEqual([])
    expect(await redis.keys(`*${place.cycle}*`)).toEqual([])
  })

  async function accepted(place: Place): Promise<TransactionId> {
    await inbox.activate(place)
    const transaction = asTransactionId(randomUUID())
    await inbox.acceptTrigger({ place, version: 1, transaction, stepId: 'a', data: '{}', values: [], held: false })
    return transaction
  }

  it('count on their cycle, and on their transaction while it is retained', async () => {
    const { place } = await madeCycle(await madeAccount())
    const transaction = await accepted(place)
    await registry.incidents.add(place, incident('one'), transaction)
    await registry.incidents.add(place, { ...incident('two'), level: 'Warning' }, randomUUID())
    await registry.incidents.add(place, incident('three'))
    expect(await inbox.transaction(place, transaction)).toMatchObject({ errors: 1, warnings: 0 })
    expect(await inbox.status(place)).toMatchObject({ errors: 2, warnings: 1 })
    expect(await redis.keys(`*${place.cycle}:tx:*`)).toEqual([expect.stringContaining(transaction)])
  })

  it("are not counted where they are only logged: a script's lines", async () => {
    const { place } = await madeCycle(await madeAccount())
    await registry.incidents.log(place, incident('line'))
    expect((await registry.incidents.list(place, { limit: 9 })).map(({ message }) => message)).toEqual(['line'])
    expect(await inbox.status(place)).toMatchObject({ errors: 0, warnings: 0 })
  })

  it('with a number are taken once from a run, in whatever order and however often they are told', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom('run', 'after a reset')), { maxLength: 20 }), async told => {
        const { place } = await madeCycle(await madeAccount())
        const transaction = await accepted(place)
        await Promise.all(told.map(([seq, run]) => registry.incidents.add(place, { ...incident(`${run} ${seq}`), seq }, transaction, run)))
        const once = [...new Set(told.map(([seq, run]) => `${run} ${seq}`))].sort()
        expect((await registry.incidents.list(place, { limit: 99 })).map(({ message }) => message).sort()).toEqual(once)
        expect(await inbox.transaction(place, transaction)).toMatchObject({ errors: once.length })
        expect(await inbox.status(place)).toMatchObject({ errors: once.length })
      }),
      { numRuns: 30 },
    )
  })
})

describe('tokens and answers', () => {
  it('never stand in Redis themselves, and end', async () => {
    const token = randomUUID()
    await registry.tokens.put(token, { clientId: 'partner' }, 60_000)
    expect(await registry.tokens.get(token)).toEqual({ clientId: 'partner' })
    expect(await registry.tokens.get('another')).toBeUndefined()
    expect(await redis.keys(`*${token}*`)).toEqual([])
    const [key] = await redis.keys('token:*')
    expect(await redis.pttl(key ?? '')).toBeGreaterThan(50_000)
  })

  it('give a key to one, show the others that it runs, and then its answer', async () => {
    const claims = await Promise.all([1, 2, 3].map(() => registry.answers.claim('scope', 'key')))
    expect(claims.map(claim => claim.state).sort()).toEqual(['busy', 'busy', 'mine'])
    await registry.answers.put('scope', 'key', { status: 201 })
    expect(await registry.answers.claim('scope', 'key')).toEqual({ state: 'known', answer: { status: 201 } })
    expect(await registry.answers.claim('other', 'key')).toEqual({ state: 'mine' })
    await registry.answers.forget('scope', 'key')
    expect(await registry.answers.claim('scope', 'key')).toEqual({ state: 'mine' })
  })
})

it('says that the storage is unavailable where Redis cannot be reached', async () => {
  const nobody = connectRedis('redis://127.0.0.1:1')
  await expect(createRegistry(nobody).accounts.find('x')).rejects.toBeInstanceOf(StorageUnavailable)
  nobody.disconnect()
})

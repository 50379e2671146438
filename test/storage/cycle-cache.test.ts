import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { asAccountId, asCycleId, asIdentifier, type Place } from '../../domain/ids.ts'
import { createCycleCache, type CycleSource } from '../../storage/cycle-cache.ts'
import type { Account, StoredCycle } from '../../storage/registry.ts'

/** A store of one cycle that counts what it is asked. */
function oneCycle() {
  const place: Place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  const identifier = asIdentifier('identifier')
  let account: Account | undefined = { id: place.account, apiId: 'acme', name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' }
  let stored: StoredCycle | undefined = {
    place,
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    document: { name: 'One', steps: [{ id: 'a', type: 'webhook' }] },
    identifiers: { a: identifier },
  }
  const asked = { documents: 0, versions: 0, addresses: 0 }
  const registry: CycleSource = {
    accounts: { get: () => Promise.resolve(account) },
    cycles: {
      get: () => {
        asked.documents++
        return Promise.resolve(stored)
      },
      version: () => {
        asked.versions++
        return Promise.resolve(stored?.version)
      },
      address: () => {
        asked.addresses++
        return Promise.resolve(stored === undefined ? undefined : { place, stepId: 'a' })
      },
    },
  }
  return {
    place,
    identifier,
    asked,
    registry,
    save: (change: Partial<StoredCycle>) => {
      if (stored !== undefined) stored = { ...stored, version: stored.version + 1, ...change }
    },
    rename: (name: string) => {
      if (account !== undefined) account = { ...account, name }
    },
    remove: () => {
      stored = undefined
    },
  }
}

describe('the cache of cycles', () => {
  it('asks once for a cycle that is read many times at once', async () => {
    const store = oneCycle()
    const cache = createCycleCache(store.registry)
    const found = await Promise.all([1, 2, 3].map(() => cache.get(store.place)))
    expect(found.every(cycle => cycle?.document.name === 'One' && cycle.account.name === 'Acme' && cycle.hash.length === 64)).toBe(true)
    await cache.get(store.place)
    expect(store.asked).toEqual({ documents: 1, versions: 1, addresses: 0 })
  })

  it('reads the document again only when the version is another', async () => {
    const store = oneCycle()
    const cache = createCycleCache(store.registry)
    const first = await cache.get(store.place)
    await cache.reload(store.place)
    expect(store.asked.documents).toBe(1)
    store.save({ document: { name: 'Two', steps: [] } })
    const second = await cache.reload(store.place)
    expect(second?.document.name).toBe('Two')
    expect(second?.hash).not.toBe(first?.hash)
    expect((await cache.get(store.place))?.version).toBe(2)
    expect(store.asked.documents).toBe(2)
  })

  it('looks again at an entry that has grown old', async () => {
    const store = oneCycle()
    let now = 0
    const cache = createCycleCache(store.registry, { maxAgeMs: 1_000, now: () => now })
    await cache.get(store.place)
    store.rename('Acme Ltd')
    now = 999
    expect((await cache.get(store.place))?.account.name).toBe('Acme')
    now = 1_000
    expect((await cache.get(store.place))?.account.name).toBe('Acme Ltd')
    expect(store.asked.documents).toBe(1)
  })

  it('remembers where a known identifier leads, and never that one is unknown', async () => {
    const store = oneCycle()
    const cache = createCycleCache(store.registry)
    for (const _ of [1, 2]) expect((await cache.byIdentifier(store.identifier))?.stepId).toBe('a')
    expect(store.asked.addresses).toBe(1)
    store.remove()
    expect(await cache.reload(store.place)).toBeUndefined()
    expect(await cache.byIdentifier(store.identifier)).toBeUndefined()
    expect(store.asked.addresses).toBe(1)
    for (const _ of [1, 2]) expect(await cache.byIdentifier(store.identifier)).toBeUndefined()
    expect(store.asked.addresses).toBe(3)
  })

  it('does not find an identifier whose step is gone, and finds one that is younger than what it has', async () => {
    const store = oneCycle()
    const cache = createCycleCache(store.registry)
    await cache.get(store.place)
    const younger = asIdentifier('younger')
    store.save({ identifiers: { a: younger } })
    expect((await cache.byIdentifier(younger))?.cycle.version).toBe(2)
    expect(await cache.byIdentifier(store.identifier)).toBeUndefined()
  })

  it('lets go of the documents used longest ago when it is full', async () => {
    const store = oneCycle()
    const cache = createCycleCache(store.registry, { maxSize: 10 })
    await cache.get(store.place)
    await cache.get({ ...store.place, cycle: asCycleId(randomUUID()) })
    await cache.get(store.place)
    expect(store.asked.documents).toBe(3)
  })
})

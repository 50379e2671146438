import { describe, expect, it } from 'vitest'
import { RegistryLost } from '../../domain/errors.ts'
import { createRegistryGuard, type RegistryState } from '../../storage/registry-guard.ts'

/** A Redis and a Temporal that hold a marker each. */
function markers() {
  const redis: { marker: string | undefined; used: boolean } = { marker: undefined, used: false }
  const temporal = { marked: false, silent: false, asked: 0 }
  const answer = async <T>(value: () => T): Promise<T> => {
    temporal.asked++
    if (temporal.silent) throw new Error('Temporal does not answer')
    return value()
  }
  const found: RegistryState[] = []
  let replaced = 0
  let now = 0
  let made = 0
  const guard = createRegistryGuard({
    redis: {
      get: async () => redis.marker,
      set: async () => void (redis.marker ??= `marker ${++made}`),
      used: async () => redis.used,
    },
    temporal: { get: () => answer(() => temporal.marked), set: () => answer(() => void (temporal.marked = true)) },
    logger: { warn: () => undefined, error: () => undefined, info: () => undefined },
    found: state => found.push(state),
    replaced: () => replaced++,
    now: () => now,
  })
  return { guard, redis, temporal, found, pass: (ms: number) => void (now += ms), replaced: () => replaced }
}

describe('the guard of the registry', () => {
  it('takes a system without either marker for a fresh one', async () => {
    const { guard } = markers()
    expect(await guard.look()).toBe('fresh')
    expect(await guard.check()).toBe('fresh')
  })

  it('marks it in Redis and in Temporal once there is one', async () => {
    const { guard, redis, temporal } = markers()
    await guard.establish()
    expect([redis.marker, temporal.marked]).toEqual(['marker 1', true])
    expect(await guard.look()).toBe('there')
  })

  it('says that it is lost where Redis was emptied, until it is there again', async () => {
    const { guard, redis, found, replaced } = markers()
    await guard.establish()
    expect(await guard.check()).toBe('there')
    redis.marker = undefined
    expect(await guard.look()).toBe('lost')
    await expect(guard.check()).rejects.toThrow(RegistryLost)
    await expect(guard.check()).rejects.toThrow(/flywheel import/)
    await guard.establish()
    expect(await guard.look()).toBe('there')
    expect(found).toEqual(['there', 'lost', 'there'])
    expect(replaced()).toBe(1)
  })

  it('knows nothing where Redis has no marker and Temporal cannot be asked', async () => {
    const { guard, temporal, pass } = markers()
    temporal.silent = true
    expect(await guard.look()).toBe('unknown')
    await expect(guard.check()).rejects.toThrow(/cannot be asked/)
    temporal.silent = false
    pass(2_000)
    expect(await guard.look()).toBe('fresh')
  })

  it('asks Temporal only where Redis has no marker, and not again and again', async () => {
    const { guard, temporal, redis, pass } = markers()
    await Promise.all([1, 2, 3].map(() => guard.look()))
    await guard.look()
    expect(temporal.asked).toBe(1)
    pass(2_000)
    await guard.look()
    expect(temporal.asked).toBe(2)
    await guard.establish()
    expect(temporal.asked).toBe(3)
    redis.marker = undefined
    pass(2_000)
    expect(await guard.look()).toBe('lost')
    expect(temporal.asked).toBe(3)
  })

  it('makes up for a marker that Temporal did not take, and for one that a registry never got', async () => {
    const { guard, temporal, redis, pass } = markers()
    temporal.silent = true
    await guard.establish()
    expect(temporal.marked).toBe(false)
    temporal.silent = false
    expect(await guard.look()).toBe('there')
    expect(temporal.marked).toBe(false)
    pass(20_000)
    await guard.look()
    expect(temporal.marked).toBe(true)

    const other = markers()
    other.redis.used = true
    expect(await other.guard.look()).toBe('there')
    expect([other.redis.marker, other.temporal.marked]).toEqual(['marker 1', true])
    expect(redis.marker).toBe('marker 1')
  })
})

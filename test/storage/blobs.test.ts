import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { StorageUnavailable } from '../../domain/errors.ts'
import { ownerOf } from '../../storage/blobs.ts'
import { blobsKey, blobUsersKey } from '../../storage/keys.ts'
import { createRecent } from '../../storage/recent.ts'
import { createBlobs } from '../../storage/redis/blobs.ts'
import { connectRedis } from '../../platform/redis.ts'
import { freshRedis } from '../support/redis.ts'

const DAY = 24 * 3600_000
const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text))
const textOf = (found: Uint8Array | undefined): string | undefined => (found === undefined ? undefined : Buffer.from(found).toString())

let redis: Redis
let blobs: ReturnType<typeof createBlobs>
/** One more process: it has nothing in its memory. */
let other: ReturnType<typeof createBlobs>
beforeAll(async () => {
  redis = (await freshRedis()).client
  blobs = createBlobs(redis, { retentionMs: 31 * DAY, memoryBytes: 1_000_000 })
  other = createBlobs(redis, { retentionMs: 31 * DAY, memoryBytes: 0 })
})
afterAll(async () => {
  blobs.close()
  other.close()
  await redis.quit()
})

const workflow = (): string => `transaction/${randomUUID()}/${randomUUID()}`
const written = async (): Promise<number> => Number(/cmdstat_hset:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0)

describe('blobs', () => {
  it('are read as they were put, by any process', async () => {
    const id = workflow()
    const addresses = await blobs.put(id, [bytes('one'), bytes('two'), bytes('one')])
    for (const store of [blobs, other]) expect((await store.get(addresses)).map(textOf)).toEqual(['one', 'two', 'one'])
    expect(addresses[0]).toEqual(addresses[2])
    expect(await redis.hlen(blobsKey(id))).toBe(2)
  })

  it('are parts of larger memory, and kept without it', async () => {
    const whole = new Uint8Array(Buffer.from('before one after'))
    const [address] = await blobs.put(workflow(), [whole.subarray(7, 10)])
    const [found] = await blobs.get(address === undefined ? [] : [address])
    expect(textOf(found)).toBe('one')
    expect(found?.buffer.byteLength).toBe(3)
  })

  it('that are there already are not written again, by any process', async () => {
    const id = workflow()
    await blobs.put(id, [bytes('the same')])
    const before = await written()
    const again = await other.put(id, [bytes('the same'), bytes('the same')])
    expect((await other.get(again)).map(textOf)).toEqual(['the same', 'the same'])
    expect(await written()).toBe(before)
  })

  it('that were lost are written again, though this process knows them', async () => {
    const id = workflow()
    await blobs.put(id, [bytes('lost')])
    await redis.del(blobsKey(id))
    const addresses = await blobs.put(id, [bytes('lost')])
    expect((await other.get(addresses)).map(textOf)).toEqual(['lost'])
  })

  it('that are not there are undefined, each by itself', async () => {
    const id = workflow()
    const [there] = await blobs.put(id, [bytes('there')])
    expect((await other.get([{ owner: id, hash: 'none' }, { owner: 'nobody', hash: 'none' }, ...(there === undefined ? [] : [there])])).map(textOf)).toEqual([
      undefined,
      undefined,
      'there',
    ])
  })

  it('go with their workflow', async () => {
    const id = workflow()
    await blobs.put(id, [bytes('gone')])
    await blobs.delete(id)
    await blobs.delete(id)
    expect(await redis.exists(blobsKey(id), blobUsersKey(id))).toBe(0)
  })

  it("of a transaction are its items' too, and stay until the last of them is removed", async () => {
    const parent = workflow()
    const items = [`${parent}.split.1.0`, `${parent}.split.1.1`]
    await blobs.put(parent, [bytes('of the parent')])
    const [shared] = await Promise.all(items.map(async item => (await other.put(item, [bytes('of the parent')]))[0]))
    expect(shared?.owner).toBe(parent)
    expect(await redis.hlen(blobsKey(parent))).toBe(1)
    for (const id of [parent, items[0] ?? '', parent]) {
      await blobs.delete(id)
      expect((await other.get(shared === undefined ? [] : [shared])).map(textOf)).toEqual(['of the parent'])
    }
    await blobs.delete(items[1] ?? '')
    expect(await redis.exists(blobsKey(parent), blobUsersKey(parent))).toBe(0)
  })

  it('go by themselves when nothing was heard of them for the whole retention and a week', async () => {
    const id = workflow()
    const left = async (): Promise<number> => Math.min(await redis.pttl(blobsKey(id)), await redis.pttl(blobUsersKey(id)))
    await blobs.put(id, [bytes('kept')])
    expect(await left()).toBeGreaterThan(38 * DAY - 60_000)
    for (const touch of [() => blobs.renew(id), () => other.put(id, [bytes('kept')])]) {
      for (const key of [blobsKey(id), blobUsersKey(id)]) await redis.pexpire(key, 3 * DAY)
      await touch()
      expect(await left()).toBeGreaterThan(38 * DAY - 60_000)
    }
    // Only a day later is a look a write.
    for (const key of [blobsKey(id), blobUsersKey(id)]) await redis.pexpire(key, 37.5 * DAY)
    await blobs.renew(id)
    expect(await left()).toBeLessThanOrEqual(37.5 * DAY)
    const none = workflow()
    await blobs.renew(none)
    expect(await redis.exists(blobsKey(none), blobUsersKey(none))).toBe(0)
  })

  it('cannot be put or read while Redis is away, and say so', async () => {
    const nowhere = connectRedis('redis://127.0.0.1:1')
    const away = createBlobs(nowhere, { retentionMs: DAY, memoryBytes: 0 })
    await expect(away.put(workflow(), [bytes('a')])).rejects.toThrow(StorageUnavailable)
    await expect(away.get([{ owner: 'a', hash: 'b' }])).rejects.toThrow(StorageUnavailable)
    away.close()
    nowhere.disconnect()
  })

  it('belong to the transaction that an item was split from', () => {
    expect(ownerOf('transaction/c/t')).toBe('transaction/c/t')
    expect(ownerOf('transaction/c/t.split.1.7')).toBe('transaction/c/t')
    expect(ownerOf('transaction/c/t.split.1.7.inner.2.3')).toBe('transaction/c/t')
    expect(ownerOf('transaction/c.c/t')).toBe('transaction/c.c/t')
  })
})

describe('what was used last', () => {
  it('is kept, as much as there is room for', () => {
    const recent = createRecent(10)
    recent.keep('a', bytes('1234'))
    recent.keep('b', bytes('1234'))
    recent.get('a')
    recent.keep('c', bytes('1234'))
    expect(['a', 'b', 'c'].map(name => recent.get(name) !== undefined)).toEqual([true, false, true])
    recent.keep('d', bytes('123456'))
    recent.keep('a', bytes('12345'))
    expect(['a', 'b', 'c', 'd'].map(name => textOf(recent.get(name)))).toEqual(['12345', undefined, '1234', undefined])
  })
})

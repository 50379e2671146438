import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../domain/ids.ts'
import { sha256 } from '../../storage/redis/registry-call.ts'
import { createSignIns } from '../../storage/redis/registry-sign-ins.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import type { SignIns, Visit } from '../../storage/sign-in.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let signIns: SignIns
beforeAll(async () => {
  redis = (await freshRedis()).client
  signIns = createSignIns(redis)
})
afterAll(() => redis.quit())

const visit: Visit = { account: asAccountId(randomUUID()), to: { page: 'marketplace', marketplaceId: '1' }, inlineOAuth: false }
async function session(ttlMs = 60_000): Promise<string> {
  const id = randomUUID()
  await signIns.open(id, visit, ttlMs)
  return id
}

describe('a draft', () => {
  it('is of one subject in one session, and is forgotten when that is asked for', async () => {
    const [one, other] = [await session(), await session()]
    await signIns.saveDraft(one, 'package/1', 'first')
    await signIns.saveDraft(one, 'package/1', 'second')
    await signIns.saveDraft(one, 'template/a', 'another')
    expect(await signIns.draft(one, 'package/1')).toBe('second')
    expect(await signIns.draft(other, 'package/1')).toBe(undefined)
    await signIns.saveDraft(one, 'package/1', undefined)
    expect(await signIns.draft(one, 'package/1')).toBe(undefined)
    expect(await signIns.draft(one, 'template/a')).toBe('another')
  })

  it('goes with its session, and goes on with it', async () => {
    const id = await session(300)
    await signIns.saveDraft(id, 'package/1', 'text')
    expect(await signIns.get(id, 400)).toEqual(visit)
    await expect.poll(() => signIns.draft(id, 'package/1')).toBe(undefined)
    await signIns.saveDraft(id, 'package/1', 'too late')
    expect(await signIns.draft(id, 'package/1')).toBe(undefined)
    const long = await session(300)
    await signIns.saveDraft(long, 'package/1', 'text')
    await signIns.get(long, 60_000)
    expect(await redis.pttl(registryKeys.drafts(sha256(long)))).toBeGreaterThan(50_000)
    expect((await redis.keys('*')).join()).not.toContain(long)
  })
})

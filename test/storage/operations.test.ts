import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asAccountId, asCycleId, type AccountId } from '../../domain/ids.ts'
import { changeChannel, cycleKey, partitionOf } from '../../storage/keys.ts'
import type { Operation, OperationEnding } from '../../storage/operation.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import type { Registry } from '../../storage/registry.ts'
import type { Installation } from '../../storage/installation.ts'
import type { NotificationMessage } from '../../workflows/messages.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let registry: Registry
let account: AccountId
beforeAll(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis)
})
beforeEach(async () => {
  account = asAccountId(randomUUID())
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
})
afterAll(() => redis.quit())

const operation = (more: Partial<Operation> = {}): Operation => ({
  kind: 'install',
  packageId: '12',
  packageName: 'Orders',
  marketplaceId: '1',
  status: 'Running',
  errors: [],
  startedAt: Date.now(),
  cycles: [],
  autoStart: true,
  variables: { 'a.b': 'sealed:k1:x' },
  ...more,
})
const installation: Installation = { packageId: '12', marketplaceId: '1', cycles: [], installedAt: 7, status: 'Started' }
const message = (): NotificationMessage => ({ id: randomUUID(), kind: 'installed', account, title: 'Orders', url: 'http://x', userAgent: 'F', body: '{}' })
const ending = (more: Partial<OperationEnding> = {}): OperationEnding => {
  const { variables: _, ...kept } = operation({ status: 'Completed', endedAt: Date.now() })
  return { operation: kept, installation, notification: message(), states: [], ...more }
}
async function begun(more?: Partial<Operation>, expected?: number): Promise<string> {
  const id = randomUUID()
  expect(await registry.operations.begin(account, id, operation(more), expected)).toBe('begun')
  return id
}
const outbox = () => registry.notifications.outbox(partitionOf(account), 100)
const due = async () => (await registry.operations.due(partitionOf(account), 1_000)).filter(one => one.account === account).map(({ id }) => id)

describe('an operation', () => {
  it('begins once for an installation, and is due at once', async () => {
    const id = await begun()
    expect(await registry.operations.begin(account, randomUUID(), operation(), undefined)).toBe('running')
    const other = await begun({ packageId: '13' })
    expect(await due()).toEqual([id, other].toSorted())
    expect(await registry.operations.running(account)).toEqual(
      new Map([
        ['12', id],
        ['13', other],
      ]),
    )
    expect(await registry.operations.get(account, id)).toMatchObject({ status: 'Running', variables: { 'a.b': 'sealed:k1:x' } })
  })

  it('begins once also where many begin it at the same moment', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => registry.operations.begin(account, randomUUID(), operation(), undefined)))
    expect(answers.filter(answer => answer === 'begun')).toHaveLength(1)
    expect(answers.filter(answer => answer === 'running')).toHaveLength(49)
  })

  it('does not begin on an installation that is another by now, nor in an account that is gone', async () => {
    expect(await registry.operations.begin(account, randomUUID(), operation(), 1)).toBe('changed')
    await registry.installations.of(account).create('12', installation)
    expect(await registry.operations.begin(account, randomUUID(), operation(), undefined)).toBe('changed')
    expect(await registry.operations.begin(account, randomUUID(), operation({ kind: 'stop' }), 1)).toBe('begun')
    expect(await registry.operations.begin(asAccountId(randomUUID()), randomUUID(), operation(), undefined)).toBe('gone')
  })

  it('ends once: its record, the installation and the outbox at one instant', async () => {
    const id = await begun()
    const before = (await outbox()).length
    expect(await registry.operations.finish(account, id, ending())).toBe('done')
    expect(await registry.operations.finish(account, id, ending({ installation: 'removed' }))).toBe('over')
    expect((await outbox()).length).toBe(before + 1)
    expect(await due()).toEqual([])
    const { variables: _, ...kept } = operation()
    expect(await registry.operations.get(account, id)).toEqual({ ...kept, startedAt: expect.any(Number), status: 'Completed', endedAt: expect.any(Number) })
    expect(await registry.installations.of(account).get('12')).toMatchObject({ version: 1, value: installation })
    const next = await begun({ kind: 'uninstall' }, 1)
    expect(await registry.operations.finish(account, next, ending({ installation: 'removed', notification: undefined }))).toBe('done')
    expect(await registry.installations.of(account).get('12')).toBeUndefined()
    expect(await registry.installations.of(account).list({ page: 1, pageSize: 5 })).toEqual({ items: [], total: 0 })
  })

  it('that failed leaves the installation as it was and sends nothing', async () => {
    await registry.installations.of(account).create('12', installation)
    const id = await begun({ kind: 'start' }, 1)
    const failed = ending({ operation: operation({ status: 'Failed', errors: ['no'] }), installation: undefined, notification: undefined })
    const before = (await outbox()).length
    expect(await registry.operations.finish(account, id, failed)).toBe('done')
    expect((await outbox()).length).toBe(before)
    expect(await registry.installations.of(account).get('12')).toMatchObject({ version: 1, value: installation })
  })

  it('does not end while a cycle is in another state than is told', async () => {
    const id = await begun()
    const [runs, gone] = [asCycleId(randomUUID()), asCycleId(randomUUID())]
    const states = [
      { cycle: runs, state: 'Active' as const },
      { cycle: gone, state: undefined },
    ]
    await redis.hset(cycleKey({ account, cycle: runs }), { state: 'Stopped' })
    expect(await registry.operations.finish(account, id, ending({ states }))).toBe('changed')
    await redis.hset(cycleKey({ account, cycle: runs }), { state: 'Active' })
    await redis.hset(cycleKey({ account, cycle: gone }), { state: 'Active' })
    expect(await registry.operations.finish(account, id, ending({ states }))).toBe('changed')
    expect(await due()).toEqual([id])
    await redis.hset(cycleKey({ account, cycle: gone }), { deleted: '1' })
    expect(await registry.operations.finish(account, id, ending({ states }))).toBe('done')
  })

  it('whose workflow is there is looked for again only after a while, and never when it has ended', async () => {
    const id = await begun()
    await registry.operations.started({ account, id })
    expect(await due()).toEqual([])
    const score = Number(await redis.zscore(registryKeys.operationsDue(partitionOf(account)), `${account} ${id}`))
    expect(score - Date.now()).toBeGreaterThan(25_000)
    await registry.operations.finish(account, id, ending())
    await registry.operations.started({ account, id })
    expect(await redis.zscore(registryKeys.operationsDue(partitionOf(account)), `${account} ${id}`)).toBeNull()
  })

  it('goes with its account, and leaves nothing', async () => {
    const id = await begun()
    expect(await registry.accounts.delete(account)).toBe(true)
    expect(await registry.operations.finish(account, id, ending())).toBe('over')
    expect(await due()).toEqual([])
    expect(await redis.keys(`*${account}*`)).toEqual([])
  })

  it('is announced when it ends', async () => {
    const id = await begun()
    const listener = redis.duplicate()
    const heard = new Promise(resolve => listener.once('message', resolve))
    await listener.subscribe(changeChannel(id))
    await registry.operations.finish(account, id, ending())
    expect(await heard).toBe(changeChannel(id))
    await listener.quit()
  })

  it('is kept with the latest 200 of its account, but for those under way', async () => {
    const first = await begun({ packageId: 'first' })
    for (let n = 0; n < 205; n++) {
      const id = await begun({ packageId: String(n) })
      await registry.operations.finish(
        account,
        id,
        ending({ operation: operation({ packageId: String(n), status: 'Failed' }), installation: undefined, notification: undefined }),
      )
    }
    expect(await redis.hlen(registryKeys.operations(account))).toBeLessThanOrEqual(201)
    expect(await registry.operations.get(account, first)).toMatchObject({ status: 'Running' })
  })
})

import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId, asIdentifier, type AccountId } from '../../domain/ids.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { createRecords } from '../../storage/redis/records.ts'
import type { Connector } from '../../storage/connector.ts'
import type { Installation } from '../../storage/installation.ts'
import type { Package } from '../../storage/package.ts'
import type { Registry } from '../../storage/registry.ts'
import type { Template } from '../../storage/template.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let registry: Registry
beforeAll(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis)
})
afterAll(() => redis.quit())

const template = (name: string): Template => ({ name, description: 'Ä "quoted" line\nand another', tags: [], published: false, releases: [] })
const connector = (name: string): Connector => ({
  name,
  version: '1.0',
  definition: { name, version: '1.0', baseUrl: 'https://shop.example', authentication: { type: 'none' }, methods: [] },
  partnerWebhook: asIdentifier('x'),
})
const installation: Installation = { packageId: '1', marketplaceId: '1', cycles: [], installedAt: 1, status: 'Installed' }
const aPackage = (marketplaceId: string): Package => ({
  marketplaceId,
  name: 'Orders',
  description: '',
  templateIds: [],
  installedMessage: '',
  singleInstallation: false,
  redirectBack: false,
  autoStart: true,
})

async function madeAccount(): Promise<AccountId> {
  const id = asAccountId(randomUUID())
  await registry.accounts.create({ id, apiId: id, name: 'Acme', description: '', timezone: 'UTC', createdAt: Date.now(), userId: randomUUID() })
  return id
}

describe('records', () => {
  it('are kept as they are, with a version that grows', async () => {
    const id = randomUUID()
    expect(await registry.templates.create(id, template('A'))).toBe('created')
    const first = await registry.templates.get(id)
    expect(first).toEqual({ id, version: 1, createdAt: expect.any(Number), value: template('A') })
    expect(await registry.templates.replace(id, template('B'), 1)).toBe('done')
    expect(await registry.templates.get(id)).toEqual({ ...first, version: 2, value: template('B') })
    expect(await registry.templates.get(randomUUID())).toBeUndefined()
    expect(await registry.templates.byName('B')).toBeUndefined()
  })

  it('are not made twice', async () => {
    const id = randomUUID()
    expect(await registry.templates.create(id, template('A'))).toBe('created')
    expect(await registry.templates.create(id, template('B'))).toBe('taken')
    expect((await registry.templates.get(id))?.value.name).toBe('A')
  })

  it('are not changed by one who read an older version', async () => {
    const id = randomUUID()
    expect(await registry.templates.replace(id, template('A'), 1)).toBe('gone')
    await registry.templates.create(id, template('A'))
    const answers = await Promise.all([1, 2, 3, 4, 5].map(n => registry.templates.replace(id, template(`changed ${n}`), 1)))
    expect(answers.toSorted()).toEqual(['changed', 'changed', 'changed', 'changed', 'done'])
    expect((await registry.templates.get(id))?.version).toBe(2)
  })

  it('go once', async () => {
    const id = randomUUID()
    await registry.templates.create(id, template('A'))
    expect(await Promise.all([registry.templates.remove(id), registry.templates.remove(id)])).toContain(true)
    expect(await registry.templates.remove(id)).toBe(false)
    expect(await registry.templates.get(id)).toBeUndefined()
  })

  it('come back from an export with their version and age', async () => {
    const id = randomUUID()
    expect(await registry.templates.create(id, template('A'), { version: 7, createdAt: 1_000 })).toBe('created')
    expect(await registry.templates.get(id)).toMatchObject({ version: 7, createdAt: 1_000 })
    expect((await registry.templates.list({ page: 1, pageSize: 1 })).items[0]?.id).toBe(id)
  })

  it('are listed in pages in the order of their making', async () => {
    const own = createRecords<Template>(redis, { base: `{${randomUUID()}}` })
    const ids = [...Array(7).keys()].map(() => randomUUID())
    for (const id of ids) await own.create(id, template(id))
    expect((await own.list({ page: 1, pageSize: 50 })).items.map(({ id }) => id)).toEqual(ids)
    const second = await own.list({ page: 2, pageSize: 3 })
    expect([second.total, second.items.map(({ id }) => id)]).toEqual([7, ids.slice(3, 6)])
    expect(await own.list({ page: 9, pageSize: 3 })).toEqual({ items: [], total: 7 })
  })
})

describe('unique names', () => {
  it('lead to one record, and are free again when it goes or is renamed', async () => {
    const [a, b, c] = [randomUUID(), randomUUID(), randomUUID()]
    const { connectors } = registry
    expect(await connectors.create(a, connector('Shop'))).toBe('created')
    expect(await connectors.create(b, connector('Shop'))).toBe('taken')
    expect((await connectors.byName('Shop'))?.id).toBe(a)
    expect(await connectors.byName('shop')).toBeUndefined()
    expect(await connectors.create(b, connector('Other'))).toBe('created')
    expect(await connectors.replace(b, connector('Shop'), 1)).toBe('taken')
    expect(await connectors.replace(a, connector('Store'), 1)).toBe('done')
    expect(await connectors.byName('Shop')).toBeUndefined()
    expect(await connectors.replace(b, connector('Shop'), 1)).toBe('done')
    expect((await connectors.byName('Shop'))?.id).toBe(b)
    expect(await connectors.remove(b)).toBe(true)
    expect(await connectors.create(c, connector('Shop'))).toBe('created')
    expect((await connectors.byName('Shop'))?.id).toBe(c)
  })

  it('stay unique and never dangle, whatever is made, renamed and removed', async () => {
    const ids = ['1', '2', '3']
    const step = fc.record({ what: fc.constantFrom('create', 'replace', 'remove'), id: fc.constantFrom(...ids), name: fc.constantFrom('a', 'b', 'c') })
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async steps => {
        const own = createRecords<Connector>(redis, { base: `{${randomUUID()}}`, nameOf: ({ name }) => name })
        const model = new Map<string, string>()
        const holder = (name: string): string | undefined => [...model].find(([, known]) => known === name)?.[0]
        for (const { what, id, name } of steps) {
          const free = holder(name) === undefined
          if (what === 'create') {
            expect(await own.create(id, connector(name))).toBe(free && !model.has(id) ? 'created' : 'taken')
            if (free && !model.has(id)) model.set(id, name)
          } else if (what === 'remove') {
            expect(await own.remove(id)).toBe(model.delete(id))
          } else {
            const there = await own.get(id)
            const may = free || holder(name) === id
            expect(await own.replace(id, connector(name), there?.version ?? 1)).toBe(there === undefined ? 'gone' : may ? 'done' : 'taken')
            if (there !== undefined && may) model.set(id, name)
          }
        }
        for (const name of ['a', 'b', 'c']) expect((await own.byName(name))?.id).toBe(holder(name))
        expect((await own.list({ page: 1, pageSize: 10 })).items.map(({ id, value }) => [id, value.name]).toSorted()).toEqual([...model].toSorted())
      }),
      { numRuns: 60 },
    )
  })
})

describe('integer ids', () => {
  it('are given once, also where one came with an import', async () => {
    const { marketplaces } = registry
    const [first, second] = [await marketplaces.nextId(), await marketplaces.nextId()]
    expect([first, second]).toEqual(['1', '2'])
    const value = { name: 'M', embeddingOrigins: [], returnOrigins: [], launchCompleteHtml: '', css: '', cards: [], secrets: [] }
    expect(await marketplaces.create('12', value, { version: 3, createdAt: 5 })).toBe('created')
    expect(await marketplaces.create('4', value)).toBe('created')
    expect(await marketplaces.nextId()).toBe('13')
  })

  it('of packages are unique over all marketplaces, and each marketplace has its own', async () => {
    const { packages } = registry
    const made: string[] = []
    for (const marketplace of ['1', '2', '1']) {
      const id = await packages.nextId()
      made.push(id)
      await packages.create(id, aPackage(marketplace))
    }
    const page = { page: 1, pageSize: 50 }
    const ids = async (marketplace: string): Promise<string[]> => (await packages.listOf(marketplace, page)).items.map(({ id }) => id)
    expect([await ids('1'), await ids('2'), await ids('3')]).toEqual([[made[0], made[2]], [made[1]], []])
    await packages.remove(made[0] ?? '')
    expect(await ids('1')).toEqual([made[2]])
  })
})

describe("an account's records", () => {
  it('belong to it alone, are not made where it is gone, and go with it', async () => {
    const [account, other] = [await madeAccount(), await madeAccount()]
    const id = randomUUID()
    expect(await registry.installations.of(account).create(id, installation)).toBe('created')
    expect((await registry.installations.of(account).get(id))?.value).toEqual(installation)
    expect(await registry.installations.of(other).get(id)).toBeUndefined()
    expect(await registry.installations.of(asAccountId(randomUUID())).create(id, installation)).toBe('gone')
    expect([await registry.installations.anywhere(id), await registry.installations.anywhere(randomUUID())]).toEqual([true, false])
    expect(await registry.accounts.delete(account)).toBe(true)
    expect(await registry.installations.of(account).list({ page: 1, pageSize: 5 })).toEqual({ items: [], total: 0 })
    expect(await registry.installations.anywhere(id)).toBe(false)
    expect(await redis.keys(`*${account}*`)).toEqual([])
  })
})

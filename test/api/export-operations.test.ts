import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccountId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import { apiPair, at, fieldsOf, smallCycle, type ApiHarness } from './harness.ts'

let api: ApiHarness
let other: ApiHarness
let template: string
let offered: string
beforeAll(async () => {
  ;({ api, other } = await apiPair())
  const definition = { ...smallCycle, variables: [{ name: 'key', secret: true, userConfigurable: true }] }
  template = String(at((await api.v1('POST', '/templates', { body: { Definition: definition } })).json, 'Id'))
  await api.v1('POST', `/templates/${template}/promote`)
  const shop = String(at((await api.v1('POST', '/marketplaces', { body: { Name: 'Shop' } })).json, 'Id'))
  const made = await api.v1('POST', `/marketplaces/${shop}/packages`, { body: { Name: 'Orders', TemplateIds: [template] } })
  offered = String(at(made.json, 'Id'))
})
afterAll(() => Promise.all([api.close(), other.close()]))

/** An account whose installation has begun, and goes no further. */
async function installing() {
  const name = await api.account()
  const account = (await api.registry.accounts.find(name))?.id
  if (account === undefined) throw new Error('no account')
  const body = { CompleteParameter: 'x', Variables: { [`${template}.key`]: 'very-secret-key' } }
  const begun = await api.v1('POST', `/account/packages/${offered}/install`, { account: name, body })
  return { name, account, id: String(at(begun.json, 'Id')) }
}
/** As its workflow would, where it failed. */
async function end({ registry }: ApiHarness, account: AccountId, id: string): Promise<void> {
  const found = await registry.operations.get(account, id)
  if (found === undefined) throw new Error('no operation')
  const { variables: _, ...kept } = found
  const operation = { ...kept, status: 'Failed', errors: ['no'], endedAt: 5 } as const
  expect(await registry.operations.finish(account, id, { operation, installation: undefined, notification: undefined, states: [] })).toBe('done')
}
const exportOf = async (name: string) => fieldsOf((await api.v1('GET', `/export?account=${name}`)).json)
const due = async (account: AccountId) => (await other.registry.operations.due(partitionOf(account), 100)).filter(one => one.account === account)

describe('an operation that was under way at an export', () => {
  it('is gone on with by an import, once', async () => {
    const { name, account, id } = await installing()
    const exported = await exportOf(name)
    expect(JSON.stringify(exported)).not.toContain('very-secret-key')
    for (const made of [1, 0]) {
      const { status, json } = await other.v1('POST', '/import', { body: exported })
      expect([status, json]).toMatchObject([200, expect.arrayContaining([{ Name: 'Operations', Made: made, Unchanged: 1 - made }])])
    }
    const operation = await api.registry.operations.get(account, id)
    expect(operation).toMatchObject({ status: 'Running', completeParameter: 'x' })
    expect(await other.registry.operations.get(account, id)).toEqual(operation)
    expect(await due(account)).toEqual([{ account, id, operation }])
  })

  it('is not begun again where it has ended there since', async () => {
    const { name, account, id } = await installing()
    const exported = await exportOf(name)
    await other.v1('POST', '/import', { body: exported })
    await end(other, account, id)
    expect((await other.v1('POST', '/import', { body: exported })).status).toBe(200)
    expect(await due(account)).toEqual([])
  })

  it('is refused where another one of that package is under way', async () => {
    const { name, account } = await installing()
    const exported = await exportOf(name)
    await other.v1('POST', '/import', { body: { ...exported, Operations: [] } })
    const [one] = await api.registry.operations.due(partitionOf(account), 100).then(all => all.filter(each => each.account === account))
    if (one === undefined) throw new Error('no operation')
    await other.registry.operations.begin(account, randomUUID(), one.operation, undefined)
    const reply = await other.v1('POST', '/import', { body: exported })
    expect([reply.status, at(reply.json, 'Errors[0].Path')]).toEqual([409, 'Operations[0]'])
    expect(at(reply.json, 'Errors[0].Message')).toMatch(/^another operation, \S+, is under way in \S+ where the operation \S+ was$/)
  })

  it('is not in it where it has ended', async () => {
    const { name, account, id } = await installing()
    await end(api, account, id)
    expect((await exportOf(name))['Operations']).toEqual([])
  })
})

describe('a package in an import', () => {
  it('needs its marketplace and its templates', async () => {
    const exported = fieldsOf((await api.v1('GET', '/export?partner=true')).json)
    const message = async (without: string) => {
      const fresh = await other.v1('POST', '/import', { body: { ...exported, [without]: [] } })
      return [fresh.status, at(fresh.json, 'Errors[0].Path'), at(fresh.json, 'Errors[0].Message')]
    }
    const needs = (what: string) => `the integration package ${offered} needs the ${what}, which is neither in the document nor there`
    expect(await message('Templates')).toEqual([409, 'Packages[0]', needs(`template ${template}`)])
    const shop = (await api.registry.marketplaces.list({ page: 1, pageSize: 1 })).items[0]?.id
    expect(await message('Marketplaces')).toEqual([409, 'Packages[0]', needs(`marketplace ${shop}`)])
    expect((await other.v1('POST', '/import', { body: exported })).status).toBe(200)
    expect((await other.v1('POST', '/import', { body: { ...exported, Templates: [], Marketplaces: [] } })).status).toBe(200)
  })
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { offer, tenant, type Offered, type OfferOptions, type Tenant } from '../support/packages.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.stop())

/** Where the test's marketplace is told. */
let path: string
beforeEach(() => {
  path = `/told-${randomUUID()}`
})
const told = () => system.receiver.at(path)
const toldAs = (): string[] => told().map(({ json }) => String(Object(json).Status))
const settled = async (count: number) => system.receiver.waitFor(path, count)

const orders = (extra: object = {}): object => ({
  name: 'Orders',
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'tell' },
    { id: 'tell', type: 'request', method: 'POST', url: `${system.receiver.url}/orders`, body: { order: '{{order.body}}' } },
  ],
  ...extra,
})
const stock = (): object => ({
  name: 'Stock',
  steps: [
    { id: 'changed', name: 'Stock changed', type: 'webhook', next: 'done' },
    { id: 'done', type: 'webhook', name: 'Done', match: { request: 'body.id', transaction: 'changed.body.id' } },
  ],
})
/** Cannot start until its variable has a value. */
const needy = (): object => ({
  ...orders(),
  name: 'Needy',
  variables: [
    { name: 'erpUrl', label: 'ERP URL', userConfigurable: true },
    { name: 'key', label: 'ERP key', userConfigurable: true, secret: true, required: false },
    {
      name: 'mode',
      userConfigurable: true,
      required: false,
      options: [
        { label: 'All', value: 'all' },
        { label: 'New', value: 'new' },
      ],
    },
    { name: 'fixed', value: 1 },
  ],
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'tell' },
    {
      id: 'tell',
      type: 'request',
      method: 'POST',
      url: '{{variables.erpUrl}}',
      headers: { 'X-Key': '{{variables.key}}' },
      body: { mode: '{{variables.mode}}' },
    },
  ],
})

async function offered(documents: readonly object[], options: OfferOptions = {}): Promise<{ readonly one: Tenant; readonly shop: Offered }> {
  const shop = await offer(system, documents, { notificationUrl: `${system.receiver.url}${path}`, ...options })
  return { shop, one: tenant(system.client, await system.client.account(), shop) }
}
const accountOf = (account: string) => system.client.call<{ AccountId: string }>('GET', `/accounts/${account}`)
const refused = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'it was taken',
    (error: unknown) => (error instanceof Error ? error.message.replace(/^.*?: /, '') : String(error)),
  )
/** Time for what must not come. */
const nothingTold = async (one: Tenant): Promise<void> => {
  const marker = await offered(['marker'].map(() => stock()))
  const before = told().length
  await marker.one.run('install')
  await settled(before + 1)
  const { AccountId } = await accountOf(one.account)
  expect(told().filter(({ text }) => text.includes(AccountId))).toEqual([])
}

describe('installing a package', () => {
  it('copies the live releases into the account, starts them, and tells the marketplace, names and order exactly (marketplace.md 2)', async () => {
    const { one, shop } = await offered([orders(), stock()])
    expect(await one.run('install', { CompleteParameter: 'example' })).toMatchObject({ Kind: 'Install', Status: 'Completed', Errors: [] })
    const view = await one.view()
    expect(view).toMatchObject({
      Status: 'Started',
      Operation: null,
      Cycles: [
        { Name: 'Orders', Status: 'Active' },
        { Name: 'Stock', Status: 'Active' },
      ],
    })
    expect(view.Cycles.map(({ TemplateId }) => TemplateId)).toEqual(shop.templates)
    const [request] = await settled(1)
    const { AccountId } = await accountOf(one.account)
    const url = (cycle: number, webhook: number): string => String(view.Cycles[cycle]?.Webhooks[webhook]?.Url)
    const detail = (at: number, webhooks: object[]): object => ({
      CycleId: view.Cycles[at]?.CycleId,
      CycleStatus: 'Active',
      Webhooks: webhooks,
      TemplateId: view.Cycles[at]?.TemplateId,
      TemplateReleaseId: view.Cycles[at]?.TemplateReleaseId,
    })
    const sent: { UserId: string } = JSON.parse(request?.text ?? '{}')
    expect(sent.UserId).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
    expect(request?.text).toBe(
      JSON.stringify({
        Status: 'installed',
        AccountId,
        AccountApiId: one.account,
        MarketplaceIntegrationPackageId: Number(shop.id),
        MarketplaceInstallDetails: [
          detail(0, [{ Url: url(0, 0), StepName: 'Order received' }]),
          detail(1, [
            { Url: url(1, 0), StepName: 'Stock changed' },
            { Url: url(1, 1), StepName: 'Done' },
          ]),
        ],
        Errors: [],
        UserId: sent.UserId,
        CompleteParameter: 'example',
      }),
    )
    expect(await system.client.post(url(0, 0), { id: 1 })).toMatchObject({ status: 200 })
  })

  it('answers 202 at once, with an operation that can be asked for', async () => {
    const { one } = await offered([orders()])
    const begun = await one.begin('install')
    expect(begun).toMatchObject({ Kind: 'Install', Errors: [] })
    await until(async () => (await one.operation(begun.Id)).Status === 'Completed')
    expect((await settled(1))[0]?.json).not.toHaveProperty('CompleteParameter')
    const other = await system.client.account()
    expect(await refused(system.client.call('GET', `/account/operations/${begun.Id}`, { account: other }))).toContain('operation_not_found')
  })

  it('with autoStart off leaves the cycles Paused', async () => {
    const { one } = await offered([orders(), stock()], { autoStart: false })
    await one.run('install')
    expect(await one.view()).toMatchObject({ Status: 'Installed', Cycles: [{ Status: 'Paused' }, { Status: 'Paused' }] })
    expect((await settled(1))[0]?.json).toMatchObject({
      Status: 'installed',
      MarketplaceInstallDetails: [{ CycleStatus: 'Paused' }, { CycleStatus: 'Paused' }],
    })
  })

  it('is done also where a cycle cannot be started: it is Stopped, and Errors says why', async () => {
    const { one } = await offered([needy(), orders()])
    const why = 'Failed to start cycle "Needy": The variable "ERP URL" needs a value.'
    expect(await one.run('install')).toMatchObject({ Status: 'Completed', Errors: [why] })
    expect(await one.view()).toMatchObject({ Status: 'Stopped', Cycles: [{ Name: 'Needy', Status: 'Stopped' }, { Status: 'Active' }] })
    expect((await settled(1))[0]?.json).toMatchObject({ Errors: [why], MarketplaceInstallDetails: [{ CycleStatus: 'Stopped' }, { CycleStatus: 'Active' }] })
  })

  it('that fails on the third template leaves nothing behind, says why, and sends nothing', async () => {
    const { one } = await offered([orders(), stock(), orders({ name: 'Returns' })], { draft: [2] })
    const failed = await one.run('install')
    expect(failed).toMatchObject({ Status: 'Failed', Errors: [expect.stringMatching(/^Failed to install "Returns": the template .* has no live release$/)] })
    expect(await one.cycles()).toEqual([])
    expect(await one.view()).toMatchObject({ Status: 'NotInstalled', Operation: null, Cycles: [] })
    await nothingTold(one)
  })

  it('again adds further cycles, unless the package can be there only once', async () => {
    const { one, shop } = await offered([orders()])
    await one.run('install')
    await one.run('install')
    expect((await one.view()).Cycles).toHaveLength(2)
    const single = await offered([orders()], { singleInstallation: true })
    await single.one.run('install')
    expect(await refused(single.one.run('install'))).toContain('package_installed')
    expect(await refused(tenant(system.client, one.account, { ...shop, id: '999999' }).run('install'))).toContain('package_not_found')
  })

  it('is one at a time for each installation', async () => {
    const { one } = await offered([orders(), stock()])
    const begun = await Promise.all(Array.from({ length: 8 }, () => refused(one.begin('install'))))
    expect(begun.filter(answer => answer === 'it was taken').length).toBeGreaterThanOrEqual(1)
    expect(begun.filter(answer => !answer.includes('operation_running') && answer !== 'it was taken')).toEqual([])
  })

  it('sets variables that users configure; a secret one is shown nowhere, and works', async () => {
    const { one, shop } = await offered([needy()])
    const secret = `key-${randomUUID()}`
    const of = (name: string): string => `${String(shop.templates[0])}.${name}`
    const url = `${system.receiver.url}/erp-${randomUUID()}`
    const operation = await one.run('install', { Variables: { [of('erpUrl')]: url, [of('key')]: secret, [of('mode')]: 'new' } })
    expect(operation).toMatchObject({ Status: 'Completed', Errors: [] })
    const [cycle] = (await one.view()).Cycles
    await system.client.post(cycle?.Webhooks[0]?.Url ?? '', {})
    const [request] = await system.receiver.waitFor(new URL(url).pathname)
    expect(request).toMatchObject({ json: { mode: 'new' }, headers: { 'x-key': secret } })
    expect(JSON.stringify(await system.client.call('GET', `/cycles/${cycle?.CycleId ?? ''}`, { account: one.account }))).not.toContain(secret)
    expect(JSON.stringify([operation, await one.operation(operation.Id), (await settled(1))[0]?.text])).not.toContain(secret)
  })

  it('refuses variables that are unknown, not for users, or of other templates, before anything starts', async () => {
    const { one, shop } = await offered([needy()])
    const [id = ''] = shop.templates
    const answer = await refused(
      one.run('install', {
        Variables: {
          [`${id}.erpUrI`]: 'x',
          [`${id}.fixed`]: 2,
          [`${randomUUID()}.erpUrl`]: 'x',
          erpUrl: 'x',
          [`${id}.mode`]: 'none',
          [`${id}.key`]: '********',
        },
      }),
    )
    const { Code, Errors } = JSON.parse(answer.replace(/^400 /, ''))
    expect(Code).toBe('request_invalid')
    expect(Errors).toEqual([
      { Path: `Variables["${id}.erpUrI"]`, Message: 'is unknown: the template "Needy" has no variable of that name. Did you mean "erpUrl"?' },
      { Path: `Variables["${id}.fixed"]`, Message: 'is not user-configurable: its value is set in the template' },
      { Path: expect.stringMatching(/^Variables\["[0-9a-f-]{36}\.erpUrl"\]$/), Message: `is of no template of this package: those are ${id}` },
      { Path: 'Variables["erpUrl"]', Message: 'is no variable: write "{templateId}.{variable}"' },
      { Path: `Variables["${id}.mode"]`, Message: 'Must be one of its options: "all", "new"' },
      { Path: `Variables["${id}.key"]`, Message: 'Must be the secret itself, not ********' },
    ])
    for (const body of [{ Variables: 'x' }, { Variables: [1] }, { CompleteParameter: 5 }, { CompleteParameter: 'x'.repeat(10_001) }, 'nothing'])
      expect(await refused(system.client.call('POST', `/account/packages/${shop.id}/install`, { account: one.account, body }))).toMatch(/^400 /)
    expect(await one.cycles()).toEqual([])
    expect(await one.view()).toMatchObject({ Status: 'NotInstalled', Operation: null })
  })
})

describe('stopping, starting and removing a package', () => {
  it('do so with all its cycles, and are told in order, with the parameter of the call, else of the installation', async () => {
    const { one, shop } = await offered([orders(), stock()])
    await one.run('install', { CompleteParameter: 'first' })
    const { AccountId } = await accountOf(one.account)
    const url = (await one.view()).Cycles[0]?.Webhooks[0]?.Url ?? ''
    expect(await one.run('stop')).toMatchObject({ Status: 'Completed' })
    expect(await one.view()).toMatchObject({ Status: 'Stopped', Cycles: [{ Status: 'Stopped' }, { Status: 'Stopped' }] })
    expect(await one.run('start', { CompleteParameter: 'second' })).toMatchObject({ Status: 'Completed' })
    expect(await one.view()).toMatchObject({ Status: 'Started', Cycles: [{ Status: 'Active' }, { Status: 'Active' }] })
    expect(await one.run('uninstall')).toMatchObject({ Status: 'Completed' })
    expect(await one.view()).toMatchObject({ Status: 'NotInstalled', Cycles: [] })
    expect(await one.cycles()).toEqual([])
    expect((await system.client.post(url, {})).status).toBe(404)
    await settled(4)
    const body = (status: string, parameter: string): string =>
      JSON.stringify({
        Status: status,
        AccountId,
        AccountApiId: one.account,
        MarketplaceIntegrationPackageId: Number(shop.id),
        CompleteParameter: parameter,
      })
    expect(
      told()
        .map(({ text }) => text)
        .toSorted(),
    ).toEqual(
      [
        told().find(({ text }) => text.includes('"installed"'))?.text,
        body('stopped', 'first'),
        body('started', 'second'),
        body('uninstalled', 'first'),
      ].toSorted(),
    )
  })

  it('are refused where it is not installed', async () => {
    const { one } = await offered([orders()])
    for (const kind of ['uninstall', 'start', 'stop'] as const) expect(await refused(one.run(kind))).toContain('package_not_installed')
  })

  it('a start of which one cannot start starts none, fails with the list, and sends nothing', async () => {
    const { one } = await offered([orders(), needy()])
    await one.run('install')
    await one.run('stop')
    await settled(2)
    expect(await one.run('start')).toMatchObject({ Status: 'Failed', Errors: ['Failed to start cycle "Needy": The variable "ERP URL" needs a value.'] })
    expect(await one.view()).toMatchObject({ Status: 'Stopped', Cycles: [{ Status: 'Stopped' }, { Status: 'Stopped' }] })
    expect(toldAs().toSorted()).toEqual(['installed', 'stopped'])
  })

  it('pass over a cycle that was deleted by hand', async () => {
    const { one } = await offered([orders(), stock()])
    await one.run('install')
    const [first] = (await one.view()).Cycles
    await system.client.call('DELETE', `/cycles/${first?.CycleId ?? ''}`, { account: one.account })
    for (const kind of ['stop', 'start'] as const) expect(await one.run(kind)).toMatchObject({ Status: 'Completed' })
    expect((await one.view()).Cycles).toMatchObject([{ Name: 'Stock', Status: 'Active' }])
    expect(await one.run('uninstall')).toMatchObject({ Status: 'Completed' })
    expect(await one.cycles()).toEqual([])
  })
})

describe('beside that', () => {
  it('nothing is sent where the marketplace names no URL', async () => {
    const shop = await offer(system, [orders()])
    const one = tenant(system.client, await system.client.account(), shop)
    await one.run('install')
    const { AccountId } = await accountOf(one.account)
    const all = await system.client.call<readonly { AccountId: string }[]>('GET', '/notifications?pageSize=500')
    expect(all.filter(notification => notification.AccountId === AccountId)).toEqual([])
  })

  it('an account that is deleted while a package is installed in it leaves nothing', async () => {
    const { one } = await offered([orders(), stock(), orders()])
    await one.begin('install')
    await system.client.call('DELETE', `/accounts/${one.account}`)
    await system.client.call('POST', '/accounts', { body: { Id: one.account, Name: 'again' } })
    expect(await one.cycles()).toEqual([])
    expect(await one.view()).toMatchObject({ Status: 'NotInstalled', Operation: null })
  })

  it('fifty accounts install and remove a package at once', async () => {
    const shop = await offer(system, [orders(), stock()], { notificationUrl: `${system.receiver.url}${path}` })
    const tenants = await Promise.all(Array.from({ length: 50 }, async () => tenant(system.client, await system.client.account(), shop)))
    for (const kind of ['install', 'uninstall'] as const) {
      const ended = await Promise.all(tenants.map(one => one.run(kind)))
      expect(ended.filter(({ Status }) => Status !== 'Completed')).toEqual([])
    }
    expect((await Promise.all(tenants.map(one => one.cycles()))).flat()).toEqual([])
    await system.receiver.waitFor(path, 100)
    const count = (status: string): number => toldAs().filter(one => one === status).length
    expect([count('installed'), count('uninstalled')]).toEqual([50, 50])
  })
})

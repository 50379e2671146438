import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId, type AccountId } from '../../../domain/ids.ts'
import { createCycleFrom } from '../../../storage/cycle-life.ts'
import type { Operation } from '../../../storage/operation.ts'
import { apiHarness, at, smallCycle, type ApiHarness } from '../harness.ts'
import { createBrowser, elementOf, formOf, type Browser, type Page } from './browser.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

/** Of one test: only its own templates have it. */
const aTag = (): string => `tag-${randomUUID()}`
const settings = [
  { name: 'url', label: 'Shop URL', description: 'Where your shop is', userConfigurable: true },
  { name: 'key', label: 'Shop key', userConfigurable: true, secret: true },
  {
    name: 'mode',
    label: 'Orders',
    userConfigurable: true,
    value: 'all',
    options: [
      { label: 'All of them', value: 'all' },
      { label: 'New ones', value: 'new' },
    ],
  },
]

async function template(tag: string, name: string, more: object = {}, published = true): Promise<string> {
  const Definition = { ...smallCycle, name, description: `About ${name}`, tags: [tag], ...more }
  const made = await api.v1('POST', '/templates', { body: { Definition } })
  const id = String(at(made.json, 'Id'))
  if (published) {
    await api.v1('POST', `/templates/${id}/promote`)
    await api.v1('PUT', `/templates/${id}/publish`, { body: {} })
  }
  return id
}

interface Visitor {
  readonly browser: Browser
  readonly account: string
  readonly guid: AccountId
}
async function visitor(tag: string, more: object = {}, account = `acme-${randomUUID()}`): Promise<Visitor> {
  const link = await api.v1('POST', `/accounts/${account}/launch`, { body: { Tags: [tag], ...more } })
  const browser = createBrowser(api)
  const { pathname, search } = new URL(String(at(link.json, 'LaunchUrl')))
  await browser.get(pathname + search)
  const found = await api.registry.accounts.find(account)
  return { browser, account, guid: asAccountId(found?.id ?? '') }
}
const operationOf = async ({ guid }: Visitor, page: Page): Promise<Operation> => {
  const found = await api.registry.operations.get(guid, /operations\/([^/?]+)/.exec(page.location)?.[1] ?? '')
  if (found === undefined) throw new Error(`no operation at ${page.location}`)
  return found
}
const base = (id: string): string => `/account/launch/templates/${id}`

describe('the choice of LAUNCH (marketplace.md 4)', () => {
  it('shows published templates with a live release that have one of the tags, by name', async () => {
    const tag = aTag()
    await template(tag, 'Returns')
    await template(tag, '<b>"Orders"</b>')
    await template(tag, 'Hidden', {}, false)
    await template(aTag(), 'Other')
    const { browser, account } = await visitor(tag.toUpperCase())
    const page = await browser.get('/account/launch')
    expect(page.status).toBe(200)
    expect(page.text).toContain('Choose an integration')
    expect(page.text).toContain(account)
    expect(page.text.indexOf('&lt;b>&quot;Orders')).toBeGreaterThan(0)
    expect(page.text.indexOf('Returns')).toBeGreaterThan(page.text.indexOf('Orders&quot;'))
    expect(page.text).not.toMatch(/Hidden|Other|About/)
    const described = await visitor(tag, { DisplayDescriptions: true })
    expect((await described.browser.get('/account/launch')).text).toContain('About Returns')
  })

  it('says in words that there is none', async () => {
    const { browser } = await visitor(aTag())
    const page = await browser.get('/account/launch')
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('There is nothing to install here')])
  })

  it('is skipped, once, where there is only one and AutoInstall', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders', { variables: settings })
    const one = await visitor(tag)
    expect((await one.browser.get('/account/launch')).location).toBe(`${base(id)}/settings`)
    const again = await one.browser.get('/account/launch')
    expect(again.status).toBe(200)
    expect((await one.browser.send(again, 'Install')).location).toBe(`${base(id)}/settings`)
    const asked = await visitor(tag, { AutoInstall: false })
    expect((await asked.browser.get('/account/launch')).status).toBe(200)
    const looking = await visitor(tag)
    expect((await looking.browser.head('/account/launch')).location).toBe('')
    await template(tag, 'Second')
    const two = await visitor(tag)
    expect((await two.browser.get('/account/launch')).status).toBe(200)
  })

  it('with SingleInstall shows what is installed, and does not install it again', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders')
    const one = await visitor(tag, { SingleInstall: true })
    const before = await one.browser.get('/account/launch')
    expect(before.location).toContain(`${base(id)}/operations/`)
    expect((await operationOf(one, before)).template).toEqual({ templateId: id, runOnce: false, singleInstall: true })
    // Nobody carries it out here: another account has the cycle that comes of it.
    const two = await visitor(tag, { SingleInstall: true })
    const live = (await api.registry.templates.get(id))?.value.releases[0]
    if (live === undefined) throw new Error('no release')
    const origin = { templateId: id, releaseId: live.id }
    await createCycleFrom(api, { account: two.guid, id: Object(randomUUID()), document: live.document, origin })
    const page = await two.browser.get('/account/launch')
    expect([page.status, page.text]).toEqual([200, expect.stringContaining('You have this one already')])
    expect(() => formOf(page, 'Install')).toThrow()
    const { csrf = '' } = formOf(await (await visitor(tag, { AutoInstall: false }, two.account)).browser.get('/account/launch'), 'Install').fields
    expect(csrf).not.toBe('')
  })

  it('offers nothing else by its address', async () => {
    const tag = aTag()
    const id = await template(aTag(), 'Other')
    const { browser } = await visitor(tag)
    const page = await browser.get(`${base(id)}/settings`)
    expect([page.status, page.text]).toEqual([404, expect.stringContaining('no longer offered')])
    expect((await browser.get('/account/launch/templates/none/settings')).status).toBe(404)
  })
})

describe('the settings of LAUNCH (marketplace.md 4)', () => {
  it('are one form; what is wrong is told at its field, and what was typed is kept', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders', { variables: settings })
    const one = await visitor(tag, { DisplayDescriptions: true, CompleteParameter: 'c' })
    const page = await one.browser.follow(await one.browser.get('/account/launch'))
    expect(page.text).toContain('Where your shop is')
    const url = elementOf(page, 'variable-0')
    expect(url).toMatchObject({ name: `${id}.url`, required: '' })
    expect(elementOf(page, 'variable-1')).toMatchObject({ type: 'password', autocomplete: 'new-password' })
    const wrong = await one.browser.send(page, 'Settings', { [`${id}.url`]: '', [`${id}.key`]: 'my "secret"', [`${id}.mode`]: '"new"' })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toContain('href="#variable-0"')
    expect(elementOf(wrong, 'variable-0')).toMatchObject({ 'aria-invalid': 'true', 'aria-describedby': expect.stringContaining('variable-0-problem') })
    expect(wrong.text).not.toContain('my &quot;secret')
    expect(wrong.text).toContain('never shown')
    expect(wrong.text).toMatch(/<option value="&quot;new&quot;" selected/)
    const long = await one.browser.send(wrong, 'Settings', { [`${id}.url`]: 'x'.repeat(20_001), [`${id}.mode`]: '"new"' })
    expect([long.status, long.text]).toEqual([422, expect.stringContaining('at most 20000 characters')])
    const begun = await one.browser.send(long, 'Settings', { [`${id}.url`]: ' https://shop.example ', [`${id}.mode`]: '"new"' })
    expect(begun.location).toContain(`${base(id)}/operations/`)
    const operation = await operationOf(one, begun)
    expect(operation).toMatchObject({
      kind: 'install',
      completeParameter: 'c',
      autoStart: true,
      variables: { [`${id}.url`]: 'https://shop.example', [`${id}.mode`]: 'new' },
    })
    expect(api.sealer.open(String(operation.variables?.[`${id}.key`]))).toBe('my "secret"')
    // The draft is gone with it: what is installed next is asked anew.
    expect((await one.browser.get(`${base(id)}/settings`)).text).not.toContain('https://shop.example')
  })

  it('are asked one page each with Wizard, back and forth', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders', { variables: settings })
    const one = await visitor(tag, { Wizard: true })
    const first = await one.browser.get('/account/launch')
    expect(first.location).toBe(`${base(id)}/settings?at=1`)
    const page = await one.browser.follow(first)
    expect(page.text).toContain('Step 1 of 3')
    expect(page.text).toContain('Shop URL')
    expect(page.text).not.toContain('Shop key')
    expect((await one.browser.send(page, 'Settings')).status).toBe(422)
    const second = await one.browser.send(page, 'Settings', { [`${id}.url`]: 'https://shop.example', [`${id}.key`]: 'not asked here' })
    expect(second.location).toBe(`${base(id)}/settings?at=2`)
    const key = await one.browser.follow(second)
    expect(key.text).toContain(`${base(id)}/settings?at=1`)
    expect((await one.browser.get(`${base(id)}/settings?at=1`)).text).toContain('https://shop.example')
    const third = await one.browser.send(key, 'Settings', { [`${id}.key`]: 'k' })
    expect(third.location).toBe(`${base(id)}/settings?at=3`)
    const last = await one.browser.follow(third)
    expect(last.text).toMatch(/<button[^>]*>Install</)
    const begun = await one.browser.send(last, 'Settings', { [`${id}.mode`]: '"all"' })
    expect((await operationOf(one, begun)).variables).toMatchObject({ [`${id}.url`]: 'https://shop.example', [`${id}.mode`]: 'all' })
  })

  it('are given up by Cancel, which forgets them and leads back to the choice', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders', { variables: settings })
    const { browser } = await visitor(tag)
    const page = await browser.follow(await browser.get('/account/launch'))
    await browser.send(page, 'Settings', { [`${id}.url`]: 'https://forgotten.example' })
    const back = await browser.send(page, 'Settings', { does: 'cancel' })
    expect(back.location).toBe('/account/launch')
    expect((await browser.get(back.location)).status).toBe(200)
    expect((await browser.get(`${base(id)}/settings`)).text).not.toContain('forgotten')
  })

  it('show nothing of the values that breaks out of the page', async () => {
    const tag = aTag()
    const evil = `"><script>alert(1)</script>{{x}}\u2028'`
    const id = await template(tag, `N ${evil}`, { variables: [{ name: 'v', label: evil, description: evil, value: evil, userConfigurable: true }] })
    const { browser } = await visitor(tag, { DisplayDescriptions: true })
    const page = await browser.get(`${base(id)}/settings`)
    expect(page.text).not.toContain('<script>alert')
    expect(elementOf(page, 'variable-0')?.value?.replaceAll('&#39;', "'")).toBe(evil)
  })

  it('are asked in the marketplace too, of all templates of a package', async () => {
    const [one, two] = [await template(aTag(), 'Orders', { variables: settings }), await template(aTag(), 'Stock', { variables: settings.slice(0, 1) })]
    const market = String(at((await api.v1('POST', '/marketplaces', { body: { Name: 'Shop' } })).json, 'Id'))
    const made = await api.v1('POST', `/marketplaces/${market}/packages`, { body: { Name: 'Both', TemplateIds: [one, two] } })
    const account = await api.account()
    const link = await api.v1('POST', `/accounts/${account}/marketplace`, { body: { MarketplaceId: Number(market) } })
    const browser = createBrowser(api)
    const { pathname, search } = new URL(String(at(link.json, 'MarketplaceUrl')))
    await browser.get(pathname + search)
    const page = await browser.follow(await browser.send(await browser.get('/account/marketplace'), 'Install'))
    expect(page.text.match(/<fieldset/g)).toHaveLength(2)
    expect(page.text).toContain('Where your shop is')
    const begun = await browser.send(page, 'Settings', { [`${one}.url`]: 'a', [`${one}.key`]: 'k', [`${one}.mode`]: '"all"', [`${two}.url`]: 'b' })
    expect(begun.location).toContain(`/account/marketplace/packages/${String(at(made.json, 'Id'))}/operations/`)
    const found = await api.registry.accounts.find(account)
    const visit = { browser, account, guid: asAccountId(found?.id ?? '') }
    expect((await operationOf(visit, begun)).variables).toMatchObject({ [`${one}.url`]: 'a', [`${two}.url`]: 'b' })
    // Whoever presses twice sees the first.
    expect((await browser.send(page, 'Settings', { [`${one}.url`]: 'a', [`${one}.key`]: 'k', [`${one}.mode`]: '"all"', [`${two}.url`]: 'b' })).location).toBe(
      begun.location,
    )
  })
})

describe('an installation by LAUNCH (marketplace.md 3)', () => {
  it('is of the deploy call: Start, RunOnce; a second click sees the first', async () => {
    const tag = aTag()
    const id = await template(tag, 'Orders')
    const one = await visitor(tag, { Start: false, RunOnce: true, AutoInstall: false })
    const choice = await one.browser.get('/account/launch')
    const begun = await one.browser.send(choice, 'Install')
    expect(await operationOf(one, begun)).toMatchObject({
      autoStart: false,
      template: { templateId: id, runOnce: true, singleInstall: false },
      cycles: [{ templateId: id }],
    })
    expect((await one.browser.send(choice, 'Install')).location).toBe(begun.location)
    const progress = await one.browser.get(begun.location)
    expect([progress.status, progress.text]).toEqual([200, expect.stringContaining('Installing Orders')])
    expect((await one.browser.get('/account/launch')).text).toContain('Show progress')
    expect((await one.browser.get(begun.location.replace(id, randomUUID()))).status).toBe(404)
  })

  it("ends on the partner's own page, which has the result as a script can read it", async () => {
    const html = '<h1>Ready {{ InstallCompleteMessage }}</h1><button onclick="done()">Close</button>'
    await api.v1('PUT', '/settings', { body: { LaunchCompleteHtml: html } })
    const tag = aTag()
    const id = await template(tag, 'Orders')
    const one = await visitor(tag, { CompleteParameter: '</script><script>alert(1)</script>\u2028&' })
    const begun = await one.browser.get('/account/launch')
    const operation = await operationOf(one, begun)
    const complete = `${begun.location}/complete`
    expect((await one.browser.get(complete)).location).toBe(begun.location)
    const ended: Operation = {
      ...operation,
      status: 'Completed',
      errors: ['Failed to start "<b>"'],
      endedAt: Date.now(),
      cycles: operation.cycles.map(cycle => ({ ...cycle, state: 'Stopped' as const })),
    }
    const operationId = /operations\/([^/]+)$/.exec(begun.location)?.[1] ?? ''
    await api.registry.operations.finish(one.guid, operationId, { operation: ended, installation: undefined, notification: undefined, states: [] })
    expect((await one.browser.get(begun.location)).location).toBe(complete)
    const page = await one.browser.get(complete)
    expect(page.text).toContain('<h1>Ready </h1><button onclick="done()">Close</button>')
    expect(page.headers.get('content-security-policy')).toContain("'unsafe-inline'")
    expect(page.text).not.toContain('<script>alert')
    const [cycle] = operation.cycles
    const result: unknown = JSON.parse(/window\.result = (.*?)<\/script>/s.exec(page.text)?.[1] ?? '')
    const account = await api.registry.accounts.get(one.guid)
    // Its cycle is gone by now: what was told is told again.
    expect(JSON.stringify(result)).toBe(
      JSON.stringify({
        accountId: one.guid,
        accountApiId: one.account,
        cycleId: cycle?.cycleId,
        status: 'Stopped',
        userId: account?.userId,
        webhooks: [],
        errors: ['Failed to start "<b>"'],
        completeParameter: '</script><script>alert(1)</script>\u2028&',
        templateId: id,
        templateReleaseId: cycle?.templateReleaseId,
        templateTags: [],
      }),
    )
    await api.v1('PUT', '/settings', { body: { LaunchCompleteHtml: '' } })
  })

  it("is themed by the partner's CSS, and framed where the settings say", async () => {
    await api.v1('PUT', '/settings', { body: { Css: 'body { color: red }', EmbeddingOrigins: ['https://frame.example'] } })
    const { browser } = await visitor(aTag(), { TargetOrigin: 'https://host.example' })
    const page = await browser.get('/account/launch')
    expect(page.headers.get('content-security-policy')).toContain('frame-ancestors https://frame.example https://host.example')
    const path = /href="([^"]*theme\.css[^"]*)"/.exec(page.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect((await browser.get(path)).text).toBe('body { color: red }')
    await api.v1('PUT', '/settings', { body: { Css: null, EmbeddingOrigins: null } })
  })
})

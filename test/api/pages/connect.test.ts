import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../../domain/ids.ts'
import { startOAuthServer, type OAuthServer } from '../../support/oauth-server.ts'
import type { TestReceiver } from '../../support/receiver.ts'
import { apiHarness, at, type ApiHarness } from '../harness.ts'
import { createBrowser, elementOf, formOf, type Browser, type Page } from './browser.ts'
import { APPLICATIONS, codeGrant, connector, install, KEY, shop, startApplication, visitor, type Made, type Shop } from './shop.ts'

let api: ApiHarness
let server: OAuthServer
let application: TestReceiver
beforeAll(async () => {
  api = await apiHarness()
  server = await startOAuthServer()
  application = await startApplication()
})
afterAll(async () => {
  await api.close()
  await server.close()
  await application.close()
})

const held = async ({ guid }: Shop) => (await api.registry.accountConnectors.of(asAccountId(guid)).list({ page: 1, pageSize: 20 })).items
const running = ({ base }: Shop): RegExp => new RegExp(`^${base}/operations/[0-9a-f-]{36}$`)
const keyed = (more: object = {}): Promise<Made> => connector(api, application.url, APPLICATIONS.apiKey, more)

interface Begun {
  readonly here: Shop
  readonly browser: Browser
  readonly page: Page
}
async function begun(connectors: readonly Made[], more: object = {}): Promise<Begun> {
  const here = await shop(api, connectors)
  const browser = await visitor(api, here, more)
  return { here, browser, page: await install(browser) }
}
const authenticate = (here: Shop, of: Made, more: object = {}) =>
  api.v1('POST', '/account/connectors', { account: here.account, body: { ConnectorId: of.id, AuthValue: KEY, ...more } })

describe('a connector that wants a key, a token or a password', () => {
  it.each([
    ['apiKey', { authValue: KEY }],
    ['bearer', { authValue: KEY }],
    ['basic', { username: 'ada', password: KEY }],
  ] as const)('is asked for on Install, and then the package is installed: %s', async (type, typed) => {
    const app = await connector(api, application.url, APPLICATIONS[type], { description: 'For <b>tests</b>', icon: 'https://icons.example/a.svg' })
    const { here, browser, page } = await begun([app])
    expect(page.status).toBe(200)
    expect(page.text).toContain(`Connect ${app.name}`)
    expect(page.text).toContain('For &lt;b>tests&lt;/b>')
    expect(page.text).toContain('src="https://icons.example/a.svg"')
    for (const name of Object.keys(typed)) expect(page.text).toContain(`<label for="${name}">`)
    expect((await browser.send(page, 'Connect', typed)).location).toMatch(running(here))
    expect(await held(here)).toMatchObject([{ value: { name: app.name, status: 'Authenticated' } }])
  })

  it('of type none needs nothing, and one with settings alone is asked for those', async () => {
    const free = await connector(api, application.url, { type: 'none' }, { test: undefined })
    const { here, page } = await begun([free])
    expect(page.text).not.toContain('Connect ')
    expect(await held(here)).toEqual([])
    const shopped = await connector(api, application.url, { type: 'none' }, { test: undefined, settings: [{ name: 'shop', label: 'Shop', required: true }] })
    const asked = await begun([shopped])
    expect((await asked.browser.send(asked.page, 'Connect', { 'setting.shop': 'acme' })).location).toMatch(running(asked.here))
    expect(await held(asked.here)).toMatchObject([{ value: { settings: { shop: 'acme' } } }])
  })

  it('with client credentials is asked for its settings alone', async () => {
    const app = await connector(
      api,
      server.url,
      { type: 'oauth2', grant: 'clientCredentials', tokenUrl: `${server.url}/token` },
      { settings: [{ name: 'region', label: 'Region' }] },
    )
    const { here, browser, page } = await begun([app])
    expect(page.text).not.toContain('type="password"')
    expect((await browser.send(page, 'Connect', { 'setting.region': 'eu' })).location).toMatch(running(here))
    expect(await held(here)).toMatchObject([{ value: { settings: { region: 'eu' }, status: 'Authenticated' } }])
  })

  it('is told what the application answered, in words and without the key; settings stay as typed, secrets do not', async () => {
    const app = await keyed({ settings: [{ name: 'shop', label: 'Shop "name"', required: true }, { name: 'note' }] })
    const { here, browser, page } = await begun([app])
    const wrong = await browser.send(page, 'Connect', { authValue: 'wrong-key-1234', 'setting.shop': '"><script>', 'setting.note': '' })
    expect(wrong.status).toBe(422)
    expect(elementOf(wrong, 'problems')).toMatchObject({ role: 'alert' })
    expect(wrong.text).toContain('Failed to authenticate the connector')
    expect(wrong.text).toMatch(/answered 401/)
    expect(wrong.text).toContain('&lt;b>not')
    expect(wrong.text).not.toMatch(/wrong-key-1234|<script>|<b>/)
    expect(elementOf(wrong, 'setting-0')).toMatchObject({ value: '"><script>' })
    expect(elementOf(wrong, 'authValue')).not.toHaveProperty('value')
    expect(await held(here)).toEqual([])
    expect(JSON.stringify(api.logged)).not.toContain('wrong-key-1234')
    expect((await browser.send(wrong, 'Connect', { authValue: KEY })).location).toMatch(running(here))
  })

  it('is told at each field what is missing or too long', async () => {
    const app = await keyed({ settings: [{ name: 'shop', label: 'Shop', required: true }] })
    const { browser, page, here } = await begun([app])
    const wrong = await browser.send(page, 'Connect', { 'setting.shop': ' ', authValue: 'x'.repeat(20_001) })
    expect(wrong.status).toBe(422)
    expect(elementOf(wrong, 'setting-0')).toMatchObject({ 'aria-invalid': 'true', 'aria-describedby': 'setting-0-problem' })
    expect(elementOf(wrong, 'authValue')).toMatchObject({ 'aria-invalid': 'true', 'aria-describedby': 'authValue-problem' })
    expect(wrong.text).toContain('href="#setting-0"')
    expect(await held(here)).toEqual([])
  })

  it('is told that the application cannot be reached', async () => {
    const gone = await connector(api, 'http://127.0.0.1:9', APPLICATIONS.apiKey)
    const { here, browser, page } = await begun([gone])
    const wrong = await browser.send(page, 'Connect', { authValue: KEY })
    expect(wrong.status).toBe(422)
    expect(wrong.text).toMatch(/Failed to authenticate the connector[^]*ECONNREFUSED/)
    expect(await held(here)).toEqual([])
  })

  it('is made once, however often the form is sent', async () => {
    const { here, browser, page } = await begun([await keyed()])
    await Promise.all([1, 2, 3].map(() => browser.send(page, 'Connect', { authValue: KEY })))
    await browser.send(page, 'Connect', { authValue: KEY })
    expect(await held(here)).toHaveLength(1)
  })

  it('that was deleted meanwhile is told, with the way back, and nothing is installed', async () => {
    const app = await keyed()
    const { here, browser, page } = await begun([app])
    await api.registry.connectors.remove(app.id)
    for (const told of [await browser.send(page, 'Connect', { authValue: KEY }), await browser.get(`${here.base}/connect`)]) {
      expect(told.status).toBe(404)
      expect(told.text).toContain(app.name)
      expect(told.text).toContain('href="/account/marketplace"')
    }
    expect(await held(here)).toEqual([])
  })

  it('is skipped where a deploy call or somebody else has authenticated it', async () => {
    const app = await keyed()
    const { here, page } = await begun([app], { ConnectorAuthentications: { Name: app.name, AuthValue: KEY } })
    expect(page.text).not.toContain(`Connect ${app.name}`)
    expect(await held(here)).toHaveLength(1)
  })
})

describe('several connectors', () => {
  it('are asked for one after the other, each once, with what is done and what comes', async () => {
    const [one, two] = [await keyed(), await keyed()]
    const { here, browser, page } = await begun([one, two, one])
    expect(page.text).toMatch(new RegExp(`class="running"[^]*${one.name}[^]*class="waiting"[^]*${two.name}`))
    const second = await browser.follow(await browser.send(page, 'Connect', { authValue: KEY }))
    expect(second.text).toContain(`Connect ${two.name}`)
    expect(second.text).toMatch(new RegExp(`class="done"[^]*${one.name}[^]*class="running"[^]*${two.name}`))
    expect((await browser.send(second, 'Connect', { authValue: KEY })).location).toMatch(running(here))
  })

  it('are forgotten with Cancel, which leads back', async () => {
    const { browser, page } = await begun([await keyed()])
    expect((await browser.send(page, 'Cancel')).location).toBe('/account/marketplace')
  })

  it('take no form of another site', async () => {
    const { here, browser, page } = await begun([await keyed()])
    const { action, fields } = formOf(page, 'Connect')
    expect((await browser.post(action, { ...fields, authValue: KEY }, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await browser.post(action, { ...fields, csrf: 'x', authValue: KEY })).status).toBe(403)
    expect(await held(here)).toEqual([])
  })
})

describe('several account connectors of one connector', () => {
  async function several() {
    const app = await keyed()
    const here = await shop(api, [app])
    for (const Name of ['Berlin', 'Paris']) await authenticate(here, app, { Name })
    const browser = await visitor(api, here)
    return { app, here, browser, page: await install(browser), ids: (await held(here)).map(({ id }) => id) }
  }

  it('are a choice, and the one that was chosen is used', async () => {
    const { here, browser, page, ids } = await several()
    expect(page.text).toMatch(/Berlin[^]*Paris/)
    const none = await browser.send(page, 'Continue')
    expect([none.status, none.text]).toEqual([422, expect.stringContaining('Please choose one.')])
    const on = await browser.send(page, 'Continue', { choice: ids[1] ?? '' })
    expect(on.location).toMatch(running(here))
    const operation = await api.registry.operations.get(asAccountId(here.guid), on.location.split('/').at(-1) ?? '')
    expect(Object.values(operation?.accountConnectors ?? {})).toEqual([ids[1]])
  })

  it('are a choice still for a page that stands there while another one was begun', async () => {
    const { here, browser, page, ids } = await several()
    await browser.follow(await browser.send(page, 'Continue', { choice: 'another' }))
    const on = await browser.send(page, 'Continue', { choice: ids[0] ?? '' })
    expect(on.location).toMatch(running(here))
    const operation = await api.registry.operations.get(asAccountId(here.guid), on.location.split('/').at(-1) ?? '')
    expect(Object.values(operation?.accountConnectors ?? {})).toEqual([ids[0]])
  })

  it('may be joined by another, which is used then; or the user goes back to the choice', async () => {
    const { app, here, browser, page } = await several()
    const another = await browser.follow(await browser.send(page, 'Continue', { choice: 'another' }))
    expect(another.text).toContain('<form name="Connect"')
    const choice = await browser.follow(await browser.send(another, 'Choose another connection'))
    expect(choice.text).toMatch(/Berlin[^]*Paris/)
    const again = await browser.follow(await browser.send(choice, 'Continue', { choice: 'another' }))
    const on = await browser.send(again, 'Connect', { authValue: KEY })
    expect(on.location).toMatch(running(here))
    const made = (await held(here)).find(({ value }) => value.name === app.name)
    const operation = await api.registry.operations.get(asAccountId(here.guid), on.location.split('/').at(-1) ?? '')
    expect(operation?.accountConnectors).toEqual({ [app.name]: made?.id })
  })
})

describe('OAuth', () => {
  const linkOf = (page: Page): string => /href="(\/account\/authorize\?ticket=[\w-]{43})"/.exec(page.text)?.[1] ?? ''
  const agree = async (browser: Browser, page: Page): Promise<Page> => {
    const { pathname, search } = server.visit((await browser.get(`${linkOf(page)}&popup=1`)).location)
    return browser.get(pathname + search)
  }
  const code = (more: object = {}): Promise<Made> => connector(api, server.url, codeGrant(server.url), more)

  it('opens the application, and the page that waits learns when it is connected', async () => {
    const app = await code()
    const { here, browser, page } = await begun([app])
    const link = elementOf(page, 'visit')
    expect(link).toMatchObject({ target: '_blank', rel: 'opener' })
    const look = async () => (await browser.get(link?.['data-look'] ?? '', { accept: 'application/json' })).text
    expect(await look()).toBe('{"connected":false}')
    const early = await browser.follow(await browser.send(page, 'Continue'))
    expect(early.text).toContain(`${app.name} is not connected yet`)
    expect((await agree(browser, page)).status).toBe(200)
    expect(await look()).toBe('{"connected":true}')
    expect((await browser.send(page, 'Continue')).location).toMatch(running(here))
  })

  it('asks for settings before, which are the account connector’s then, and may be changed on the way', async () => {
    const app = await code({ settings: [{ name: 'shop', label: 'Shop', required: true }] })
    const { here, browser, page } = await begun([app])
    expect(linkOf(page)).toBe('')
    expect((await browser.send(page, 'Continue')).status).toBe(422)
    const visit = await browser.follow(await browser.send(page, 'Continue', { 'setting.shop': 'acme' }))
    expect(linkOf(visit)).not.toBe('')
    const change = await browser.follow(await browser.send(visit, 'Change the details'))
    const changed = await browser.follow(await browser.send(change, 'Continue', { 'setting.shop': 'other' }))
    await agree(browser, changed)
    expect(await held(here)).toMatchObject([{ value: { settings: { shop: 'other' }, status: 'Authenticated' } }])
  })

  it('is not asked for settings that the deploy call has given', async () => {
    const app = await code({ settings: [{ name: 'shop', label: 'Shop', required: true }] })
    const { here, browser, page } = await begun([app], { ConnectorAuthentications: { Name: app.name, Properties: [{ Name: 'shop', Value: 'acme' }] } })
    expect(page.text).toContain(`>Connect ${app.name}<`)
    await agree(browser, page)
    expect(await held(here)).toMatchObject([{ value: { settings: { shop: 'acme' }, status: 'Authenticated' } }])
  })

  it('connects one again that lost its access', async () => {
    const app = await code()
    const { here, browser, page } = await begun([app])
    await agree(browser, page)
    const records = api.registry.accountConnectors.of(asAccountId(here.guid))
    const [before] = await held(here)
    if (before === undefined) throw new Error('not connected')
    await records.replace(before.id, { ...before.value, status: 'Unauthenticated', reason: 'withdrawn' }, before.version)
    const again = await install(browser)
    expect(again.text).toContain(`Connect ${app.name} again`)
    await agree(browser, again)
    expect(await held(here)).toMatchObject([{ id: before.id, value: { status: 'Authenticated' } }])
    expect((await browser.send(again, 'Continue')).location).toMatch(running(here))
  })

  it('is of its own account: another one’s account connector is never looked at', async () => {
    const app = await code()
    const [mine, theirs] = [await begun([app]), await begun([app])]
    await agree(theirs.browser, theirs.page)
    const [one] = await held(theirs.here)
    const looked = await mine.browser.get(`${mine.here.base}/connect?account=${one?.id}`, { accept: 'application/json' })
    expect(looked.text).toBe('{"connected":false}')
    expect((await mine.browser.get(`${mine.here.base}/connect?account=${randomUUID()}`, { accept: 'application/json' })).text).toBe('{"connected":false}')
    expect(at((await api.v1('GET', '/account/connectors', { account: mine.here.account })).json, '[0]')).toBeUndefined()
  })
})

describe('LAUNCH', () => {
  const using = (name: string): object => ({
    name: 'Orders',
    tags: [name],
    steps: [
      { id: 'order', name: 'Order', type: 'webhook', next: 'call' },
      { id: 'call', name: 'Call', type: 'method', connector: name, method: 'get' },
    ],
  })

  it.each(['with a key', 'with OAuth, in the same window'])('asks for connectors before it installs: %s', async how => {
    const app = how === 'with a key' ? await keyed() : await connector(api, server.url, codeGrant(server.url))
    const template = String(at((await api.v1('POST', '/templates', { body: { Definition: using(app.name) } })).json, 'Id'))
    await api.v1('POST', `/templates/${template}/promote`)
    await api.v1('PUT', `/templates/${template}/publish`, { body: {} })
    const account = await api.account()
    const deployed = await api.v1('POST', `/accounts/${account}/launch`, { body: { Tags: [app.name], InlineOAuth: true } })
    const browser = createBrowser(api)
    const { pathname, search } = new URL(String(at(deployed.json, 'LaunchUrl')))
    const page = await browser.follow(await browser.get(pathname + search))
    expect(page.text).toContain(`Connect ${app.name}`)
    let on: Page
    if (how === 'with a key') on = await browser.send(page, 'Connect', { authValue: KEY })
    else {
      const link = /href="(\/account\/authorize[^"]+)"/.exec(page.text)?.[1] ?? ''
      const back = server.visit((await browser.get(link)).location)
      const come = await browser.get(back.pathname + back.search)
      expect(come.location).toBe(`/account/launch/templates/${template}/connect`)
      on = await browser.send(await browser.follow(come), 'Continue')
    }
    expect(on.location).toMatch(new RegExp(`^/account/launch/templates/${template}/operations/`))
  })
})

/** A marketplace with a package whose template uses connectors, an application behind them, and a browser with a session. */
import { randomUUID } from 'node:crypto'
import { startReceiver, type TestReceiver } from '../../support/receiver.ts'
import { CLIENT } from '../../support/oauth-server.ts'
import { at, type ApiHarness } from '../harness.ts'
import { createBrowser, type Browser, type Page } from './browser.ts'

export const KEY = 'a-key-that-is-right'

/** An application that takes `KEY`, as a key, a token or a password. */
export const startApplication = (): Promise<TestReceiver> =>
  startReceiver(({ headers }) => {
    const { authorization = '', 'x-api-key': key = '' } = headers
    const given = [String(key), String(authorization).replace('Bearer ', ''), Buffer.from(String(authorization).replace('Basic ', ''), 'base64').toString()]
    return given.some(one => one === KEY || one === `ada:${KEY}`)
      ? { body: { ok: true } }
      : { status: 401, body: { error: `<b>not ${given.find(Boolean)}</b>` } }
  })

export const APPLICATIONS = {
  apiKey: { type: 'apiKey', in: 'header', name: 'X-Api-Key' },
  bearer: { type: 'bearer' },
  basic: { type: 'basic' },
} as const

/** Of the authorisation code grant at that server. */
export const codeGrant = (url: string, more: object = {}) => ({
  type: 'oauth2',
  grant: 'authorizationCode',
  authorizeUrl: `${url}/authorize`,
  tokenUrl: `${url}/token`,
  ...more,
})

export interface Made {
  readonly id: string
  readonly name: string
}

export async function connector(api: ApiHarness, url: string, authentication: object, more: object = {}): Promise<Made> {
  const name = `App ${randomUUID().slice(0, 8)}`
  const Definition = {
    name,
    version: '1',
    baseUrl: url,
    authentication,
    test: { method: 'GET', path: '/me' },
    methods: [{ id: 'get', method: 'GET', path: '/things' }],
    ...more,
  }
  const made = await api.v1('POST', '/connectors', { body: { Definition, OAuthClientId: CLIENT.id, OAuthClientSecret: CLIENT.secret } })
  if (made.status !== 201) throw new Error(made.text)
  return { id: String(at(made.json, 'Id')), name: String(at(made.json, 'Name')) }
}

export interface Shop {
  readonly account: string
  readonly guid: string
  readonly marketplace: string
  readonly packageId: string
  /** Path that the steps of its installation begin with. */
  readonly base: string
}

/** Its templates use those connectors, each in a template of its own. */
export async function shop(api: ApiHarness, connectors: readonly Made[]): Promise<Shop> {
  const TemplateIds: string[] = []
  for (const { name } of connectors) {
    const steps = [
      { id: 'order', name: 'Order', type: 'webhook', next: 'call' },
      { id: 'call', name: 'Call', type: 'method', connector: name, method: 'get' },
    ]
    const template = await api.v1('POST', '/templates', { body: { Definition: { name: 'Orders', steps } } })
    const id = String(at(template.json, 'Id'))
    await api.v1('POST', `/templates/${id}/promote`)
    TemplateIds.push(id)
  }
  const marketplace = String(at((await api.v1('POST', '/marketplaces', { body: { Name: 'Shop' } })).json, 'Id'))
  const made = await api.v1('POST', `/marketplaces/${marketplace}/packages`, { body: { Name: 'Orders & more', TemplateIds } })
  if (made.status !== 201) throw new Error(made.text)
  const packageId = String(at(made.json, 'Id'))
  const account = await api.account()
  const found = await api.registry.accounts.find(account)
  return { account, guid: found?.id ?? '', marketplace, packageId, base: `/account/marketplace/packages/${packageId}` }
}

/** A browser that came with the link of a deploy call. */
export async function visitor(api: ApiHarness, { account, marketplace }: Shop, more: object = {}): Promise<Browser> {
  const link = await api.v1('POST', `/accounts/${account}/marketplace`, { body: { MarketplaceId: Number(marketplace), ...more } })
  const browser = createBrowser(api)
  const { pathname, search } = new URL(String(at(link.json, 'MarketplaceUrl')))
  await browser.get(pathname + search)
  return browser
}

/** Presses Install, and answers the page that follows. */
export async function install(browser: Browser): Promise<Page> {
  return browser.follow(await browser.send(await browser.get('/account/marketplace'), 'Install'))
}

/** Every route of an account, with what belongs to another one: a new route is in it by itself (api.md, levels). */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { routes } from '../../api/routes/index.ts'
import type { Route } from '../../api/route.ts'
import { asCycleId, asTransactionId } from '../../domain/ids.ts'
import { formToken } from '../../api/pages/form-guard.ts'
import { apiHarness, at, smallCycle, type ApiHarness, type Loose } from './harness.ts'

/** Nouns in paths, as the segment before an id names them. */
const OWN = ['cycles', 'transactions', 'connectors', 'operations'] as const
type Own = (typeof OWN)[number]
/** The partner's: every account may name them. */
const SHARED = ['packages', 'templates'] as const
type Shared = (typeof SHARED)[number]

interface Tenant {
  readonly apiId: string
  readonly token: string
  readonly ids: { readonly [N in Own]: string }
  /** What nobody else may read. */
  readonly marks: readonly string[]
}

/** Bodies that are right, so that it is the id that is refused. */
const bodies: { readonly [route: string]: Loose } = {
  'POST /v1.0/cycles': { Definition: smallCycle },
  'PUT /v1.0/cycles/{id}': { Definition: smallCycle },
  'PUT /v1.0/account/connectors/{id}': { Name: 'Other' },
}

let api: ApiHarness
let mine: Tenant
let theirs: Tenant
let shared: { readonly [N in Shared]: string }
let connectorId: string

async function tenant(name: string): Promise<Tenant> {
  const apiId = `${name}-${randomUUID()}`
  await api.v1('POST', '/accounts', { body: { Id: apiId, Name: `Account of ${name}` } })
  const account = (await api.registry.accounts.find(apiId))?.id
  if (account === undefined) throw new Error('the account is gone')
  const document = { ...smallCycle, name: `Cycle of ${name}` }
  const made = await api.v1('POST', '/cycles', { account: apiId, body: { Definition: document } })
  const cycle = asCycleId(String(at(made.json, 'Id')))
  const place = { account, cycle }
  await api.v1('PUT', `/cycles/${cycle}/activate`, { account: apiId })
  const transaction = asTransactionId(randomUUID())
  const data = JSON.stringify({ from: `Customer of ${name}` })
  await api.inbox.acceptTrigger({ place, version: 1, transaction, stepId: 'order', data, values: [], held: false })
  await api.registry.incidents.add(place, { at: Date.now(), level: 'Error', stepId: 'order', message: `Incident of ${name}`, detail: '' })
  const body = { ConnectorId: connectorId, Name: `Shop of ${name}`, AuthValue: `key of ${name}` }
  const held = String(at((await api.v1('POST', '/account/connectors', { account: apiId, body })).json, 'Id'))
  const begun = await api.v1('POST', `/account/packages/${shared.packages}/install`, { account: apiId, body: { CompleteParameter: `said by ${name}` } })
  const operation = String(at(begun.json, 'Id'))
  return {
    apiId,
    token: await api.token(`account:${apiId}`),
    ids: { cycles: cycle, transactions: transaction, connectors: held, operations: operation },
    marks: [account, cycle, transaction, held, operation, name],
  }
}

beforeAll(async () => {
  api = await apiHarness()
  const template = String(at((await api.v1('POST', '/templates', { body: { Definition: smallCycle } })).json, 'Id'))
  await api.v1('POST', `/templates/${template}/promote`)
  const shop = String(at((await api.v1('POST', '/marketplaces', { body: { Name: 'Shop' } })).json, 'Id'))
  const body = { Name: 'Orders', TemplateIds: [template] }
  const offered = await api.v1('POST', `/marketplaces/${shop}/packages`, { body })
  shared = { templates: template, packages: String(at(offered.json, 'Id')) }
  const method = { id: 'read', name: 'Read', type: 'read', method: 'GET', path: '/' }
  const definition = { name: 'Shop', version: '1', baseUrl: 'http://127.0.0.1:1', authentication: { type: 'bearer' }, methods: [method] }
  connectorId = String(at((await api.v1('POST', '/connectors', { body: { Definition: definition } })).json, 'Id'))
  mine = await tenant('Mine')
  theirs = await tenant('Theirs')
})
afterAll(() => api.close())

const nameOf = ({ method, path }: Route): string => `${method} ${path}`

/** The ids in a path, each with its noun. A noun that is not known fails: then it is to be said here whose it is. */
function idsIn({ path }: Route): { readonly parameter: string; readonly noun: Own | Shared }[] {
  return [...path.matchAll(/\/([^/{}]+)\/\{(\w+)\}/g)].map(([, segment = '', parameter = '']) => {
    const noun = [...OWN, ...SHARED].find(one => one === segment)
    if (noun === undefined) throw new Error(`${path}: whose is {${parameter}}, an account's (OWN) or the partner's (SHARED)?`)
    return { parameter, noun }
  })
}
const isOwn = (noun: Own | Shared): noun is Own => OWN.some(one => one === noun)

/** Addresses in which at least one id is theirs; the others are those of `mine`. */
function foreign(route: Route): string[] {
  const ids = idsIn(route)
  const own = ids.flatMap(({ parameter, noun }) => (isOwn(noun) ? [parameter] : []))
  return Array.from({ length: 2 ** own.length - 1 }, (_, mask) =>
    ids.reduce((path, { parameter, noun }) => {
      const whose = ((mask + 1) >> own.indexOf(parameter)) & 1 ? theirs : mine
      return path.replace(`{${parameter}}`, isOwn(noun) ? whose.ids[noun] : shared[noun])
    }, route.path),
  )
}
/** The address with what is of that account. */
const addressOf = (route: Route, { ids }: Tenant): string =>
  idsIn(route).reduce((path, { parameter, noun }) => path.replace(`{${parameter}}`, isOwn(noun) ? ids[noun] : shared[noun]), route.path)

const ofAccounts = routes.filter(({ level }) => level === 'account')
const named = ofAccounts.filter(route => idsIn(route).some(({ noun }) => isOwn(noun)))
const sentWith = (route: Route) => {
  const body = bodies[nameOf(route)]
  return body === undefined ? {} : { body }
}

/** All that the account reads of itself. */
async function seen(whose: Tenant): Promise<string[]> {
  const read: string[] = []
  for (const route of ofAccounts.filter(({ method }) => method === 'GET')) {
    const reply = await api.call('GET', addressOf(route, whose), { token: whose.token })
    expect([nameOf(route), reply.status]).toEqual([nameOf(route), 200])
    read.push(reply.text)
  }
  return read
}

describe("another account's ids", () => {
  it('answer 404 to every call that names one, whichever token it comes with, and neither show nor change anything', async () => {
    const before = await seen(theirs)
    for (const mark of Object.values(theirs.ids)) expect(before.join('\n')).toContain(mark)
    for (const route of named) {
      for (const path of foreign(route)) {
        for (const caller of [{ token: mine.token }, { token: await api.token(), account: mine.apiId }]) {
          const reply = await api.call(route.method, path, { ...sentWith(route), ...caller })
          expect([nameOf(route), path, reply.status], reply.text).toEqual([nameOf(route), path, 404])
          for (const mark of theirs.marks) expect(reply.text).not.toContain(mark)
        }
      }
    }
    expect(await seen(theirs)).toEqual(before)
  })

  it('are in no answer of a call that names none', async () => {
    for (const route of ofAccounts.filter(one => !named.includes(one) && one.method === 'GET')) {
      const reply = await api.call(route.method, addressOf(route, mine), { token: mine.token })
      expect([nameOf(route), reply.status]).toEqual([nameOf(route), 200])
      for (const mark of theirs.marks) expect(reply.text, nameOf(route)).not.toContain(mark)
    }
  })

  it('are not taken in a body', async () => {
    const change = {
      Definition: {
        ...smallCycle,
        steps: [
          { id: 'order', type: 'webhook', next: 'read' },
          { id: 'read', type: 'method', connector: 'Shop', method: 'read' },
        ],
      },
    }
    const made = String(at((await api.v1('POST', '/cycles', { account: mine.apiId, body: change })).json, 'Id'))
    const body = { AccountConnectorId: theirs.ids.connectors }
    const reply = await api.call('PUT', `/v1.0/cycles/${made}`, { token: mine.token, body })
    expect([reply.status, at(reply.json, 'Code')]).toEqual([400, 'request_invalid'])
    expect(reply.text).not.toContain('Theirs')
  })
})

describe('a token of one account', () => {
  it('is answered with 401 by every call of accounts that names another one', async () => {
    const before = await seen(theirs)
    for (const route of ofAccounts) {
      const reply = await api.call(route.method, addressOf(route, theirs), { ...sentWith(route), token: mine.token, account: theirs.apiId })
      expect([nameOf(route), reply.status, at(reply.json, 'Code')]).toEqual([nameOf(route), 401, 'account_missing'])
    }
    expect(await seen(theirs)).toEqual(before)
  })

  it("is let in by no call of the partner's, nor is anybody without one", async () => {
    for (const route of routes.filter(({ level }) => level !== 'public')) {
      const path = route.path.replaceAll(/\{\w+\}/g, theirs.apiId)
      const without = await api.call(route.method, path)
      expect([nameOf(route), without.status, at(without.json, 'Code')]).toEqual([nameOf(route), 401, 'token_invalid'])
      if (route.level !== 'partner') continue
      const reply = await api.call(route.method, path, { token: mine.token })
      expect([nameOf(route), reply.status, at(reply.json, 'Code')]).toEqual([nameOf(route), 403, 'token_restricted'])
    }
  })
})

describe('the session of one account', () => {
  const pages = routes.filter(({ level, path }) => level === 'public' && path.startsWith('/account/') && /\{(?!name\})/.test(path))

  async function session(kind: 'marketplace' | 'launch'): Promise<string> {
    const account = (await api.registry.accounts.find(mine.apiId))?.id
    const shop = (await api.registry.marketplaces.list({ page: 1, pageSize: 1 })).items[0]?.id
    if (account === undefined || shop === undefined) throw new Error('no account')
    const id = Buffer.from(randomUUID().repeat(2)).toString('base64url').slice(0, 43)
    const asked = { start: false, runOnce: false, tags: [], autoInstall: false, singleInstall: false, wizard: false, displayDescriptions: false }
    const to = kind === 'launch' ? ({ page: 'launch', ...asked } as const) : ({ page: 'marketplace', marketplaceId: shop } as const)
    await api.registry.signIns.open(id, { account, to, inlineOAuth: false }, 60_000)
    return id
  }

  it("sees nothing of another account's operations", async () => {
    const before = await seen(theirs)
    for (const route of pages) {
      const kind = route.path.startsWith('/account/launch') ? 'launch' : 'marketplace'
      const id = await session(kind)
      const path = route.path
        .replaceAll(/\{operationId\}/g, theirs.ids.operations)
        .replaceAll('{id}', route.path.includes('/templates/') ? shared.templates : shared.packages)
      const form = { raw: new URLSearchParams({ csrf: formToken({ id }) }).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }
      const sent = route.method === 'GET' ? { headers: {} } : form
      const reply = await api.call(route.method, path, { ...sent, headers: { ...sent.headers, cookie: `flywheel_${kind}=${id}` } })
      if (route.path.includes('{operationId}')) expect([nameOf(route), reply.status]).toEqual([nameOf(route), 404])
      for (const mark of theirs.marks) expect(reply.text, nameOf(route)).not.toContain(mark)
    }
    expect(await seen(theirs)).toEqual(before)
  })
})

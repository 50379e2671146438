import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asIdentifier, type AccountId } from '../../domain/ids.ts'
import type { JsonObject } from '../../domain/json.ts'
import type { Connector } from '../../storage/connector.ts'
import { CLIENT, startOAuthServer, type OAuthServer } from '../support/oauth-server.ts'
import { apiHarness, at, type ApiHarness, type Reply } from './harness.ts'

let api: ApiHarness
let server: OAuthServer
let account: AccountId

const NAME = `<img src=x onerror="alert('1')"> & Shop`
const written = (definition: JsonObject): Connector['definition'] => JSON.parse(JSON.stringify(definition))

beforeAll(async () => {
  api = await apiHarness()
  server = await startOAuthServer()
  const found = await api.registry.accounts.find(await api.account())
  if (found === undefined) throw new Error('no account')
  account = found.id
})
afterAll(async () => {
  await api.close()
  await server.close()
})

/** An account connector that a user is to authorise, and where that user is sent. */
async function begun(grant = 'authorizationCode'): Promise<{ readonly id: string; readonly url: string; readonly answer: Reply }> {
  const [connectorId, id] = [randomUUID(), randomUUID()]
  const authentication = { type: 'oauth2', grant, authorizeUrl: `${server.url}/authorize`, tokenUrl: `${server.url}/token` }
  await api.registry.connectors.create(connectorId, {
    name: `${NAME} ${connectorId}`,
    version: '1',
    definition: written({ name: NAME, authentication }),
    oauthClientId: CLIENT.id,
    oauthClientSecret: api.sealer.seal(CLIENT.secret),
    partnerWebhook: asIdentifier(randomUUID().replaceAll('-', '')),
  })
  const value = { connectorId, name: '<b>Main</b>', settings: {}, status: 'Unauthenticated', credentials: api.sealer.seal('{}') } as const
  await api.registry.accountConnectors.of(account).create(id, value)
  const answer = await api.v1('POST', `/account/connectors/${id}/authorize`, { account })
  return { id, url: String(at(answer.json, 'AuthorizeUrl') ?? ''), answer }
}
const back = (url: URL): Promise<Reply> => api.call('GET', `${url.pathname}${url.search}`)
const statusOf = async (id: string): Promise<string | undefined> => (await api.registry.accountConnectors.of(account).get(id))?.value.status

function expectPage(reply: Reply, status: number, title: string): void {
  expect(reply.status).toBe(status)
  expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
  const policy = String(reply.headers.get('content-security-policy'))
  expect(policy).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'; /)
  expect(policy).toMatch(/; frame-ancestors 'none'$/)
  expect(reply.headers.get('referrer-policy')).toBe('no-referrer')
  expect(reply.headers.get('cache-control')).toBe('no-store')
  // connectors.md 2, marketplace.md 4: the opener stays reachable.
  expect(reply.headers.has('cross-origin-opener-policy')).toBe(false)
  expect(reply.text).toContain(`<h1>${title}</h1>`)
  expect(reply.text).not.toMatch(/<img|<b>|<script(?! type="module" src="\/account\/assets\/)|onerror="/)
}

describe('POST /v1.0/account/connectors/{id}/authorize', () => {
  it('answers where the user gives access, and until when', async () => {
    const { url, answer } = await begun()
    expect(answer.status).toBe(200)
    expect(new URL(url).searchParams.get('redirect_uri')).toBe('http://hooks.example/oauth/callback')
    const ends = Date.parse(String(at(answer.json, 'ExpiresAtUtc'))) - Date.now()
    expect(ends).toBeGreaterThan(590_000)
    expect(ends).toBeLessThan(610_000)
  })

  it('is not for client credentials, nor for an account connector of another account', async () => {
    const { answer } = await begun('clientCredentials')
    expect([answer.status, at(answer.json, 'Code')]).toEqual([422, 'authentication_failed'])
    expect(at(answer.json, 'Message')).toMatch(/^Failed to authenticate the connector: .* does not send users to the application$/)
    const { id } = await begun()
    for (const [other, path] of [
      [await api.account(), id],
      [account, 'nothing'],
    ]) {
      const refused = await api.v1('POST', `/account/connectors/${path}/authorize`, { account: other ?? '' })
      expect([refused.status, at(refused.json, 'Code')]).toEqual([404, 'account_connector_not_found'])
    }
  })
})

describe('the page that an application sends a user back to', () => {
  it('connects, once, and needs no token of the management API', async () => {
    const { id, url } = await begun()
    const visited = server.visit(url)
    expect(`${visited.origin}${visited.pathname}`).toBe('http://hooks.example/oauth/callback')
    const page = await back(visited)
    expectPage(page, 200, 'Connected')
    expect(page.text).toContain(`&lt;img src=x onerror=&quot;alert('1')&quot;> &amp; Shop`)
    expect(await statusOf(id)).toBe('Authenticated')
    expectPage(await back(visited), 400, 'This link has expired')
    expect(await statusOf(id)).toBe('Authenticated')
  })

  it('says that the user or the application refused, in its words, escaped', async () => {
    const { id, url } = await begun()
    const page = await back(server.visit(url, { error: 'access_denied', error_description: '<script>alert(1)</script>' }))
    expectPage(page, 403, 'Not connected')
    expect(page.text).toContain('access_denied: &lt;script>alert(1)&lt;/script>')
    expect(await statusOf(id)).toBe('Unauthenticated')
  })

  it('says that the link has expired for a state that is unknown, missing or doubled', async () => {
    for (const query of ['?state=x&code=y', '?code=y', '', '?state=x&state=y&code=z', '?state=%00%ff&code=z'])
      expectPage(await api.call('GET', `/oauth/callback${query}`), 400, 'This link has expired')
  })

  it('lets only the browser in that began on a page of ours, known by its cookie', async () => {
    const { id } = await begun()
    const browser = 'b'.repeat(43)
    const visited = async (cookie: string): Promise<Reply> => {
      const url = server.visit((await api.oauth.begin(account, id, { browser, back: { path: '/account/marketplace', popup: true } }))?.url ?? '')
      return api.call('GET', `${url.pathname}${url.search}`, { headers: { cookie } })
    }
    for (const cookie of ['', `flywheel_oauth=${'c'.repeat(43)}`, `other=1; not_flywheel_oauth=${browser}`])
      expectPage(await visited(cookie), 400, 'This link has expired')
    expect(await statusOf(id)).toBe('Unauthenticated')
    expectPage(await visited(`other=1; flywheel_oauth=${browser}; more=2`), 200, 'Connected')
  })

  it('is not used up by who only looks whether it is there', async () => {
    const { url } = await begun()
    const visited = server.visit(url)
    expect((await api.call('HEAD', `${visited.pathname}${visited.search}`)).status).toBe(204)
    expectPage(await back(visited), 200, 'Connected')
  })

  it('says that the token server does not answer, and that the user may try again', async () => {
    const { id, url } = await begun()
    server.rules.instead = () => ({ status: 503, body: 'sorry' })
    const page = await back(server.visit(url))
    server.rules.instead = undefined
    expectPage(page, 502, 'Not connected')
    expect(page.text).toContain('try again in a few minutes')
    expect(await statusOf(id)).toBe('Unauthenticated')
  })

  it('says that the account connector is gone', async () => {
    const { id, url } = await begun()
    await api.registry.accountConnectors.of(account).remove(id)
    expectPage(await back(server.visit(url)), 404, 'Not connected')
  })

  it('is no place to post to', async () => {
    expect((await api.call('POST', '/oauth/callback', { body: {} })).status).toBe(405)
  })
})

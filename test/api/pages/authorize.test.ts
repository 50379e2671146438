import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../../domain/ids.ts'
import { startOAuthServer, type OAuthServer } from '../../support/oauth-server.ts'
import { apiHarness, type ApiHarness } from '../harness.ts'
import { createBrowser, elementOf, formOf, type Browser, type Page } from './browser.ts'
import { codeGrant, connector, install, shop, visitor, type Made, type Shop } from './shop.ts'

let api: ApiHarness
let server: OAuthServer
let app: Made
beforeAll(async () => {
  api = await apiHarness()
  server = await startOAuthServer()
  app = await connector(api, server.url, codeGrant(server.url), { icon: 'https://icons.example/app.svg' })
})
afterAll(async () => {
  await api.close()
  await server.close()
})

interface Begun {
  readonly here: Shop
  readonly browser: Browser
  readonly page: Page
  /** Of the link to the application. */
  readonly link: string
}

async function begun(more: object = {}): Promise<Begun> {
  const here = await shop(api, [app])
  const browser = await visitor(api, here, more)
  const page = await install(browser)
  return { here, browser, page, link: linkOf(page) }
}
const linkOf = (page: Page): string => /href="(\/account\/authorize\?ticket=[\w-]{43})"/.exec(page.text)?.[1] ?? ''
/** The user agrees at the application, or does not, and the same browser comes back. */
const back = (browser: Browser, leaving: Page, error?: Parameters<OAuthServer['visit']>[1]): Promise<Page> => {
  const { pathname, search } = server.visit(leaving.location, error)
  return browser.get(pathname + search)
}
const heldBy = async ({ guid }: Shop) => (await api.registry.accountConnectors.of(asAccountId(guid)).list({ page: 1, pageSize: 10 })).items

/** What every page around an application's own says to browsers. */
function expectClosed(page: Page): void {
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).toContain("frame-ancestors 'none'")
  expect(page.headers.get('cache-control')).toBe('no-store')
  // marketplace.md 4: the opener must stay reachable.
  expect(page.headers.has('cross-origin-opener-policy')).toBe(false)
}

describe('a link to an application', () => {
  it('leads there at once where the browser has a session of the account, with a cookie that lets it alone back in', async () => {
    const { here, browser, link } = await begun()
    const leaving = await browser.get(link)
    expect(leaving.status).toBe(303)
    expect(leaving.location).toMatch(`${server.url}/authorize?`)
    expect(leaving.headers.get('set-cookie')).toMatch(/^flywheel_oauth=[\w-]{43}; Path=\/oauth; Max-Age=3600; HttpOnly; SameSite=Lax$/)
    const { pathname, search } = server.visit(leaving.location)
    const other = await createBrowser(api).get(pathname + search)
    expect(other.status).toBe(400)
    expect(await heldBy(here)).toEqual([])
    // The way that somebody else tried is spent; the window is opened again.
    expect((await back(browser, await browser.get(link))).status).toBe(303)
    expect(await heldBy(here)).toMatchObject([{ value: { name: app.name, status: 'Authenticated', connectorId: app.id } }])
  })

  it('asks a browser without a session first, naming application and account', async () => {
    const { here, link } = await begun()
    const window = createBrowser(api)
    const asked = await window.get(`${link}&popup=1`)
    expect(asked.status).toBe(200)
    expectClosed(asked)
    expect(asked.text).toContain(app.name)
    expect(asked.text).toContain('<bdi dir="auto">Acme</bdi>')
    expect(asked.text).toContain('src="https://icons.example/app.svg"')
    expect(asked.headers.get('set-cookie')).toMatch(/^flywheel_authorize=[\w-]{43}; Path=\/account\/authorize; Max-Age=3600; HttpOnly; SameSite=Lax$/)
    // Browsers hold a form's policy against each redirect that follows it, and where the application sends users to sign in is not known.
    expect(asked.headers.get('content-security-policy')).toContain("form-action 'self' https: http:;")
    const leaving = await window.send(asked, 'Continue')
    expect([leaving.status, leaving.location]).toEqual([303, expect.stringMatching(`^${server.url}/authorize`)])
    const done = await back(window, leaving)
    expect(done.status).toBe(200)
    expectClosed(done)
    expect(done.text).toContain('<h1>Connected</h1>')
    expect(elementOf(done, 'returned')).toMatchObject({ 'data-outcome': 'done' })
    expect(done.text).toMatch(/<script type="module" src="\/account\/assets\/returned\.js\?v=/)
    expect(await heldBy(here)).toMatchObject([{ value: { status: 'Authenticated' } }])
  })

  it('asks one too whose session is of another account', async () => {
    const { link } = await begun()
    const { browser: stranger } = await begun()
    expect((await stranger.get(link)).text).toContain('<form name="Continue"')
  })

  it('takes no Continue from another site, of another browser, or without a token', async () => {
    const { here, link } = await begun()
    const window = createBrowser(api)
    const { action, fields } = formOf(await window.get(link), 'Continue')
    const refused = [
      await window.post(action, fields, { origin: 'https://evil.example' }),
      await window.post(action, fields, { origin: 'null' }),
      await window.post(action, fields, { 'sec-fetch-site': 'cross-site' }),
      await window.post(action, { ...fields, csrf: '' }),
      await createBrowser(api).post(action, fields),
    ]
    for (const page of refused) {
      expect([page.status, page.headers.get('content-type')]).toEqual([403, 'text/html; charset=utf-8'])
      expect(page.headers.has('set-cookie')).toBe(false)
    }
    expect(await heldBy(here)).toEqual([])
  })

  it('works again while it lasts: a window that was closed is opened again, and two windows do not undo each other', async () => {
    const { here, browser, link } = await begun()
    const windows = [await browser.get(`${link}&popup=1`), await browser.get(`${link}&popup=1`)]
    expect((await back(browser, windows[0] as Page)).status).toBe(200)
    expect((await back(browser, windows[1] as Page)).status).toBe(200)
    expect(await heldBy(here)).toHaveLength(1)
    const again = await browser.get(`${link}&popup=1`)
    expect(again.text).toContain('<h1>Connected</h1>')
    expect((await browser.get(link)).location).toBe(`${here.base}/connect`)
  })

  it('that is unknown, missing or of something that was deleted says so', async () => {
    const { here, browser, link } = await begun()
    for (const path of [`${link}x`, '/account/authorize', '/account/authorize?ticket=']) {
      const page = await createBrowser(api).get(path)
      expect(page.status).toBe(400)
      expectClosed(page)
      expect(page.text).toContain('<h1>This link has expired</h1>')
      expect(page.text).toContain('Go back to where you came from')
    }
    const windows = await browser.get(`${link}x&popup=1`)
    expect(elementOf(windows, 'returned')).toMatchObject({ 'data-outcome': 'expired' })
    await api.v1('DELETE', `/accounts/${here.account}`)
    expect((await browser.get(link)).status).toBe(404)
  })

  it('is not used by who only looks whether it is there', async () => {
    const { browser, link } = await begun()
    const looked = await fetch(api.base + link, { method: 'HEAD' })
    expect([looked.status, looked.headers.has('set-cookie')]).toEqual([204, false])
    expect((await browser.get(link)).status).toBe(303)
  })

  it('keeps the ticket as a hash alone', async () => {
    const { link } = await begun()
    const ticket = link.split('=')[1] ?? ''
    expect((await api.redis.keys('oauth:*')).join()).not.toContain(ticket)
  })
})

describe('a user who is back', () => {
  it('in the window where the page was goes on there (InlineOAuth, or no scripts)', async () => {
    const { here, browser, page, link } = await begun({ InlineOAuth: true })
    expect(page.text).not.toContain('target="_blank"')
    const done = await back(browser, await browser.get(link))
    expect([done.status, done.location]).toEqual([303, `${here.base}/connect`])
    expect((await browser.get(done.location)).text).toContain('Everything is connected')
  })

  it('in a frame comes with a partitioned cookie', async () => {
    const { browser, link } = await begun({ InlineOAuth: true })
    const leaving = await browser.get(link, { 'sec-fetch-dest': 'iframe' })
    expect(leaving.headers.get('set-cookie')).toMatch(/; SameSite=None; Secure; Partitioned$/)
  })

  it('having refused is told why, with the way back, and nothing is there', async () => {
    const { here, browser, link } = await begun()
    const error = { error: 'access_denied', error_description: '<script>alert(1)</script>' }
    const inline = await back(browser, await browser.get(link), error)
    expect(inline.status).toBe(403)
    expectClosed(inline)
    expect(inline.text).toContain('access_denied: &lt;script>alert(1)&lt;/script>')
    expect(inline.text).toContain(`<a class="button primary" href="${here.base}/connect">`)
    const popup = await back(browser, await browser.get(`${link}&popup=1`), error)
    expect(elementOf(popup, 'returned')).toMatchObject({ 'data-outcome': 'refused' })
    expect(popup.text).toContain('The page behind it is still open')
    expect(await heldBy(here)).toEqual([])
  })

  it('while the application is down is told so, with the way back', async () => {
    const { here, browser, link } = await begun()
    server.rules.instead = () => ({ status: 503, body: 'sorry' })
    const page = await back(browser, await browser.get(link))
    server.rules.instead = undefined
    expect(page.status).toBe(502)
    expect(page.text).toContain(`href="${here.base}/connect"`)
    expect(await heldBy(here)).toEqual([])
  })

  it('with settings that lead nowhere is told so before', async () => {
    const bad = await connector(api, server.url, codeGrant(server.url, { authorizeUrl: 'http://{{settings.shop}}/authorize' }), {
      settings: [{ name: 'shop', required: true }],
    })
    const browser = await visitor(api, await shop(api, [bad]))
    const page = await browser.send(await install(browser), 'Continue', { 'setting.shop': 'a b/c' })
    expect(page.status).toBe(422)
    expect(page.text).toContain('The setting shop stands in a URL of OAuth')
  })
})

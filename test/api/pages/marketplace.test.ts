import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId } from '../../../domain/ids.ts'
import { apiHarness, type ApiHarness } from '../harness.ts'
import { createBrowser, formOf, type Page } from './browser.ts'
import { addPackage, offer, visit } from './offers.ts'
import { operate } from './operate.ts'
import { visitor } from './shop.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const HOME = '/account/marketplace'
/** Names of the forms that change something, in order. */
const formsOf = ({ text }: Page): string[] => [...text.matchAll(/<form name="(\w+)" method="post"/g)].map(match => match[1] ?? '')
const namesOf = ({ text }: Page): string[] => [...text.matchAll(/<h2[^>]*>(?:<a[^>]*>)?<bdi dir="auto">([^<]*)/g)].map(match => match[1] ?? '')

function expectProblem(page: Page, status: number, words: string): void {
  expect([page.status, page.headers.get('content-type')]).toEqual([status, 'text/html; charset=utf-8'])
  expect(page.text).toContain(words)
}

describe('the marketplace (marketplace.md 4)', () => {
  it('installs, stops, starts and uninstalls with plain forms, and tells what was done', async () => {
    const { here, browser } = await visit(api, { cycles: ['Orders', 'Stock'] })
    const steps = [
      ['Install', 'Orders to ERP is installed', ['Stop', 'Start', 'Uninstall'], 'Running'],
      ['Stop', 'Orders to ERP is stopped.', ['Start', 'Stop', 'Uninstall'], 'Stopped'],
      ['Start', 'Orders to ERP is running.', ['Stop', 'Start', 'Uninstall'], 'Running'],
      ['Uninstall', 'Orders to ERP was uninstalled.', ['Install'], ''],
    ] as const
    expect(formsOf(await browser.get(HOME))).toEqual(['Install'])
    for (const [form, words, after, state] of steps) {
      const page = await browser.get(HOME)
      expect(page.text).toContain(`aria-describedby="package-${here.packageId}">${form}</button>`)
      const sent = await browser.send(page, form)
      expect([sent.status, sent.location]).toEqual([303, expect.stringMatching(`^${here.base}/operations/[0-9a-f-]{36}$`)])
      // While it is under way there is nothing to press but to look on.
      const meanwhile = await browser.get(HOME)
      expect(formsOf(meanwhile)).toEqual([])
      expect(meanwhile.text).toContain(`href="${sent.location}"`)
      await (await operate(api, here.guid, sent)).end()
      expect((await browser.follow(sent)).text).toContain(words)
      const home = await browser.get(HOME)
      expect(formsOf(home)).toEqual(after)
      expect(home.text).toContain(state)
    }
  })

  it('leads back to where somebody was, however odd the search', async () => {
    const { here, browser } = await visit(api, { package: { Name: 'Orders & "ERP"' } })
    await (await operate(api, here.guid, await browser.send(await browser.get(HOME), 'Install'))).end()
    const place = new URLSearchParams({ q: 'Orders & "ERP"', category: '' })
    const page = await browser.get(`${HOME}?${place.toString()}&done=x&other=1`)
    const form = formOf(page, 'Stop')
    const sent = await browser.post(form.action, form.fields, { referer: `http://hooks.example${page.path}` })
    await (await operate(api, here.guid, sent)).end()
    const asked: unknown = JSON.parse((await browser.get(sent.location, { accept: 'application/json' })).text)
    expect(asked).toMatchObject({ next: sent.location })
    const back = await browser.get(sent.location)
    expect(back.location).toMatch(/^\/account\/marketplace\?q=Orders\+%26\+%22ERP%22&done=[0-9a-f-]{36}$/)
    expect(namesOf(await browser.follow(back))).toEqual(['Orders &amp; &quot;ERP&quot;'])
    const odd = await browser.get(`${sent.location.split('?')[0] ?? ''}?from=${encodeURIComponent('//evil.example?done=1&q=x#y')}`)
    expect(odd.location).toMatch(/^\/account\/marketplace\?(q=x%23y&)?done=[0-9a-f-]{36}$/)
  })

  it('shows cards in order, categories, text, links, and behind them packages that stand in none', async () => {
    const here = await offer(api, { package: { Name: 'Carded' } })
    const loose = await addPackage(api, here.marketplace, { Name: 'Loose' })
    const within = await addPackage(api, here.marketplace, { Name: 'Within', Image: 'https://images.example/a.png' })
    const cards = [
      { Type: 'Text', Html: '<p id="own">Our <b>best</b></p>' },
      { Type: 'Category', Title: 'Finance', Description: 'Money', Cards: [{ Type: 'Package', PackageId: Number(within) }] },
      { Type: 'Link', Title: 'Help', Url: 'https://help.example/?a=1&b=2' },
      { Type: 'Package', PackageId: Number(here.packageId) },
    ]
    expect((await api.v1('PUT', `/marketplaces/${here.marketplace}`, { body: { Cards: cards } })).status).toBe(200)
    const browser = await visitor(api, here)
    const home = await browser.get(HOME)
    expect(namesOf(home)).toEqual(['Finance', 'Help', 'Carded', 'Loose'])
    expect(home.text).toContain('<p id="own">Our <b>best</b></p>')
    expect(home.text).toContain('href="https://help.example/?a=1&amp;b=2" target="_blank" rel="noopener"')
    expect(home.text).toContain(`href="${HOME}?category=1"`)
    const category = await browser.get(`${HOME}?category=1`)
    expect(namesOf(category)).toEqual(['Within'])
    expect(category.text).toMatch(/<img class="picture" src="https:\/\/images.example\/a.png" alt /)
    expect(category.text).toContain('aria-current="page"')
    expect(namesOf(await browser.get(`${HOME}?category=99`))).toHaveLength(4)
    expect(loose).not.toBe(within)
  })

  it('finds packages by words, in any category, and by tag', async () => {
    const here = await offer(api, { package: { Name: 'Café to ledger', Description: 'Books every sale' }, tags: ['Finance', 'Daily'] })
    await addPackage(api, here.marketplace, { Name: 'Orders to ERP' }, ['Orders'], ['Orders'])
    const browser = await visitor(api, here)
    const found = async (query: string): Promise<string[]> => namesOf(await browser.get(`${HOME}?${query}`))
    expect(await found('')).toEqual(['Café to ledger', 'Orders to ERP'])
    expect(await found('q=CAFE+sale')).toEqual(['Café to ledger'])
    expect(await found('q=daily')).toEqual(['Café to ledger'])
    expect(await found('tag=Orders')).toEqual(['Orders to ERP'])
    expect(await found('tag=Orders&q=sale')).toEqual([])
    const nothing = await browser.get(`${HOME}?q=${encodeURIComponent('"><script>alert(1)</script>')}`)
    expect(nothing.text).toContain('Nothing matches')
    expect(nothing.text).toContain('value="&quot;>&lt;script>alert(1)&lt;/script>"')
    expect(nothing.text).toContain('0 integrations found')
  })

  it('lets nothing break out of it, whatever names, descriptions and addresses hold', async () => {
    const evil = `</script><script>alert("1")</script>{{account.id}}'"\u2028\u202ereversed`
    const here = await offer(api, {
      cycles: [evil],
      tags: ['<i>tag'],
      package: { Name: evil, Description: evil, Image: 'https://images.example/"><script>a.png' },
      marketplace: { Name: evil },
    })
    const account = `evil-${randomUUID()}`
    await api.v1('POST', '/accounts', { body: { Id: account, Name: evil } })
    const guid = (await api.registry.accounts.find(account))?.id ?? ''
    const browser = await visitor(api, { ...here, account, guid })
    const home = await browser.get(HOME)
    const sent = await browser.send(home, 'Install')
    for (const page of [home, await browser.get(sent.location)]) {
      expect(page.status).toBe(200)
      expect(page.text).not.toContain('<script>')
      expect(page.text).not.toContain('<i>')
      // Each stands alone: what turns the direction does so in it and no further.
      const turning = [...page.text.replaceAll(/="[^"]*"/g, '').matchAll(/(<[^<>]*>)[^<]*\u202e/g)].map(([, tag]) => tag)
      expect(new Set(turning)).toEqual(new Set(['<bdi dir>']))
      expect(/<title>([^<]*)/.exec(page.text)?.[1]).not.toContain('\u202e')
    }
    // What the API would refuse, as an import of old data may have it.
    const { packages, marketplaces } = api.registry
    const found = await packages.get(here.packageId)
    const shop = await marketplaces.get(here.marketplace)
    if (found === undefined || shop === undefined) throw new Error('gone')
    await packages.replace(here.packageId, { ...found.value, image: 'javascript:alert(1)' }, found.version)
    await marketplaces.replace(here.marketplace, { ...shop.value, cards: [{ type: 'link', title: 'Help', url: 'javascript:alert(1)' }] }, shop.version)
    expect((await browser.get(HOME)).text).not.toContain('javascript:')
  })

  it('is closed to everything but its own scripts, and framed only where the marketplace may be embedded', async () => {
    const { browser } = await visit(api, {
      marketplace: { EmbeddingOrigins: ['https://app.example', 'https://*.shop.example'], Css: ':root{--fw-accent:#123}' },
    })
    const page = await browser.get(HOME)
    expect(page.headers.get('content-security-policy')).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src https: http: data:; font-src https: data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors https://app.example https://*.shop.example",
    )
    expect(page.headers.get('referrer-policy')).toBe('same-origin')
    expect(page.headers.get('cache-control')).toBe('no-store')
    expect(page.headers.has('cross-origin-opener-policy')).toBe(false)
    expect(page.text).not.toMatch(/<script(?![^>]* src=)|<style|\son\w+=|\sstyle=/)
    const theme = /href="(\/account\/theme\.css[^"]*)"/.exec(page.text)?.[1]?.replace('&amp;', '&') ?? ''
    const css = await createBrowser(api).get(theme)
    expect([css.headers.get('content-type'), css.headers.get('cache-control'), css.text]).toEqual([
      'text/css; charset=utf-8',
      'public, max-age=31536000, immutable',
      ':root{--fw-accent:#123}',
    ])
    for (const [, asset = ''] of page.text.matchAll(/(?:href|src)="(\/account\/assets\/[^"]+)"/g)) {
      const file = await createBrowser(api).get(asset)
      expect([file.status, file.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
      expect((await createBrowser(api).get(asset.replace(/v=.*/, 'v=other'))).headers.get('cache-control')).toBe('no-cache')
    }
    const alone = await visit(api)
    expect((await alone.browser.get(HOME)).headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  })
})

describe('a form of the marketplace', () => {
  it('is refused when it comes from another site, another session, or without its token', async () => {
    const { here, browser } = await visit(api)
    const { action, fields } = formOf(await browser.get(HOME), 'Install')
    const other = (await visit(api)).browser
    const refused = [
      browser.post(action, fields, { origin: 'https://evil.example' }),
      browser.post(action, fields, { origin: 'null' }),
      browser.post(action, fields, { 'sec-fetch-site': 'cross-site' }),
      browser.post(action, fields, { 'sec-fetch-site': 'same-site' }),
      browser.post(action, {}),
      browser.post(action, { csrf: 'x'.repeat(fields.csrf?.length ?? 0) }),
      browser.post(action, formOf(await other.get(HOME), 'Install').fields),
    ]
    for (const page of await Promise.all(refused)) {
      expectProblem(page, 403, 'Nothing was changed')
      expect(page.text).toContain(`href="${HOME}"`)
    }
    expect(await api.registry.operations.running(asAccountId(here.guid))).toEqual(new Map())
    // By the name under which the browser reached us, too: a proxy may have another one outside.
    const { host } = new URL(api.base)
    expect((await browser.post(action, fields, { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' })).status).toBe(303)
  })

  it('reaches no package of another marketplace', async () => {
    const { here, browser } = await visit(api)
    const foreign = await offer(api)
    const { fields } = formOf(await browser.get(HOME), 'Install')
    for (const kind of ['install', 'start', 'stop', 'uninstall']) expectProblem(await browser.post(`${foreign.base}/${kind}`, fields), 404, 'no longer offered')
    expect(await api.registry.operations.running(asAccountId(here.guid))).toEqual(new Map())
  })

  it('says that the package was removed meanwhile, with the way back', async () => {
    const { here, browser } = await visit(api)
    const page = await browser.get(HOME)
    expect((await api.v1('DELETE', `/marketplaces/${here.marketplace}/packages/${here.packageId}`)).status).toBeLessThan(300)
    const sent = await browser.send(page, 'Install')
    expectProblem(sent, 404, 'no longer offered')
    expect(sent.text).toContain(`href="${HOME}"`)
    expect((await browser.get(HOME)).text).toContain('no integrations here yet')
  })

  it('says that a package is installed already which can be there once, and that one is not which is to be stopped', async () => {
    const { here, browser } = await visit(api, { package: { SingleInstallation: true } })
    const before = await browser.get(HOME)
    const { fields } = formOf(before, 'Install')
    expectProblem(await browser.post(`${here.base}/stop`, fields), 404, 'not installed any more')
    await (await operate(api, here.guid, await browser.send(before, 'Install'))).end()
    expectProblem(await browser.send(before, 'Install'), 409, 'already installed')
  })

  it('sent twice shows the first one', async () => {
    const { browser } = await visit(api)
    const page = await browser.get(HOME)
    const [first, second] = [await browser.send(page, 'Install'), await browser.send(page, 'Install')]
    expect(second.location).toBe(first.location)
  })

  it('sent without a session says that it has ended; so does a session of another kind, and of a marketplace that is gone', async () => {
    const { here, browser } = await visit(api)
    const page = await browser.get(HOME)
    const { action, fields } = formOf(page, 'Install')
    expectProblem(await createBrowser(api).post(action, fields), 401, 'Your session has ended')
    expectProblem(await browser.get('/account/launch'), 401, 'Your session has ended')
    for (const key of await api.redis.keys('session:*')) await api.redis.del(key)
    expectProblem(await browser.send(page, 'Install'), 401, 'Your session has ended')
    expect(await api.registry.operations.running(asAccountId(here.guid))).toEqual(new Map())
  })
})

describe('what goes wrong under /account/ (operations.md 3)', () => {
  it('is told as a page: unknown addresses, methods, and faults of ours with the id that the log has', async () => {
    const { browser } = await visit(api)
    expectProblem(await browser.get('/account/nothing'), 404, 'no page at this address')
    const wrong = await browser.get('/account/marketplace/packages/1/install')
    expectProblem(wrong, 405, 'go back')
    expect(wrong.headers.get('allow')).toBe('POST')
    expectProblem(await browser.post(HOME, {}), 405, 'go back')
    expectProblem(await browser.get('/account/marketplace/packages/%E0%A4%A/install'), 400, 'could not be read')
    expectProblem(await browser.get(`${HOME}/packages/1/operations/${randomUUID()}`), 404, 'could not find')
    // A record that nobody can read is a fault of ours.
    const key = (await api.redis.keys('session:*')).find(one => !one.endsWith(':drafts')) ?? ''
    for (const one of await api.redis.keys('session:*')) if (!one.endsWith(':drafts')) await api.redis.set(one, 'no JSON', 'PX', 60_000)
    const failed = await browser.get(HOME)
    expect(key).not.toBe('')
    expectProblem(failed, 500, 'on our side')
    expect(failed.text).toContain(String(api.logged.at(-1)?.fields.id))
  })
})

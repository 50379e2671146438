import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { scriptJson } from '../../../api/pages/flow/complete-page.tsx'
import { apiHarness, type ApiHarness } from '../harness.ts'
import type { Browser, Page } from './browser.ts'
import { visit, type OfferSetup } from './offers.ts'
import { operate, type Operate } from './operate.ts'
import type { Shop } from './shop.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const HOME = '/account/marketplace'

interface Begun {
  readonly here: Shop
  readonly browser: Browser
  /** Leads to the progress page. */
  readonly sent: Page
  readonly work: Operate
}
async function begun(setup: OfferSetup = {}, deploy: object = {}, refuses: { readonly [name: string]: string } = {}): Promise<Begun> {
  const { here, browser } = await visit(api, setup, deploy)
  const sent = await browser.send(await browser.get(HOME), 'Install')
  return { here, browser, sent, work: await operate(api, here.guid, sent, refuses) }
}
async function installed(...how: Parameters<typeof begun>): Promise<Begun & { readonly page: Page }> {
  const one = await begun(...how)
  await one.work.end()
  return { ...one, page: await one.browser.follow(one.sent) }
}

/** The result as a script of the page sees it. */
const resultOf = ({ text }: Page): unknown => JSON.parse(/<script>window\.result = (.*?)<\/script>/s.exec(text)?.[1] ?? 'null')

describe('the progress of an operation (marketplace.md 4)', () => {
  it('shows which cycles are done, with and without scripts, and then goes on', async () => {
    const { browser, sent, work } = await begun({ cycles: ['Orders', 'Stock'], package: { AutoStart: false } })
    const states = async (): Promise<string[]> =>
      [...(await browser.get(sent.location)).text.matchAll(/<li class="(\w+)"><span class="mark"/g)].map(([, one = '']) => one)
    const asked = async (): Promise<unknown> => JSON.parse((await browser.get(sent.location, { accept: 'application/json' })).text)
    expect(await states()).toEqual(['running', 'waiting'])
    await work.install(0)
    const page = await browser.get(sent.location)
    expect(page.text).toContain('<noscript><meta http-equiv="refresh" content="2"/></noscript>')
    expect(page.text).toContain('1 of 2 done')
    expect(await states()).toEqual(['done', 'running'])
    expect(await asked()).toEqual({
      next: null,
      summary: '1 of 2 done',
      amount: 1.5,
      items: [
        { state: 'done', text: 'done' },
        { state: 'running', text: 'in progress' },
      ],
    })
    // Whoever looks too early at the end is sent back.
    expect((await browser.get(`${sent.location}/complete`)).location).toBe(sent.location)
    await work.end()
    expect(await asked()).toMatchObject({ next: sent.location, summary: '2 of 2 done' })
    expect((await browser.get(sent.location)).location).toBe(`${sent.location}/complete`)
  })

  it('moves while cycles are made that are started later', async () => {
    const { browser, sent, work } = await begun({ cycles: ['Orders', 'Stock'] })
    const amount = async (): Promise<unknown> => JSON.parse((await browser.get(sent.location, { accept: 'application/json' })).text)
    expect(await amount()).toMatchObject({ amount: 0.5 })
    await work.install(0)
    expect(await amount()).toMatchObject({ amount: 1, items: [{ state: 'running' }, { state: 'running' }] })
  })

  it('says why nothing was installed, and shows so again later', async () => {
    const { browser, sent, work } = await begun()
    await work.end(['Failed to install "Orders": the template <b> has no live release'])
    for (let look = 0; look < 2; look++) {
      const page = await browser.follow(sent)
      expect(page.status).toBe(200)
      expect(page.text).toContain('could not be installed')
      expect(page.text).toContain('the template &lt;b> has no live release')
      expect(page.text).toContain(`href="${HOME}"`)
    }
    expect((await browser.get(`${sent.location}/complete`)).location).toBe(sent.location)
  })

  it('is of one account: another one finds nothing there', async () => {
    const { sent } = await begun()
    const { browser } = await visit(api)
    expect((await browser.get(sent.location)).status).toBe(404)
    expect((await browser.get(`${sent.location}/complete`)).status).toBe(404)
  })
})

describe('the result of an installation (marketplace.md 4)', () => {
  it('has each property, in order, with a cycle that failed to start', async () => {
    const message = '<p>Thank <b>you</b></p>'
    const setup = { cycles: ['Orders', 'Stock'], package: { InstalledMessage: message } }
    const { here, page, work } = await installed(setup, { CompleteParameter: 'ref-1' }, { Stock: 'The variable "Key" needs a value.' })
    const account = await api.registry.accounts.find(here.account)
    const cycles = await Promise.all(
      work.cycles.map(async (cycleId, at) => {
        const stored = await api.registry.cycles.get({ account: account?.id ?? expect.fail(), cycle: cycleId })
        const status = at === 0 ? 'Active' : 'Stopped'
        const [identifier] = Object.values(stored?.identifiers ?? {})
        const stepName = at === 0 ? 'Order of Orders' : 'Order of Stock'
        return {
          cycleId,
          status,
          templateId: stored?.origin?.templateId,
          templateReleaseId: stored?.origin?.releaseId,
          webhooks: [{ stepName, url: `http://hooks.example/api/webhook/${identifier}` }],
        }
      }),
    )
    const expected = {
      accountId: here.guid,
      accountApiId: here.account,
      installCompleteMessage: message,
      marketplacePackageId: Number(here.packageId),
      userId: account?.userId,
      cycles,
      errors: ['Failed to start cycle "Stock": The variable "Key" needs a value.'],
      completeParameter: 'ref-1',
    }
    expect(JSON.stringify(resultOf(page))).toBe(JSON.stringify(expected))
    expect(page.text).toContain(message)
    expect(page.text).toContain('Failed to start cycle &quot;Stock&quot;')
  })

  it('has no completeParameter where the deploy call gave none, no errors where there are none, and Paused cycles without autoStart', async () => {
    const { page } = await installed({ package: { AutoStart: false } })
    expect(resultOf(page)).toMatchObject({ errors: [], cycles: [{ status: 'Paused' }], installCompleteMessage: '' })
    expect(resultOf(page)).not.toHaveProperty('completeParameter')
  })

  it('breaks out of no script, whatever it holds', async () => {
    const evil = `</script><script>alert(1)</script><!-- & {{InstallCompleteMessage}} \u2028 \u2029 ' "`
    expect(scriptJson(evil)).not.toMatch(/[<>&\u2028\u2029]/)
    expect(JSON.parse(scriptJson(evil))).toBe(evil)
    for (const LaunchCompleteHtml of ['', '<p>Done</p>']) {
      const { page } = await installed({ cycles: [`A ${evil}`], marketplace: { LaunchCompleteHtml } }, { CompleteParameter: evil })
      expect(resultOf(page)).toMatchObject({ completeParameter: evil, cycles: [{ webhooks: [{ stepName: `Order of A ${evil}`.slice(0, 100) }] }] })
      expect(page.text).not.toContain('<script>alert')
    }
  })
})

/** As published: a button with an `onclick` of an inline script, which posts the result and closes the window. */
const PUBLISHED = `<h1>{{InstallCompleteMessage}}</h1>
<button onclick="closeWindow()">Close</button>
<script>
  function closeWindow() { window.opener.postMessage(JSON.stringify(result), '*'); window.close(); }
</script>`

describe('the complete page (marketplace.md 4)', () => {
  it("shows the partner's HTML as it stands, with the message and a global result, and lets its scripts run", async () => {
    const setup = {
      package: { InstalledMessage: `<b>Thanks</b> $& $1` },
      marketplace: { LaunchCompleteHtml: PUBLISHED, EmbeddingOrigins: ['https://app.example'] },
    }
    const { page } = await installed(setup)
    expect(page.text).toContain(PUBLISHED.replace('{{InstallCompleteMessage}}', () => '<b>Thanks</b> $& $1'))
    expect(page.text.indexOf('window.result =')).toBeLessThan(page.text.indexOf('closeWindow'))
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'self' 'unsafe-inline' https:")
    expect(policy).toContain('frame-ancestors https://app.example')
    expect(page.headers.has('cross-origin-opener-policy')).toBe(false)
  })

  it('of ours posts to the TargetOrigin of the deploy call, else to whoever opened it', async () => {
    const given = await installed({}, { TargetOrigin: 'https://app.example' })
    expect(given.page.text).toContain('id="close" data-target="https://app.example"')
    expect(given.page.text).toContain('complete.js')
    expect((await installed()).page.text).toContain('id="close" data-target="*"')
  })

  it('is shown again when it is opened later', async () => {
    const { browser, sent, page } = await installed()
    expect((await browser.follow(sent)).text).toBe(page.text)
  })

  it('leads back to the marketplace with redirectBack, which tells what was done', async () => {
    const { page, browser, sent, here } = await installed({ package: { RedirectBack: true } })
    expect(page.text).toContain('role="status"')
    expect(page.text).toContain('Orders to ERP is installed.')
    expect((await browser.get(`${sent.location}/complete`)).location).toBe(`${HOME}?done=${sent.location.replace(`${here.base}/operations/`, '')}`)
    // Of another account's operation, and of none, nothing is told.
    const other = await visit(api)
    for (const done of [sent.location.slice(-36), 'x']) expect((await other.browser.get(`${HOME}?done=${done}`)).text).not.toContain('is installed')
  })

  it('leads to the ReturnUrl with the result in the fragment, where forms may lead too', async () => {
    const setup = { marketplace: { ReturnOrigins: ['https://app.example'] } }
    const { page, browser } = await installed(setup, { ReturnUrl: 'https://app.example/done?a=1#old', CompleteParameter: `a&b='"` })
    expect(page.status).toBe(303)
    const url = new URL(page.location)
    expect(url.href.split('#')[0]).toBe('https://app.example/done?a=1')
    expect(JSON.parse(decodeURIComponent(url.hash.replace('#result=', '')))).toMatchObject({ completeParameter: `a&b='"`, errors: [] })
    expect((await browser.get(HOME)).headers.get('content-security-policy')).toContain("form-action 'self' https://app.example;")
  })
})

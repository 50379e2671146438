/** The pictures of docs/concepts.md, docs/embed.md and docs/theming.md: the example's product, and the pages in it. */
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core'
import { PARCELBOX_KEY } from '../../examples/host-app/demo/apps.ts'
import { BAKERIES, readTheme, serveDemo, type Demo } from '../demo/serve.ts'
import { photograph, WAIT } from './photograph.ts'

const WIDE = { width: 1280, height: 860 }
const WINDOW = { width: 760, height: 700 }
const THEMES = ['bakery', 'night', 'ink'] as const

type Place = Page | FrameLocator
const tile = (place: Place, name: string): Locator => place.getByRole('listitem').filter({ has: place.getByRole('heading', { name, exact: true, level: 2 }) })
const press = (place: Place | Locator, name: string): Promise<void> => place.getByRole('button', { name, exact: true }).click()

export async function photographPages(browser: Browser, url: string, folder: string): Promise<void> {
  const servers: Server[] = []
  // A customer without a past.
  const customer = { id: `bakery-${randomBytes(4).toString('hex')}`, name: 'Corner Bakery' }
  try {
    const demo = await serveDemo(url, folder, servers, [customer, ...BAKERIES.slice(1)])
    for (const part of [launch, marketplace, orders]) {
      const context = await browser.newContext({ viewport: WIDE })
      context.setDefaultTimeout(WAIT)
      await part(context, demo)
      await context.close()
    }
    await themes(browser, demo, customer.id)
  } finally {
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

/** LAUNCH in its window, from the choice to the complete page. */
async function launch(context: BrowserContext, { hostUrl }: Demo): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${hostUrl}/integrations`)
  const [popup] = await Promise.all([context.waitForEvent('page'), press(page, 'Connect an app, step by step')])
  await popup.setViewportSize(WINDOW)
  await photograph(popup, at => at.getByRole('heading', { name: 'Choose an integration' }), 'launch.png')
  await press(tile(popup, 'Deliveries with Parcelbox'), 'Install')
  await photograph(popup, at => at.getByLabel('API key'), 'connect.png')
  await popup.getByLabel('Depot').fill('north')
  await popup.getByLabel('API key').fill(PARCELBOX_KEY)
  await press(popup, 'Connect')
  await photograph(popup, at => at.getByText('Step 1 of 2'), 'wizard.png')
  await popup.close()
  await page.close()
}

/** The marketplace in the product: Ledgerly is installed, and the product knows. */
async function marketplace(context: BrowserContext, { hostUrl }: Demo): Promise<void> {
  const page = await context.newPage()
  await page.goto(`${hostUrl}/integrations`)
  const frame = page.frameLocator('iframe')
  await press(tile(frame, 'Ledgerly'), 'Install')
  const [window] = await Promise.all([context.waitForEvent('page'), frame.getByRole('link', { name: 'Go to Ledgerly' }).click()])
  await press(window, 'Continue')
  await press(window, 'Agree')
  await frame.getByLabel('Text on the invoice').fill('Thank you for buying local')
  await photograph(page, () => frame.getByLabel('Days to pay'), 'settings.png')
  // The page's own looks are held up: it stays as it is in the middle.
  const looks = '**/operations/*'
  await page.route(looks, route => (route.request().headers().accept === 'application/json' ? route.abort() : route.continue()))
  await press(frame, 'Install')
  await photograph(page, () => frame.getByRole('heading', { name: 'Installing Ledgerly' }), 'progress.png')
  await page.unroute(looks)
  await photograph(page, () => frame.getByText('each order is an invoice'), 'complete.png')
  await press(frame, 'Close')
  await page.locator('#result-list li').waitFor()
  await page.locator('#notification-list li').waitFor()
  const [fresh] = await page.evaluate<[string]>(
    `fetch(location.href).then(answer => answer.text()).then(text => [new DOMParser().parseFromString(text, 'text/html').querySelector('iframe').src])`,
  )
  await page.evaluate(`document.querySelector('iframe').src = ${JSON.stringify(fresh)}`)
  await photograph(page, () => tile(frame, 'Ledgerly').getByText('Running'), 'host-app.png')
  await page.close()
}

async function orders(context: BrowserContext, { hostUrl }: Demo): Promise<void> {
  const page = await context.newPage()
  await page.goto(hostUrl)
  await press(page, 'Place a sample order')
  await photograph(page, at => at.getByText('Invoices in Ledgerly'), 'orders.png')
  await page.close()
}

/** The marketplace of a customer, in each theme, and as it comes. */
async function themes(browser: Browser, { api, marketplace: id }: Demo, account: string): Promise<void> {
  const path = `/marketplaces/${id}`
  try {
    for (const name of [...THEMES, 'none'] as const) {
      await api.call('PUT', path, { json: { Css: name === 'none' ? '' : readTheme(name) } })
      const link: unknown = await api.call('POST', `/accounts/${account}/marketplace`, { json: { MarketplaceId: id } })
      const page = await browser.newPage({ viewport: { width: 1000, height: 760 } })
      await page.goto(String(Object(link).MarketplaceUrl))
      await photograph(page, at => tile(at, 'Parcelbox'), name === 'none' ? 'marketplace.png' : `theme-${name}.png`)
      if (name === 'none') {
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.setViewportSize({ width: 360, height: 740 })
        await photograph(page, at => tile(at, 'Parcelbox'), 'marketplace-narrow.png')
      }
      await page.close()
    }
  } finally {
    await api.call('PUT', path, { json: { Css: readTheme('bakery') } })
  }
}

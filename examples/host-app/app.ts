/** Loaf, the order desk for bakeries: a product that offers its customers integrations, with Flywheel behind them. */
import { join } from 'node:path'
import express, { type Express, type Request, type Response } from 'express'
import { createFlywheel, type Customer, type FlywheelOptions } from './flywheel.ts'
import { createNotifications } from './notifications.ts'
import { createOrders } from './orders.ts'
import { installedPage, integrationsPage, ordersPage, windowPage } from './pages.ts'
import type { Html } from './html.ts'

export interface HostOptions {
  /** Where browsers find this product: `http://127.0.0.1:4100`. */
  readonly url: string
  readonly flywheel: FlywheelOptions
  /** Where browsers find Flywheel: the origin of its `PUBLIC_URL`, which the pages and results come from. */
  readonly flywheelOrigin: string
  readonly marketplace: number
  /** `whsec_…`: the marketplace's, which signs notifications. */
  readonly secret: string
  /** Who can be signed in; the first one is at first. */
  readonly customers: readonly [Customer, ...Customer[]]
}

export function createHostApp({ url, flywheel: access, flywheelOrigin, marketplace, secret, customers }: HostOptions): Express {
  const flywheel = createFlywheel(access)
  const notifications = createNotifications(secret)
  const orders = createOrders(flywheel)
  const app = express()
  app.disable('x-powered-by')

  app.use('/flywheel/notifications', notifications.router)
  app.use('/public', express.static(join(import.meta.dirname, 'public')))

  const show = (response: Response, page: Html): void => {
    // `frame-src` says that Flywheel may be shown in frames of this product; the marketplace's EmbeddingOrigins say the same from its side.
    response.set(
      'Content-Security-Policy',
      `default-src 'self'; img-src 'self' data:; frame-src 'self' ${flywheelOrigin}; base-uri 'none'; frame-ancestors 'none'`,
    )
    response.set('Cache-Control', 'no-store')
    response.type('html').send(page.text)
  }
  // A real product looks into its own session here, and asks for a password before that.
  const signedIn = (request: Request): Customer => {
    const [, id] = /(?:^|; )customer=([^;]*)/.exec(request.get('cookie') ?? '') ?? []
    return customers.find(one => encodeURIComponent(one.id) === id) ?? customers[0]
  }
  const frame = (customer: Customer) => ({ customers, customer, flywheelOrigin })

  app.get('/', (request, response) => {
    const customer = signedIn(request)
    show(response, ordersPage(frame(customer), orders.of(customer)))
  })
  app.get('/integrations', async (request, response) => {
    const customer = signedIn(request)
    const src = await flywheel.marketplaceUrl(customer, marketplace, { TargetOrigin: url, CompleteParameter: 'integrations page' })
    show(response, integrationsPage(frame(customer), src))
  })
  app.get('/installed', (request, response) => show(response, installedPage(frame(signedIn(request)))))
  app.get('/events', (request, response) => notifications.stream(signedIn(request).id, request, response))

  // What a pop-up is opened with: the link is made at the click, as it works for 5 minutes only. Other sites cannot open it: they would be its opener.
  app.use('/connect', (request, response, next) => {
    if (['same-origin', 'none', undefined].includes(request.get('sec-fetch-site'))) next()
    else response.status(403).type('text').send('Open this from Loaf itself.')
  })
  app.get('/connect/launch', async (request, response) => {
    const { tag, wizard, choose } = request.query
    const link = await flywheel.launchUrl(signedIn(request), {
      ...(typeof tag === 'string' ? { Tags: [tag] } : {}),
      AutoInstall: choose !== 'yes',
      Wizard: wizard === 'yes',
      TargetOrigin: url,
      CompleteParameter: 'connect button',
    })
    response.set('Cache-Control', 'no-store').redirect(303, link)
  })
  app.get('/connect/window', async (request, response) => {
    const src = await flywheel.marketplaceUrl(signedIn(request), marketplace, { TargetOrigin: url, CompleteParameter: 'window' })
    show(response, windowPage(flywheelOrigin, src))
  })
  app.get('/connect/tab', async (request, response) => {
    const link = await flywheel.marketplaceUrl(signedIn(request), marketplace, { ReturnUrl: `${url}/installed`, CompleteParameter: 'tab' })
    response.set('Cache-Control', 'no-store').redirect(303, link)
  })

  app.post('/orders', sameOrigin(url), async (request, response) => {
    await orders.place(signedIn(request))
    response.redirect(303, '/')
  })
  app.post('/customer', sameOrigin(url), express.urlencoded({ extended: false }), (request, response) => {
    const { id } = Object(request.body)
    response.cookie('customer', String(id), { httpOnly: true, sameSite: 'lax' }).redirect(303, '/integrations')
  })
  return app
}

/** A form of another site is refused. */
const sameOrigin =
  (url: string) =>
  (request: Request, response: Response, next: () => void): void => {
    const origin = request.get('origin')
    if (origin === undefined || origin === new URL(url).origin) next()
    else response.status(403).type('text').send('This form was not sent from Loaf.')
  }

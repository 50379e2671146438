import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from 'playwright-core'
import { createHostApp } from '../../../examples/host-app/app.ts'
import { createApps, type Apps } from '../../../examples/host-app/demo/apps.ts'
import { setUp } from '../../../examples/host-app/demo/setup.ts'
import { CHROMIUM_ADVICE, provideChromium } from '../../../scripts/provision/chromium.ts'
import { freePort } from '../../../scripts/provision/ports.ts'
import { createReport } from '../../../scripts/provision/report.ts'
import { startSystem, type TestSystem } from '../../support/system.ts'

const report = createReport(process.stderr)
/** The system's Chromium; without one the tests that need a browser are skipped. */
export const program = await provideChromium(report)
if (program === undefined) report.line(`The tests of the pages are skipped. ${CHROMIUM_ADVICE}.`)

/** Longest that a browser waits for anything (ms): a bound, not a pace. */
const BROWSER_MS = 15_000
const CUSTOMERS = 60

export interface Visitor {
  readonly context: BrowserContext
  readonly page: Page
  /** API id of the account of its own that this visitor is signed in with. */
  readonly account: string
}

/** Flywheel, the example's product on a site of its own, its applications, and one browser. */
export interface Rig {
  readonly system: TestSystem
  readonly apps: Apps
  /** `http://localhost:…`: another site than Flywheel's, which is at 127.0.0.1. */
  readonly hostUrl: string
  readonly appsUrl: string
  readonly marketplace: number
  readonly secret: string
  readonly browser: Browser
  /** A browser without a past, signed in at the product as a customer that nobody else is. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>
  /** A link to the marketplace, or to LAUNCH, as the product's server gets it. */
  link(kind: 'marketplace' | 'launch', account: string, options?: object): Promise<string>
  stop(): Promise<void>
}

export async function startRig(): Promise<Rig> {
  const closing: (() => Promise<unknown>)[] = []
  const stop = async (): Promise<void> => {
    for (const close of closing.toReversed()) await close()
  }
  const serve = async (server: Server, port: number): Promise<void> => {
    // As browsers look for localhost.
    server.listen(port)
    await once(server, 'listening')
    closing.push(async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    })
  }
  try {
    const system = await startSystem()
    closing.push(() => system.stop())
    const [hostPort, appsPort] = [await freePort(0), await freePort(0)]
    const [hostUrl, appsUrl] = [`http://localhost:${hostPort}`, `http://127.0.0.1:${appsPort}`]
    const client = { id: 'loaf', secret: 'secret-of-loaf', redirectUri: `${system.apiUrl}/oauth/callback` }
    const apps = createApps({ url: appsUrl, client })
    await serve(apps.server, appsPort)
    const call = (method: string, path: string, body?: unknown): Promise<unknown> => system.client.call(method, path, body === undefined ? {} : { body })
    const made = await setUp({ call, hostUrl, appsUrl, client })
    const [first, ...others] = Array.from({ length: CUSTOMERS }, (_, at) => ({ id: `bakery-${at}`, name: `Bakery ${at}` }))
    if (first === undefined) throw new Error('no customers')
    const flywheel = { url: system.apiUrl, clientId: 'test', clientSecret: system.clientSecret }
    const host = createHostApp({ url: hostUrl, flywheel, flywheelOrigin: system.apiUrl, ...made, customers: [first, ...others] })
    await serve(createServer(host), hostPort)
    const browser = await chromium.launch({ ...(program && { executablePath: program }), args: ['--no-sandbox'] })
    closing.push(() => browser.close())
    let taken = 0
    return {
      system,
      apps,
      hostUrl,
      appsUrl,
      ...made,
      browser,
      async visitor(options = {}) {
        const account = `bakery-${taken++ % CUSTOMERS}`
        const context = await browser.newContext({ viewport: { width: 1280, height: 1200 }, ...options })
        context.setDefaultTimeout(BROWSER_MS)
        await context.addCookies([{ name: 'customer', value: account, url: hostUrl }])
        return { context, page: await context.newPage(), account }
      },
      async link(kind, account, options = {}) {
        const body = kind === 'marketplace' ? { MarketplaceId: made.marketplace, ...options } : options
        const link = await system.client.call<{ MarketplaceUrl?: string; LaunchUrl?: string }>('POST', `/accounts/${account}/${kind}`, { body })
        return link.MarketplaceUrl ?? link.LaunchUrl ?? ''
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

/** The pages: a marketplace of many packages beside a bare Express page of the same size, and people who install at once (marketplace.md 4). */
import { z } from 'zod'
import { asynchronous } from '../cycles.ts'
import type { Context } from '../context.ts'
import { ask } from '../load/child.ts'
import type { Figures } from '../load/figures.ts'
import type { HttpLoad, HttpLoaded } from '../load/http.ts'
import type { PeopleLoad } from '../load/people.ts'
import type { Measure } from '../measures.ts'

const BARE = 'bare Express page'
/** Browsers open some connections each; renders share one core whatever there is. */
const CONNECTIONS = 8
const PEOPLE_MS = 180_000

const Made = z.object({ Id: z.union([z.string(), z.number()]).transform(String) })
const Link = z.object({ MarketplaceUrl: z.string() })

interface Shop {
  readonly marketplace: string
  readonly packageId: string
  /** A session's cookie. */
  readonly cookie: string
  /** Of the page. */
  readonly bytes: number
}

export function pageMeasures(context: Context): readonly Measure[] {
  const { sizes, ours, bare } = context
  let made: Promise<Shop> | undefined
  const shop = (): Promise<Shop> => (made ??= makeShop(context))
  const view = async (url: string, headers: HttpLoad['headers']): Promise<Figures> => {
    const load = { url, method: 'GET', headers, body: '', status: 200, connections: CONNECTIONS, requests: sizes.views, maxMs: sizes.maxMs, first: 0 } as const
    return (await ask<HttpLoad, HttpLoaded>('./http.ts', load)).figures
  }
  const how = `${CONNECTIONS} connections, ${sizes.views} requests or ${sizes.maxMs / 1000} s`
  return [
    {
      group: 'pages',
      name: BARE,
      counts: 'rate',
      method: `a route that answers a text of the size of the marketplace's page; ${how}`,
      run: async () => view(`${bare.expressUrl}page?bytes=${(await shop()).bytes}`, {}),
    },
    {
      group: 'pages',
      name: `marketplace of ${sizes.packages} packages`,
      counts: 'rate',
      beside: BARE,
      bound: 0.04,
      method: `the page of a session: cards of ${sizes.packages} packages, each with a description, a template of its own, tags and a form; ${how}`,
      run: async () => view(`${ours.url}/account/marketplace`, { cookie: (await shop()).cookie }),
    },
    {
      group: 'pages',
      name: `${sizes.people} people install at once`,
      counts: 'time',
      method: `each in an account and a session of its own: the marketplace, Install, progress (looked at each 500 ms), the complete page; from Install to there; all of them must get there within ${PEOPLE_MS / 1000} s`,
      run: async round => {
        const { marketplace, packageId } = await shop()
        const links = await Promise.all(Array.from({ length: sizes.people }, (_, n) => linkFor(context, `${context.run}-${round}-${n}`, marketplace)))
        return ask<PeopleLoad, Figures>('./people.ts', { url: ours.url, links, packageId, maxMs: PEOPLE_MS })
      },
    },
  ]
}

async function linkFor({ ours }: Context, account: string, marketplace: string): Promise<string> {
  const answer = Link.parse(await ours.call('POST', `/accounts/${account}/marketplace`, { json: { MarketplaceId: marketplace } }))
  const { pathname, search } = new URL(answer.MarketplaceUrl)
  return ours.url + pathname + search
}

async function makeShop(context: Context): Promise<Shop> {
  const { ours, sizes } = context
  const make = async (path: string, json: object): Promise<string> => Made.parse(await ours.call('POST', path, { json })).Id
  const marketplace = await make('/marketplaces', { Name: 'Bench' })
  const ids: string[] = []
  for (let n = 0; n < sizes.packages; n++) {
    const template = await make('/templates', { Definition: { ...asynchronous, name: `Orders ${n}`, tags: [`Tag ${n % 12}`, `Area ${n % 5}`] } })
    await ours.call('POST', `/templates/${template}/promote`)
    const Description = `Every new order of shop ${n} becomes a sales order, with its lines, discounts and delivery address.`
    ids.push(await make(`/marketplaces/${marketplace}/packages`, { Name: `Orders to ERP ${n}`, Description, TemplateIds: [template] }))
  }
  const opened = await fetch(await linkFor(context, `${context.run}-viewer`, marketplace), { redirect: 'manual' })
  const cookie = /^[^;]+/.exec(opened.headers.get('set-cookie') ?? '')?.[0] ?? ''
  const page = await fetch(`${ours.url}/account/marketplace`, { headers: { cookie } })
  if (page.status !== 200) throw new Error(`the marketplace answers ${page.status}`)
  return { marketplace, packageId: ids[0] ?? '', cookie, bytes: Buffer.byteLength(await page.text()) }
}

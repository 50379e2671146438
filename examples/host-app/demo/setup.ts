/**
 * Puts what `flywheel/` holds into a Flywheel, over its API: connectors, templates (live and published), the marketplace with its packages. What is there
 * already is brought to what the files say; the names tell which is which.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { parse } from 'yaml'

/** Sends a request of the management API. */
export type CallApi = (method: string, path: string, json?: unknown) => Promise<unknown>

export interface SetupOptions {
  readonly call: CallApi
  /** Where the product is for browsers, and where the applications are. */
  readonly hostUrl: string
  readonly appsUrl: string
  /** Flywheel at Ledgerly. */
  readonly client: { readonly id: string; readonly secret: string }
  /** The marketplace's, where it is known from before. */
  readonly secret?: string
  /** The partner's style of its pages. */
  readonly css?: string
}

export interface SetUp {
  readonly marketplace: number
  /** `whsec_…` */
  readonly secret: string
}

const FILES = join(import.meta.dirname, '../flywheel')
/** The addresses that the files are written with. */
const HOST = 'http://127.0.0.1:4100'
const APPS = 'http://127.0.0.1:4200'

interface Template {
  readonly Id: string
  readonly Name: string
  readonly Published: boolean
  readonly Definition: unknown
  readonly Releases: readonly { readonly Status: string }[]
}
interface Named {
  readonly Id: string | number
  readonly Name: string
  readonly Secret?: string
}
interface Card {
  readonly package?: string
  readonly cards?: readonly Card[]
}
interface Marketplace {
  readonly name: string
  readonly cards: readonly Card[]
  readonly packages: readonly { readonly name: string; readonly templates: readonly string[] }[]
}

export async function setUp({ call, hostUrl, appsUrl, client, secret, css }: SetupOptions): Promise<SetUp> {
  const read = <T>(file: string): T => parse(readFileSync(join(FILES, file), 'utf8').replaceAll(HOST, hostUrl).replaceAll(APPS, appsUrl))
  const folder = <T>(name: string): readonly T[] => readdirSync(join(FILES, name)).map(file => read<T>(join(name, file)))
  const list = async <T>(path: string): Promise<readonly T[]> => answered<readonly T[]>(await call('GET', `${path}?pageSize=500`))
  const saved = async <T>(path: string, there: Named | undefined, json: unknown): Promise<T> =>
    answered<T>(await (there === undefined ? call('POST', path, json) : call('PUT', `${path}/${there.Id}`, json)))

  const connectors = await list<Named>('/connectors')
  for (const definition of folder<{ name: string; authentication: { type: string } }>('connectors')) {
    const there = connectors.find(one => one.Name === definition.name)
    const oauth = definition.authentication.type === 'oauth2' ? { OAuthClientId: client.id, OAuthClientSecret: client.secret } : {}
    await saved('/connectors', there, { Definition: definition, ...oauth })
  }

  const templates = new Map((await list<Template>('/templates')).map(one => [one.Name, one]))
  for (const definition of folder<{ name: string }>('templates')) {
    const before = templates.get(definition.name)
    const same = before !== undefined && isDeepStrictEqual(before.Definition, definition)
    let now = same ? before : await saved<Template>('/templates', before, { Definition: definition })
    if (now.Releases.at(-1)?.Status === 'Draft') now = answered(await call('POST', `/templates/${now.Id}/promote`))
    if (!now.Published) now = answered(await call('PUT', `/templates/${now.Id}/publish`))
    templates.set(definition.name, now)
  }

  const { packages, cards, ...settings } = read<Marketplace>('marketplace.yaml')
  const before = (await list<Named>('/marketplaces')).find(one => one.Name === settings.name)
  const marketplace = await saved<Named>('/marketplaces', before, { ...settings, ...(css === undefined ? {} : { Css: css }) })
  const path = `/marketplaces/${marketplace.Id}`
  const ids = new Map((await list<Named>(`${path}/packages`)).map(one => [one.Name, one]))
  for (const { templates: names, ...one } of packages) {
    const json = { ...one, TemplateIds: names.map(name => templates.get(name)?.Id) }
    ids.set(one.name, await saved<Named>(`${path}/packages`, ids.get(one.name), json))
  }
  const withIds = (all: readonly Card[]): unknown[] =>
    all.map(({ package: named, cards: within, ...card }) => ({
      ...card,
      ...(named === undefined ? {} : { packageId: ids.get(named)?.Id }),
      ...(within === undefined ? {} : { cards: withIds(within) }),
    }))
  await call('PUT', path, { Cards: withIds(cards) })

  // LAUNCH knows no marketplace: its style is in the partner's settings.
  if (css !== undefined) await call('PUT', '/settings', { Css: css })

  // It is shown once: where it was not kept, there is a new one.
  const known = marketplace.Secret ?? secret ?? answered<Named>(await call('POST', `${path}/secret`)).Secret ?? ''
  return { marketplace: Number(marketplace.Id), secret: known }
}

/** What the API answered, which is as its reference says. */
function answered<T>(value: unknown): T
function answered(value: unknown): unknown {
  return value
}

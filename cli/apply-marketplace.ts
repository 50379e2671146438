/** Brings marketplaces with their packages to what files say: each is the marketplace of its name. Templates and packages are called by name. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { integrationPackage, marketplace, template, type Marketplace } from './answers.ts'
import type { Api } from './api.ts'
import { refusal, type Applied } from './applied.ts'
import { checker, type Valid } from './documents.ts'
import { CliError } from './exit.ts'

const name = z.string().trim().min(1)
const cards = z.array(z.looseObject({ package: name.optional(), cards: z.array(z.looseObject({ package: name.optional() })).optional() }))
const onePackage = z.strictObject({
  name,
  templates: z.array(name).min(1),
  description: z.string().optional(),
  image: z.string().nullish(),
  installedMessage: z.string().optional(),
  singleInstallation: z.boolean().optional(),
  redirectBack: z.boolean().optional(),
  autoStart: z.boolean().optional(),
})
const schema = z.strictObject({
  name,
  notificationUrl: z.string().nullish(),
  embeddingOrigins: z.array(z.string()).optional(),
  returnOrigins: z.array(z.string()).optional(),
  launchCompleteHtml: z.string().optional(),
  css: z.string().optional(),
  cards: cards.optional(),
  packages: z.array(onePackage).refine(all => new Set(all.map(one => one.name)).size === all.length, 'must have names that differ'),
})
export type MarketplaceDocument = z.output<typeof schema>
type Cards = z.output<typeof cards>

/** A style and a complete page of the partner's may be in it: only the server knows how large it may be. */
export const checkMarketplace = checker(
  'packages',
  value => {
    const parsed = schema.safeParse(value)
    if (parsed.success) return { ok: true, document: parsed.data }
    return { ok: false, problems: parsed.error.issues.map(({ path, message }) => ({ path: pathOf(path), message })) }
  },
  Infinity,
)

const pathOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? String(part) : `${text}.${String(part)}`), '')

export interface AppliedMarketplace extends Applied {
  readonly marketplace?: Marketplace
}

/** What the server refuses is told in the result; throws what would keep the next file from being applied too. */
export async function applyMarketplace(api: Api, { document }: Valid<MarketplaceDocument>): Promise<AppliedMarketplace> {
  let now: Marketplace | undefined
  let secret: string | undefined
  try {
    const { packages, cards: wantedCards, ...settings } = document
    const templates = await templateIds(api, packages)
    const [before, ...others] = (await api.all('/marketplaces', marketplace)).map(({ value }) => value).filter(({ Name }) => Name === document.name)
    if (others.length > 0) throw new CliError('refused', 'Several marketplaces have this name: delete or rename all but one.')
    const first = before === undefined ? undefined : await standing(api, before.Id)
    const saved = (await api.call(before === undefined ? 'POST' : 'PUT', pathTo(before?.Id), marketplace, { json: settings })).value
    now = saved
    secret = saved.Secret
    const ids = new Map((await api.all(`${pathTo(saved.Id)}/packages`, integrationPackage)).map(({ value }) => [value.Name, value.Id]))
    for (const { templates: names, ...one } of packages) {
      const id = ids.get(one.name)
      const path = `${pathTo(saved.Id)}/packages${id === undefined ? '' : `/${id}`}`
      const json = { ...one, templateIds: names.map(each => templates.get(each) ?? '') }
      ids.set(one.name, (await api.call(id === undefined ? 'POST' : 'PUT', path, integrationPackage, { json })).value.Id)
    }
    if (wantedCards !== undefined) await api.call('PUT', pathTo(saved.Id), marketplace, { json: { cards: withIds(wantedCards, ids) } })
    const kept = [...ids.keys()].filter(each => !packages.some(one => one.name === each))
    const notes = [
      ...(secret === undefined ? [] : [secretNote(secret)]),
      ...(kept.length === 0 ? [] : [`Packages that the file does not have were left: ${kept.join(', ')}.`]),
    ]
    const result = first === undefined ? 'created' : isDeepStrictEqual(first, await standing(api, saved.Id)) ? 'unchanged' : 'updated'
    return { result, marketplace: saved, ...(notes.length === 0 ? {} : { note: notes.join(' ') }) }
  } catch (error) {
    const problem = refusal(error)
    return {
      result: secret === undefined ? 'refused' : 'created',
      ...(now === undefined ? {} : { marketplace: now }),
      problem,
      ...(secret === undefined ? {} : { note: secretNote(secret) }),
    }
  }
}

const pathTo = (id?: number): string => (id === undefined ? '/marketplaces' : `/marketplaces/${id}`)
const secretNote = (secret: string): string => `Its secret, shown this once: ${secret}`

/** All that is kept of one, to see whether something changed. */
async function standing(api: Api, id: number): Promise<unknown> {
  const packages = await api.all(`${pathTo(id)}/packages`, z.json())
  return [(await api.call('GET', pathTo(id), z.json())).value, packages.map(({ value }) => value)]
}

/** Ids of the templates that packages name. Throws `refused` where one is not there, or several have the name. */
async function templateIds(api: Api, packages: MarketplaceDocument['packages']): Promise<ReadonlyMap<string, string>> {
  const all = (await api.all('/templates', template)).map(({ value }) => value)
  const names = new Set(packages.flatMap(({ templates }) => templates))
  return new Map(
    [...names].map(each => {
      const [found, ...others] = all.filter(({ Name }) => Name === each)
      if (found === undefined) throw new CliError('refused', `There is no template "${each}": apply it first, with --templates --promote.`)
      if (others.length > 0) throw new CliError('refused', `Several templates have the name "${each}": delete all but one.`)
      return [each, found.Id]
    }),
  )
}

function withIds(all: Cards, ids: ReadonlyMap<string, number>): unknown[] {
  return all.map(({ package: named, cards: within, ...card }) => {
    const id = named === undefined ? undefined : ids.get(named)
    if (named !== undefined && id === undefined) throw new CliError('refused', `A card names the package "${named}", which is not there.`)
    return { ...card, ...(id === undefined ? {} : { packageId: id }), ...(within === undefined ? {} : { cards: withIds(within, ids) }) }
  })
}

/** What a marketplace offers to an account: its packages with what the account has of each, read in a few calls however many there are (marketplace.md 4). */
import type { AccountId } from '../../../domain/ids.ts'
import type { Card, Marketplace } from '../../../storage/marketplace.ts'
import type { OperationKind } from '../../../storage/operation.ts'
import type { Package } from '../../../storage/package.ts'
import { allOf } from '../../../storage/pages.ts'
import type { Versioned } from '../../../storage/records.ts'
import type { Services } from '../../services.ts'

export type PackageState = 'NotInstalled' | 'Installed' | 'Started' | 'Stopped'

export interface OfferedPackage {
  readonly id: string
  readonly value: Package
  /** Of its templates. */
  readonly tags: readonly string[]
  readonly state: PackageState
  /** Under way. */
  readonly operation?: { readonly id: string; readonly kind: OperationKind }
}

/** A card as it is shown: packages that are gone are not, those in no card follow behind. */
export type ShownCard =
  | { readonly type: 'package'; readonly package: OfferedPackage }
  | (Extract<Card, { type: 'category' }> & { readonly path: string; readonly shown: readonly ShownCard[] })
  | Extract<Card, { type: 'text' | 'link' }>

export async function readOffer(
  { registry }: Pick<Services, 'registry'>,
  account: AccountId,
  marketplace: Versioned<Marketplace>,
): Promise<readonly ShownCard[]> {
  const [packages, running] = await Promise.all([allOf(page => registry.packages.listOf(marketplace.id, page)), registry.operations.running(account)])
  const under = packages.flatMap(({ id }) => running.get(id) ?? [])
  const [installed, templates, operations] = await Promise.all([
    registry.installations.of(account).getMany(packages.map(({ id }) => id)),
    registry.templates.getMany([...new Set(packages.flatMap(({ value }) => value.templateIds))]),
    registry.operations.getMany(account, under),
  ])
  const offered = packages.map(({ id, value }): OfferedPackage => {
    const operationId = running.get(id)
    const operation = operationId === undefined ? undefined : operations.get(operationId)
    return {
      id,
      value,
      tags: [...new Set(value.templateIds.flatMap(template => templates.get(template)?.value.tags ?? []))],
      state: installed.get(id)?.value.status ?? 'NotInstalled',
      ...(operationId === undefined || operation?.status !== 'Running' ? {} : { operation: { id: operationId, kind: operation.kind } }),
    }
  })
  const byId = new Map(offered.map(one => [one.id, one]))
  const carded = new Set<string>()
  const cards = shown(marketplace.value.cards, '', byId, carded)
  return [...cards, ...offered.filter(({ id }) => !carded.has(id)).map(one => ({ type: 'package' as const, package: one }))]
}

function shown(cards: readonly Card[], path: string, packages: ReadonlyMap<string, OfferedPackage>, carded: Set<string>): readonly ShownCard[] {
  return cards.flatMap((card, at): ShownCard[] => {
    const here = path === '' ? String(at) : `${path}.${at}`
    if (card.type === 'category') return [{ ...card, path: here, shown: shown(card.cards, here, packages, carded) }]
    if (card.type !== 'package') return [card]
    const found = packages.get(card.packageId)
    if (found === undefined) return []
    carded.add(found.id)
    return [{ type: 'package', package: found }]
  })
}

/** Every package below, once. */
export function packagesIn(cards: readonly ShownCard[]): readonly OfferedPackage[] {
  const all = cards.flatMap(card => (card.type === 'package' ? [card.package] : card.type === 'category' ? packagesIn(card.shown) : []))
  return [...new Map(all.map(one => [one.id, one])).values()]
}

/** Every link below. */
const linksIn = (cards: readonly ShownCard[]): readonly ShownCard[] =>
  cards.flatMap(card => (card.type === 'category' ? linksIn(card.shown) : card.type === 'link' ? [card] : []))

type Category = Extract<ShownCard, { type: 'category' }>

export interface Wanted {
  readonly words: string
  readonly tag: string
  /** Path of a category; one that is not there is none. */
  readonly category: string
}

export interface Selection {
  /** The categories that it is in, the outermost first. */
  readonly trail: readonly Category[]
  readonly cards: readonly ShownCard[]
  /** Something was looked for. */
  readonly searched: boolean
  /** Of everything in the category, for the filter. */
  readonly tags: readonly string[]
}

/** The cards to show: those of the category, or what is found in it. */
export function select(all: readonly ShownCard[], { words, tag, category }: Wanted): Selection {
  const trail = trailTo(all, category)
  const here = trail.at(-1)?.shown ?? all
  const packages = packagesIn(here)
  const tags = [...new Set(packages.flatMap(one => one.tags))].toSorted((one, other) => one.localeCompare(other))
  const parts = plain(words).split(/\s+/).filter(Boolean)
  if (parts.length === 0 && tag === '') return { trail, cards: here, searched: false, tags }
  const found = packages
    .filter(one => (tag === '' || one.tags.includes(tag)) && has(parts, [one.value.name, one.value.description, ...one.tags]))
    .map((one): ShownCard => ({ type: 'package', package: one }))
  const links = tag === '' ? linksIn(here).filter(card => card.type === 'link' && has(parts, [card.title, card.description ?? ''])) : []
  return { trail, cards: [...found, ...links], searched: true, tags }
}

function trailTo(all: readonly ShownCard[], path: string): readonly Category[] {
  for (const card of all) {
    if (card.type !== 'category') continue
    if (card.path === path) return [card]
    if (path.startsWith(`${card.path}.`)) {
      const rest = trailTo(card.shown, path)
      return rest.length === 0 ? [] : [card, ...rest]
    }
  }
  return []
}

const has = (parts: readonly string[], texts: readonly string[]): boolean => {
  const text = plain(texts.join('\n'))
  return parts.every(part => text.includes(part))
}

/** Without regard to case, accents and forms of characters. */
const plain = (text: string): string => text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase()

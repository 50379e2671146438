/** Cards of a marketplace as they are sent and shown (marketplace.md 1): each type has properties of its own. */
import { z } from 'zod'
import type { Problem } from '../../domain/errors.ts'
import type { Card } from '../../storage/marketplace.ts'
import { httpUrl } from '../routes/fields.ts'

const TYPES = ['package', 'category', 'text', 'link'] as const
const NAMES = { package: 'Package', category: 'Category', text: 'Text', link: 'Link' } as const satisfies Record<Card['type'], string>

/** What each type needs, and what it may have besides. */
const PARTS = {
  package: { needs: ['packageId'], may: [] },
  category: { needs: ['title', 'cards'], may: ['description', 'image'] },
  text: { needs: ['html'], may: [] },
  link: { needs: ['title', 'url'], may: ['description', 'image'] },
} as const satisfies Record<Card['type'], { readonly needs: readonly string[]; readonly may: readonly string[] }>

const type = z
  .string()
  .toLowerCase()
  .pipe(z.enum(TYPES, 'must be Package, Category, Text or Link'))
  .meta({ enum: Object.values(NAMES) })
  .describe('Package: a tile of an integration package. Category: holds cards. Text: HTML of yours. Link: leads elsewhere.')
const packageId = z.union([z.int().min(1), z.string().regex(/^[1-9]\d{0,14}$/)], 'must be the id of a package').transform(String)

const shape = {
  type,
  packageId: packageId.optional().describe('Of Package: its id.'),
  title: z.string().trim().min(1).max(200).optional().describe('Of Category and Link.'),
  description: z.string().max(4_000).optional().describe('Of Category and Link.'),
  image: httpUrl.optional().describe('Of Category and Link: URL of a picture.'),
  url: httpUrl.optional().describe('Of Link: where it leads.'),
  html: z.string().max(65_536).optional().describe('Of Text. It is yours, and not escaped.'),
}
const inner = z.object(shape)
const card = z.object({ ...shape, cards: z.array(inner).max(500).optional().describe('Of Category: what it holds; no categories.') })

export const cardsInput = z.array(card).max(500)
type Sent = z.output<typeof card>

/** As shown. */
export const cardsOutput = z
  .array(
    z.object({
      ...inner.shape,
      type: z.enum(['Package', 'Category', 'Text', 'Link']),
      packageId: z.int().optional(),
      cards: z.array(z.object({ ...inner.shape, type: z.enum(['Package', 'Text', 'Link']), packageId: z.int().optional() })).optional(),
    }),
  )
  .describe('In this order; packages that stand in none follow behind.')

/** The cards as they are kept, and all that is wrong with them; `packages`: ids of those of the marketplace. */
export function readCards(sent: readonly Sent[], packages: ReadonlySet<string>): { readonly cards: readonly Card[]; readonly problems: readonly Problem[] } {
  const problems: Problem[] = []
  const seen = new Set<string>()
  const read = (one: Sent, path: string, within: boolean): Card[] => {
    const { needs, may } = PARTS[one.type]
    const allowed: readonly string[] = ['type', ...needs, ...may]
    const given = Object.entries(one).flatMap(([name, value]) => (value === undefined ? [] : [name]))
    const wrong = (name: string, message: string): void => void problems.push({ path: `${path}.${name.charAt(0).toUpperCase()}${name.slice(1)}`, message })
    for (const name of needs) if (!given.includes(name)) wrong(name, `is needed by a card of the type ${NAMES[one.type]}`)
    for (const name of given) if (!allowed.includes(name)) wrong(name, `is no property of a card of the type ${NAMES[one.type]}`)
    const { title = '', url = '', html = '', packageId: id = '', description, image } = one
    const described = { title, ...(description === undefined ? {} : { description }), ...(image === undefined ? {} : { image }) }
    switch (one.type) {
      case 'package':
        if (id !== '' && !packages.has(id)) wrong('packageId', `the marketplace has no package ${id}`)
        else if (seen.has(id)) wrong('packageId', `the package ${id} stands in another card already`)
        seen.add(id)
        return [{ type: 'package', packageId: id }]
      case 'category':
        if (within) wrong('type', 'a category holds no categories')
        return [{ type: 'category', ...described, cards: (one.cards ?? []).flatMap((child, at) => read(child, `${path}.Cards[${at}]`, true)) }]
      case 'text':
        return [{ type: 'text', html }]
      case 'link':
        return [{ type: 'link', ...described, url }]
    }
  }
  return { cards: sent.flatMap((one, at) => read(one, `Cards[${at}]`, false)), problems }
}

export function cardView(one: Card): object {
  const typed = { ...one, type: NAMES[one.type] }
  if (one.type === 'package') return { ...typed, packageId: Number(one.packageId) }
  return one.type === 'category' ? { ...typed, cards: one.cards.map(cardView) } : typed
}

/** Without the tile of a package. */
export const withoutPackage = (cards: readonly Card[], id: string): readonly Card[] =>
  cards.flatMap((one): readonly Card[] => {
    if (one.type === 'package') return one.packageId === id ? [] : [one]
    return one.type === 'category' ? [{ ...one, cards: withoutPackage(one.cards, id) }] : [one]
  })

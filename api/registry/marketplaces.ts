/** Marketplaces and integration packages in an export; secrets of marketplaces stay sealed. */
import { z } from 'zod'
import type { Card } from '../../storage/marketplace.ts'
import { guid } from './fields.ts'
import { partnerNoun } from './records.ts'

/** They were looked at when they were saved. */
const cards = z.array(z.custom<Card>(value => typeof value === 'object' && value !== null && 'type' in value, 'must be a card'))

export const marketplaces = partnerNoun({
  name: 'marketplaces',
  one: 'marketplace',
  value: z.object({
    name: z.string(),
    notificationUrl: z.string().exactOptional(),
    embeddingOrigins: z.array(z.string()),
    returnOrigins: z.array(z.string()),
    launchCompleteHtml: z.string(),
    css: z.string(),
    cards,
    secrets: z.array(z.object({ sealed: z.string(), until: z.number().exactOptional() })),
  }),
  records: registry => registry.marketplaces,
})

export const packages = partnerNoun({
  name: 'packages',
  one: 'integration package',
  value: z.object({
    marketplaceId: z.string(),
    name: z.string(),
    description: z.string(),
    image: z.string().exactOptional(),
    templateIds: z.array(guid()),
    installedMessage: z.string(),
    singleInstallation: z.boolean(),
    redirectBack: z.boolean(),
    autoStart: z.boolean(),
  }),
  records: registry => registry.packages,
  async lacks({ marketplaces: shops, templates }, { marketplaceId, templateIds }, imported) {
    if (!imported.marketplaces.has(marketplaceId) && (await shops.get(marketplaceId)) === undefined) return `the marketplace ${marketplaceId}`
    for (const id of templateIds) if (!imported.templates.has(id) && (await templates.get(id)) === undefined) return `the template ${id}`
    return undefined
  },
})

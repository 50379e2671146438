/** The partner's settings in an export: one item, or none where nothing was set. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { PartnerSettings } from '../../storage/registry.ts'
import { noun } from './nouns.ts'

const schema = z.object({
  transactionErrorWebhookUrl: z.string().exactOptional(),
  includeWarnings: z.boolean(),
  userAgent: z.string(),
  // Exports from before these were there have none.
  launchCompleteHtml: z.string().default(''),
  css: z.string().default(''),
  embeddingOrigins: z.array(z.string()).readonly().default([]),
} satisfies { [P in keyof PartnerSettings]-?: z.ZodType })

export const settings = noun({
  name: 'settings',
  schema,
  scope: 'both',
  async *read({ registry }) {
    if (await registry.settings.isSet()) yield await registry.settings.get()
  },
  async look({ registry }, item) {
    if (!(await registry.settings.isSet())) return 'new'
    return isDeepStrictEqual(await registry.settings.get(), item) ? 'there' : { problem: 'the settings of the partner are there with other values' }
  },
  async write({ registry }, item) {
    await registry.settings.update(item)
  },
})

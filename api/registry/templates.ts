/** Templates in an export: with the documents of their releases, whose secrets stay sealed. */
import { z } from 'zod'
import { cycleDocument } from './documents.ts'
import { guid, identifier } from './fields.ts'
import { partnerNoun } from './records.ts'

export const templates = partnerNoun({
  name: 'templates',
  one: 'template',
  value: z.object({
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    published: z.boolean(),
    releases: z.array(z.object({ id: guid(), status: z.enum(['Draft', 'Live', 'Deprecated']), createdAt: z.int().min(0), document: cycleDocument })).min(1),
    identifiers: z.record(z.string(), identifier()).exactOptional().describe('Of the webhook steps of all its releases.'),
  }),
  records: registry => registry.templates,
})

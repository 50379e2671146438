import { z } from 'zod'
import type { CycleDocument } from '../../domain/document.ts'

/** The document was looked at when it was saved, by the rules of its time: here it only has to be one. Its names are its own. */
const form = z.looseObject({ name: z.string(), steps: z.array(z.looseObject({ id: z.string(), type: z.string() })).min(1) })

export const cycleDocument = z
  .custom<CycleDocument>(value => form.safeParse(value).success, 'must be a cycle document')
  .describe('The cycle document; its secrets are sealed.')

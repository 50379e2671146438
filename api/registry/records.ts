/** Nouns of an export that are records (`storage/records.ts`). */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import type { Records } from '../../storage/records.ts'
import type { Registry } from '../../storage/registry.ts'
import { everyOf } from '../../storage/pages.ts'
import { instant, msOf } from './fields.ts'
import { noun, type AnyNoun, type Imported } from './nouns.ts'
import { sealProblem } from './seals.ts'

const PAGE = 100

/** Beside a record's own properties. */
const kept = { id: z.string().min(1), version: z.int().min(1), createdOnUtc: instant() }

interface PartnerNoun<T> {
  /** Of the list in the document. */
  readonly name: string
  /** For messages: `template`. */
  readonly one: string
  /** Its properties, as they are stored: secrets sealed. */
  readonly value: z.ZodType<T>
  readonly records: (registry: Registry) => Records<T>
  /** What it cannot be without, and is neither in the document nor there, in words; undefined where nothing is missing. */
  readonly lacks?: (registry: Registry, value: T, imported: Imported) => Promise<string | undefined>
}

/** A noun of the partner's: not in the export of one account. What contradicts what is there is told, and so is a secret that cannot be opened here. */
export function partnerNoun<T>({ name, one, value, records, lacks }: PartnerNoun<T>): AnyNoun {
  return noun({
    name,
    scope: 'partner',
    schema: z.object({ ...kept, value: value.describe(`The ${one}.`) }),
    async *read({ registry }) {
      for await (const { id, version, createdAt, value: stored } of everyOf(page => records(registry).list(page), PAGE))
        yield { id, version, createdOnUtc: new Date(createdAt).toISOString(), value: stored }
    },
    async look({ registry, sealer }, item, imported) {
      const lacking = await lacks?.(registry, item.value, imported)
      if (lacking !== undefined) return { problem: `the ${one} ${item.id} needs ${lacking}, which is neither in the document nor there` }
      const problem = sealProblem(sealer, item.value)
      if (problem !== undefined) return { problem: `of the ${one} ${item.id}, ${problem}` }
      const there = await records(registry).get(item.id)
      if (there === undefined) return 'new'
      if (isDeepStrictEqual(there.value, item.value)) return 'there'
      return { problem: `the ${one} ${item.id} is there with other properties (version ${there.version})` }
    },
    write: ({ registry }, item) => writeRecord(records(registry), item.id, item.value, item, one),
  })
}

/** Writes one that was not there when it was looked at. Throws `import_conflict`. */
export async function writeRecord<T>(
  records: Records<T>,
  id: string,
  value: T,
  { version, createdOnUtc }: { readonly version: number; readonly createdOnUtc: string },
  one: string,
): Promise<void> {
  if ((await records.create(id, value, { version, createdAt: msOf(createdOnUtc) })) !== 'created')
    throw new ApiError('import_conflict', `The ${one} ${id} was made meanwhile, or its account or name is not free: import again in a moment.`)
}

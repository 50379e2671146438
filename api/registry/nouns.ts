/** What an export holds, noun by noun: each is read, looked at and written by what its own file says, in the order of the list in `index.ts`. */
import { z } from 'zod'
import type { AccountId } from '../../domain/ids.ts'
import type { Problem } from '../../domain/errors.ts'
import type { Services } from '../services.ts'
import { inWords } from '../problems.ts'
import { fromWire, problemsOf } from '../wire.ts'

export interface Noun<Schema extends z.ZodType> {
  /** Of the list in the document: camelCase, as in a schema. */
  readonly name: string
  readonly schema: Schema
  /** `partner`: it belongs to no account, and is not in the export of one. `both`: it is all the same. Default: `account`. */
  readonly scope?: 'partner' | 'both' | 'account'
  /** It comes and goes by itself: an export has what was there when it began, and what is there when all else was read. */
  readonly fleeting?: true
  /** `account`: only what belongs to that one. */
  read(services: Services, account: AccountId | undefined): AsyncIterable<z.output<Schema>>
  /** What speaks against one of the document's items, in a sentence; `there` where it is there already. Writes nothing. */
  look(services: Services, item: z.output<Schema>, document: Imported): Promise<'new' | 'there' | { readonly problem: string }>
  write(services: Services, item: z.output<Schema>): Promise<void>
}

/** What else comes with the document, by id. */
export interface Imported {
  readonly accounts: ReadonlySet<string>
  readonly templates: ReadonlySet<string>
  readonly marketplaces: ReadonlySet<string>
}

/** Why an item cannot stand in its account, in a sentence; undefined where the account comes with it or is there. */
export async function withoutAccount({ accounts }: Services['registry'], account: AccountId, imported: Imported): Promise<string | undefined> {
  if (imported.accounts.has(account) || (await accounts.get(account)) !== undefined) return undefined
  return `its account ${account} is neither in the document nor there`
}

/** One item of a document, as it was looked at. */
export interface Planned {
  readonly found: 'new' | 'there' | { readonly problem: string }
  write(): Promise<void>
}

export interface AnyNoun {
  readonly name: string
  readonly scope: 'partner' | 'both' | 'account'
  readonly fleeting: boolean
  readonly list: z.ZodType
  read(services: Services, account: AccountId | undefined): AsyncIterable<unknown>
  /** Reads the document's list; `problems` where it is none. */
  parse(value: unknown): { readonly items: readonly ParsedItem[] } | { readonly problems: readonly Problem[] }
}

export interface ParsedItem {
  plan(services: Services, document: Imported): Promise<Planned>
}

/** Hides what is particular about a noun, so that all can stand in one list. */
export function noun<Schema extends z.ZodType>(one: Noun<Schema>): AnyNoun {
  const list = z.array(one.schema)
  return {
    name: one.name,
    scope: one.scope ?? 'account',
    fleeting: one.fleeting === true,
    list,
    read: (services, account) => one.read(services, account),
    parse(value) {
      const parsed = list.safeParse(fromWire(list, value ?? []), { error: inWords })
      if (!parsed.success) return { problems: problemsOf(parsed.error) }
      return {
        items: parsed.data.map(item => ({
          plan: async (services, document) => ({ found: await one.look(services, item, document), write: () => one.write(services, item) }),
        })),
      }
    },
  }
}

/** Export and import of the registry (operations.md 3): one document with all that cannot be had from Temporal. Tokens are not in it. */
import { z } from 'zod'
import { inBatches } from '../../domain/batches.ts'
import { ApiError, type Problem } from '../../domain/errors.ts'
import type { AccountId } from '../../domain/ids.ts'
import type { Services } from '../services.ts'
import { accounts } from './accounts.ts'
import { accountConnectors, connectors } from './connectors.ts'
import { cycles } from './cycles.ts'
import { installations } from './installations.ts'
import { marketplaces, packages } from './marketplaces.ts'
import type { AnyNoun, Imported, ParsedItem, Planned } from './nouns.ts'
import { operations } from './operations.ts'
import { settings } from './settings.ts'
import { subscriptions } from './subscriptions.ts'
import { templates } from './templates.ts'

const FORMAT = 'flywheel-registry'
/** Raised when an older Flywheel could not read the document any more, or would lose something of it. */
const VERSION = 1
/** Largest document, in bytes. */
export const TRANSFER_MAX = 64 * 1024 * 1024

/**
 * In the order in which they are written: what is named by another comes first. They are read the other way round, so that what is named by one that was
 * read is read as well.
 */
const NOUNS: readonly AnyNoun[] = [
  settings,
  connectors,
  templates,
  marketplaces,
  packages,
  accounts,
  accountConnectors,
  cycles,
  subscriptions,
  installations,
  operations,
]

const AT_ONCE = 32
const PROBLEMS_MAX = 100

export const exportSchema = z.object({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  exportedAt: z.iso.datetime(),
  ...Object.fromEntries(NOUNS.map(({ name, list }) => [name, list.optional()])),
})

export const importedSchema = z.array(
  z.object({
    name: z.string().describe('Settings, Templates, Accounts, Cycles and so on.'),
    made: z.int().min(0),
    unchanged: z.int().min(0).describe('Were there already.'),
  }),
)

/** All of it, or what belongs to one account, or what belongs to none. */
export type ExportScope = { readonly of: 'all' } | { readonly of: 'account'; readonly account: AccountId } | { readonly of: 'partner' }

/** Throws `export_too_large`. */
export async function exportRegistry(services: Services, scope: ExportScope): Promise<z.output<typeof exportSchema>> {
  let size = 0
  const lists = new Map<string, unknown[]>()
  async function read(noun: AnyNoun): Promise<void> {
    const items = lists.get(noun.name) ?? []
    const known = new Set(items.map(item => JSON.stringify(item)))
    for await (const item of noun.read(services, scope.of === 'account' ? scope.account : undefined)) {
      const text = JSON.stringify(item)
      if (known.has(text)) continue
      size += Buffer.byteLength(text) + 1
      if (size > TRANSFER_MAX - 1_024)
        throw new ApiError(
          'export_too_large',
          'The registry has more than 64 MiB: export it in parts, with ?partner=true, and with ?account= and the API id or GUID of each account.',
        )
      items.push(item)
    }
    lists.set(noun.name, items)
  }
  const wanted = NOUNS.filter(noun => scope.of === 'all' || noun.scope === 'both' || noun.scope === scope.of)
  for (const noun of wanted.toReversed()) await read(noun)
  for (const noun of wanted.filter(({ fleeting }) => fleeting)) await read(noun)
  return { format: FORMAT, version: VERSION, exportedAt: new Date().toISOString(), ...Object.fromEntries(wanted.map(({ name }) => [name, lists.get(name)])) }
}

/**
 * Writes what is not there yet, where nothing in the document contradicts what is there; else nothing. Throws `import_invalid` and `import_conflict`.
 * `more`: further documents follow, and until the last of them what is missing is not said not to exist.
 */
export async function importRegistry(services: Services, document: unknown, more: boolean): Promise<z.output<typeof importedSchema>> {
  const lists = parse(document)
  const planned: { readonly noun: AnyNoun; readonly plans: readonly Planned[] }[] = []
  const imported: Imported = {
    accounts: idsIn(document, 'accounts', 'accountId'),
    templates: idsIn(document, 'templates', 'id'),
    marketplaces: idsIn(document, 'marketplaces', 'id'),
  }
  for (const { noun, items } of lists) planned.push({ noun, plans: await inBatches(items, AT_ONCE, item => item.plan(services, imported)) })
  const problems = planned.flatMap(({ noun, plans }) =>
    plans.flatMap(({ found }, at) => (typeof found === 'string' ? [] : [{ path: `${wireName(noun)}[${at}]`, message: found.problem }])),
  )
  if (problems.length > 0)
    throw new ApiError('import_conflict', 'The document contradicts what is there; nothing was imported.', problems.slice(0, PROBLEMS_MAX))
  for (const { plans } of planned) {
    await inBatches(
      plans.filter(({ found }) => found === 'new'),
      AT_ONCE,
      plan => plan.write(),
    )
  }
  if (!more) await services.guard.establish()
  return planned.map(({ noun, plans }) => {
    const made = plans.filter(({ found }) => found === 'new').length
    return { name: wireName(noun), made, unchanged: plans.length - made }
  })
}

const wireName = ({ name }: AnyNoun): string => name.charAt(0).toUpperCase() + name.slice(1)

/** A property of the document, its name read without regard to case. */
function property(document: object, name: string): unknown {
  return Object.entries(document).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1]
}

function idsIn(document: unknown, name: string, id: string): ReadonlySet<string> {
  const list = typeof document === 'object' && document !== null ? property(document, name) : undefined
  const ids = (Array.isArray(list) ? list : []).map((one: unknown) => (typeof one === 'object' && one !== null ? property(one, id) : undefined))
  return new Set(ids.flatMap(one => (typeof one === 'string' ? [one.toLowerCase()] : [])))
}

function parse(document: unknown): readonly { readonly noun: AnyNoun; readonly items: readonly ParsedItem[] }[] {
  if (typeof document !== 'object' || document === null || property(document, 'format') !== FORMAT)
    throw new ApiError('import_invalid', `This is no export of Flywheel: its Format is not "${FORMAT}". Send what GET /v1.0/export answered.`)
  const version = property(document, 'version')
  if (typeof version === 'number' && version > VERSION)
    throw new ApiError(
      'import_invalid',
      `The document is of version ${version}, made by a newer Flywheel; this one reads up to version ${VERSION}. Update Flywheel first.`,
    )
  if (version !== VERSION) throw new ApiError('import_invalid', `The document has no valid Version: ${VERSION} is expected.`)
  const problems: Problem[] = []
  const lists = NOUNS.map(noun => {
    const parsed = noun.parse(property(document, noun.name))
    if ('items' in parsed) return { noun, items: parsed.items }
    problems.push(...parsed.problems.map(({ path, message }) => ({ path: `${wireName(noun)}${path}`, message })))
    return { noun, items: [] }
  })
  if (problems.length > 0)
    throw new ApiError('import_invalid', 'The document is not as it was exported; nothing was imported.', problems.slice(0, PROBLEMS_MAX))
  return lists
}

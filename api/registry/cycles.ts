/** Cycles in an export: with their documents, whose secrets stay sealed, their identifiers, version and state. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asAccountId, asCycleId, type Identifier, type Place, type StepId } from '../../domain/ids.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { triggerOf } from '../../domain/graph.ts'
import type { Standing } from '../../storage/rebuild.ts'
import type { StoredCycle } from '../../storage/registry.ts'
import { sealSecrets } from '../cycles/secrets.ts'
import type { Services } from '../services.ts'
import { accountsOf } from './accounts.ts'
import { cycleDocument } from './documents.ts'
import { guid, identifier, instant, msOf } from './fields.ts'
import { noun, withoutAccount } from './nouns.ts'
import { sealProblem } from './seals.ts'

const PAGE = 200

const schema = z.object({
  id: guid(),
  accountId: guid(),
  version: z.int().min(1),
  status: z.enum(['Paused', 'Active', 'Stopping', 'Stopped']),
  stoppedOnUtc: instant().nullable().describe('When it stopped: for 24 hours from then on webhooks are queued.'),
  activatedOnUtc: instant().nullable().describe('When it was started last; the runs of a schedule belong to that start.'),
  runOnce: z.boolean().exactOptional().describe('Its first run has not come yet, and is its last: then it stops.'),
  createdOnUtc: instant(),
  updatedOnUtc: instant(),
  webhooks: z.array(z.object({ stepId: z.string().min(1), identifier: identifier() })),
  origin: z
    .object({ templateId: guid(), releaseId: guid(), packageId: z.string().exactOptional() })
    .exactOptional()
    .describe('The release that it was installed from.'),
  accountConnectors: z
    .array(z.object({ connector: z.string().min(1), accountConnectorId: guid() }))
    .exactOptional()
    .describe('The account connectors that it uses.'),
  definition: cycleDocument,
})
type Exported = z.output<typeof schema>

const iso = (ms: number): string => new Date(ms).toISOString()

function exportedOf(cycle: StoredCycle, { state, stoppedAt, activation, once }: Standing): Exported {
  return {
    id: cycle.place.cycle,
    accountId: cycle.place.account,
    version: cycle.version,
    status: state,
    stoppedOnUtc: state === 'Stopped' ? iso(stoppedAt) : null,
    activatedOnUtc: activation === 0 ? null : iso(activation),
    ...(once ? { runOnce: true } : {}),
    createdOnUtc: iso(cycle.createdAt),
    updatedOnUtc: iso(cycle.updatedAt),
    webhooks: Object.entries(cycle.identifiers).map(([stepId, own]) => ({ stepId, identifier: own })),
    ...(cycle.origin === undefined ? {} : { origin: cycle.origin }),
    ...(cycle.accountConnectors === undefined
      ? {}
      : { accountConnectors: Object.entries(cycle.accountConnectors).map(([connector, accountConnectorId]) => ({ connector, accountConnectorId })) }),
    definition: cycle.document,
  }
}

const placeOf = (item: Exported): Place => ({ account: asAccountId(item.accountId), cycle: asCycleId(item.id) })

/** A secret that somebody wrote into the document in clear is sealed. */
function storedOf(sealer: Services['sealer'], item: Exported): { readonly stored: StoredCycle; readonly problem: string | undefined } {
  const identifiers: { [step: StepId]: Identifier } = {}
  for (const webhook of item.webhooks) identifiers[webhook.stepId] = webhook.identifier
  const definition: CycleDocument = JSON.parse(JSON.stringify(item.definition))
  const sealed = sealSecrets(definition, undefined, text => (sealer.isSealed(text) ? text : sealer.seal(text)))
  return {
    stored: {
      place: placeOf(item),
      version: item.version,
      createdAt: msOf(item.createdOnUtc),
      updatedAt: msOf(item.updatedOnUtc),
      document: sealed.document,
      identifiers,
      ...(item.origin === undefined ? {} : { origin: item.origin }),
      ...(item.accountConnectors === undefined
        ? {}
        : { accountConnectors: Object.fromEntries(item.accountConnectors.map(({ connector, accountConnectorId }) => [connector, accountConnectorId])) }),
    },
    problem: sealed.problems[0] === undefined ? sealProblem(sealer, definition) : `${sealed.problems[0].path}: ${sealed.problems[0].message}`,
  }
}

export const cycles = noun({
  name: 'cycles',
  schema,
  async *read(services, only) {
    const { registry, inbox } = services
    for await (const { id } of accountsOf(services, only)) {
      for (let page = 1; ; page++) {
        const { items, total } = await registry.cycles.list(id, { page, pageSize: PAGE })
        const standings = await Promise.all(items.map(({ place }) => inbox.standing(place)))
        for (const [at, cycle] of items.entries()) {
          const standing = standings[at]
          if (standing !== undefined) yield exportedOf(cycle, standing)
        }
        if (page * PAGE >= total) break
      }
    }
  },
  async look({ registry, sealer }, item, imported) {
    const place = placeOf(item)
    const homeless = await withoutAccount(registry, place.account, imported)
    if (homeless !== undefined) return { problem: homeless }
    const { stored, problem } = storedOf(sealer, item)
    if (problem !== undefined) return { problem: `of the cycle ${place.cycle}, ${problem}` }
    for (const webhook of item.webhooks) {
      const address = await registry.cycles.address(webhook.identifier)
      if (address !== undefined && address.place.cycle !== place.cycle)
        return { problem: `another cycle, ${address.place.cycle}, has its webhook ${webhook.identifier}` }
    }
    const there = await registry.cycles.get(place)
    if (there === undefined) return 'new'
    return isDeepStrictEqual(there, stored) ? 'there' : { problem: `the cycle ${place.cycle} is there with another document (version ${there.version})` }
  },
  // As for a new cycle: the inbox first, so that a cycle that exists can be accepted into.
  async write({ registry, inbox, sealer }, item) {
    const { stored } = storedOf(sealer, item)
    const at = (time: string | null): number => (time === null ? 0 : msOf(time))
    const standing: Standing = { state: item.status, stoppedAt: at(item.stoppedOnUtc), activation: at(item.activatedOnUtc), once: item.runOnce ?? false }
    const made = await inbox.importCycle(stored.place, stored.version, triggerOf(stored.document).type === 'schedule', standing)
    if (made === 'deleted' || (await registry.cycles.create(stored)) === 'gone')
      throw new ApiError('import_conflict', `The cycle ${stored.place.cycle}, or its account, is being deleted: import again in a moment.`)
  },
})

/** Connectors and account connectors in an export: client secrets and credentials stay sealed. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import type { ConnectorDocument } from '../../domain/connector.ts'
import { asAccountId } from '../../domain/ids.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import { everyOf } from '../../storage/pages.ts'
import { accountsOf } from './accounts.ts'
import { guid, identifier, instant } from './fields.ts'
import { noun, withoutAccount } from './nouns.ts'
import { partnerNoun, writeRecord } from './records.ts'
import { sealedCredentials, sealProblem } from './seals.ts'

/** The document was looked at when it was saved, by the rules of its time. */
const form = z.looseObject({
  name: z.string(),
  baseUrl: z.string(),
  authentication: z.looseObject({ type: z.string() }),
  methods: z.array(z.looseObject({ id: z.string() })),
})

export const connectors = partnerNoun({
  name: 'connectors',
  one: 'connector',
  value: z.object({
    name: z.string(),
    version: z.string(),
    definition: z.custom<ConnectorDocument>(value => form.safeParse(value).success, 'must be a connector document').describe('The connector document.'),
    oauthClientId: z.string().exactOptional(),
    oauthClientSecret: z.string().exactOptional().describe('Sealed.'),
    partnerWebhook: identifier(),
  }),
  records: registry => registry.connectors,
})

/** As they are stored: a property that is forgotten here does not compile. */
export const carried = {
  connectorId: guid(),
  name: z.string(),
  settings: z.record(z.string(), z.string()),
  status: z.enum(['Authenticated', 'Unauthenticated']),
  externalId: z.string().exactOptional(),
  credentials: z.string().describe('Sealed.'),
  reason: z.string().exactOptional(),
} satisfies { [P in keyof AccountConnector]-?: z.ZodType }

const schema = z.object({ id: guid(), accountId: guid(), version: z.int().min(1), createdOnUtc: instant(), ...carried })

const valueOf = ({ id: _id, accountId: _account, version: _version, createdOnUtc: _at, ...value }: z.output<typeof schema>): AccountConnector => value

export const accountConnectors = noun({
  name: 'accountConnectors',
  schema,
  async *read(services, only) {
    for await (const { id: accountId } of accountsOf(services, only)) {
      const held = services.registry.accountConnectors.of(accountId)
      for await (const { id, version, createdAt, value } of everyOf(page => held.list(page)))
        yield { id, accountId, version, createdOnUtc: new Date(createdAt).toISOString(), ...value }
    }
  },
  async look({ registry, sealer }, item, imported) {
    const account = asAccountId(item.accountId)
    const homeless = await withoutAccount(registry, account, imported)
    if (homeless !== undefined) return { problem: homeless }
    const problem = sealProblem(sealer, item.credentials)
    if (problem !== undefined) return { problem: `of the account connector ${item.id}, ${problem}` }
    const there = await registry.accountConnectors.of(account).get(item.id)
    if (there === undefined) return 'new'
    return isDeepStrictEqual(there.value, valueOf(item))
      ? 'there'
      : { problem: `the account connector ${item.id} is there with other properties (version ${there.version})` }
  },
  write({ registry, sealer }, item) {
    const value = valueOf(item)
    return writeRecord(registry.accountConnectors.of(asAccountId(item.accountId)), item.id, sealedCredentials(sealer, value), item, 'account connector')
  },
})

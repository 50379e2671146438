/** Subscriptions at applications in an export, with the account connectors that were deleted and are kept for their end. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import type { Subscription, SubscriptionTerms } from '../../domain/subscription.ts'
import { accountsOf } from './accounts.ts'
import { carried } from './connectors.ts'
import { guid, instant, msOf } from './fields.ts'
import { noun, withoutAccount } from './nouns.ts'
import { sealedCredentials, sealProblem } from './seals.ts'

/** They were made from connectors that were looked at when they were saved. */
const form = z.looseObject({
  stepId: z.string(),
  url: z.string(),
  connectorId: guid(),
  connector: z.string(),
  method: z.string(),
  settings: z.record(z.string(), z.string()),
  baseUrl: z.string(),
  authentication: z.looseObject({ type: z.string() }),
  fingerprint: z.string(),
})

const schema = z.object({
  id: z.string().min(1),
  accountId: guid(),
  cycleId: guid(),
  state: z.enum(['asked', 'made', 'ending']),
  wantedOnUtc: instant().describe('When it was wanted last.'),
  subscriptionId: z.string().exactOptional().describe("The application's id."),
  terms: z.custom<SubscriptionTerms>(value => form.safeParse(value).success, 'must be the terms of a subscription').describe('What it was made of.'),
  retired: z.object(carried).exactOptional().describe('Its account connector, where that was deleted.'),
})

const subscriptionOf = ({ id, state, wantedOnUtc, subscriptionId, terms }: z.output<typeof schema>): Subscription => ({
  id,
  state,
  at: msOf(wantedOnUtc),
  terms,
  ...(subscriptionId === undefined ? {} : { subscriptionId }),
})

export const subscriptions = noun({
  name: 'subscriptions',
  schema,
  async *read(services, only) {
    const { subscriptions: stored } = services.registry
    for await (const { id: account } of accountsOf(services, only)) {
      for (const cycle of await stored.cyclesOf(account)) {
        for (const { id, state, at, subscriptionId, terms } of await stored.of({ account, cycle })) {
          const retired = terms.accountConnectorId === undefined ? undefined : await stored.retired(account).get(terms.accountConnectorId)
          yield {
            id,
            accountId: account,
            cycleId: cycle,
            state,
            wantedOnUtc: new Date(at).toISOString(),
            ...(subscriptionId === undefined ? {} : { subscriptionId }),
            terms,
            ...(retired === undefined ? {} : { retired: retired.value }),
          }
        }
      }
    }
  },
  async look({ registry, sealer }, item, imported) {
    const place = { account: asAccountId(item.accountId), cycle: asCycleId(item.cycleId) }
    const homeless = await withoutAccount(registry, place.account, imported)
    if (homeless !== undefined) return { problem: homeless }
    const problem = sealProblem(sealer, item.retired)
    if (problem !== undefined) return { problem: `of the subscription ${item.id}, ${problem}` }
    const there = (await registry.subscriptions.of(place)).find(({ id }) => id === item.id)
    if (there === undefined) return 'new'
    return isDeepStrictEqual(there, subscriptionOf(item)) ? 'there' : { problem: `the subscription ${item.id} is there with other properties` }
  },
  async write({ registry, sealer }, item) {
    const { retired } = item
    const kept = retired && sealedCredentials(sealer, retired)
    await registry.subscriptions.put({ account: asAccountId(item.accountId), cycle: asCycleId(item.cycleId) }, subscriptionOf(item), kept)
  },
})

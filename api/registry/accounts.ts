/** Accounts in an export. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { asAccountId, type AccountId } from '../../domain/ids.ts'
import type { Account } from '../../storage/registry.ts'
import { everyOf } from '../../storage/pages.ts'
import type { Services } from '../services.ts'
import { guid, instant, msOf } from './fields.ts'
import { noun } from './nouns.ts'

/** What is exported as it is: a property of an account that is forgotten here does not compile. */
const carried = {
  userId: guid().describe("GUID of the account's own user."),
  name: z.string(),
  description: z.string(),
  timezone: z.string(),
  transactionErrorWebhookUrl: z.string().exactOptional(),
  includeWarnings: z.boolean().exactOptional(),
  maxConcurrency: z.int().min(1).exactOptional(),
} satisfies { [P in Exclude<keyof Account, 'id' | 'apiId' | 'createdAt'>]-?: z.ZodType }

const schema = z.object({ id: z.string().min(1).describe('API id.'), accountId: guid(), createdDate: instant(), ...carried })

const accountOf = ({ id, accountId, createdDate, ...rest }: z.output<typeof schema>): Account => ({
  ...rest,
  id: asAccountId(accountId),
  apiId: id,
  createdAt: msOf(createdDate),
})

/** Those of the registry, or the one. */
export async function* accountsOf({ registry }: Services, only: AccountId | undefined): AsyncIterable<Account> {
  if (only !== undefined) {
    const account = await registry.accounts.get(only)
    if (account !== undefined) yield account
    return
  }
  yield* everyOf(page => registry.accounts.list(page))
}

export const accounts = noun({
  name: 'accounts',
  schema,
  async *read(services, only) {
    for await (const { id, apiId, createdAt, ...rest } of accountsOf(services, only))
      yield { id: apiId, accountId: id, createdDate: new Date(createdAt).toISOString(), ...rest }
  },
  async look({ registry }, item) {
    const account = accountOf(item)
    const there = await registry.accounts.get(account.id)
    if (there !== undefined) return isDeepStrictEqual(there, account) ? 'there' : { problem: `the account ${account.id} is there with other properties` }
    const holder = await registry.accounts.find(account.apiId)
    return holder === undefined ? 'new' : { problem: `another account, ${holder.id}, has the API id "${account.apiId}"` }
  },
  async write({ registry }, item) {
    await registry.accounts.create(accountOf(item))
  },
})

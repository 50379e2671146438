/** Accounts: a record under the partition of each, found by GUID or by API id. */
import type { Redis } from 'ioredis'
import { asAccountId, type AccountId } from '../../domain/ids.ts'
import type { AccountConnector } from '../account-connector.ts'
import { partitionOf } from '../keys.ts'
import type { Account, Accounts } from '../registry.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { recordOf } from './records.ts'
import { call, replies, script } from './registry-call.ts'
import { subscriptionLua } from './subscriptions.ts'

/**
 * KEYS accounts, apiIds · ARGV API id, account id, time, holder that is gone ('' where none)
 * Answers the account id that holds the API id; it is the caller's where that was free or held by the one that is gone.
 */
const claim = script(`
local holder = redis.call('HGET', KEYS[2], ARGV[1])
if holder and holder ~= ARGV[4] then return holder end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[1], ARGV[3], ARGV[2])
if holder then redis.call('ZREM', KEYS[1], holder) end
return ARGV[2]`)

/** KEYS accounts, apiIds · ARGV API id, account id */
const unclaim = script(`
if redis.call('HGET', KEYS[2], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[2], ARGV[1]) end
redis.call('ZREM', KEYS[1], ARGV[2])`)

/** KEYS account · ARGV field, value, … · Answers 1, or 0 where there is no such account. */
const change = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], unpack(ARGV))
return 1`)

/**
 * KEYS account, its cycles, retired account connectors, subscribed cycles, account connectors, base keys of its other records … · ARGV prefix of its
 * subscriptions · Answers 1, or 0 where it has cycles. What its subscriptions still need is kept until they have ended.
 */
const removeEmpty = script(`${subscriptionLua}
if redis.call('ZCARD', KEYS[2]) > 0 then return 0 end
retire(KEYS[5], KEYS[3], KEYS[4], ARGV[1])
redis.call('DEL', KEYS[1], KEYS[2])
for at = 5, #KEYS do redis.call('DEL', KEYS[at], KEYS[at] .. ':order', KEYS[at] .. ':running') end
return 1`)

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function createAccounts(redis: Redis): Accounts {
  const indexes = [keys.accounts, keys.apiIds]

  async function get(id: AccountId): Promise<Account | undefined> {
    return accountOf(id, await call(() => redis.hgetall(keys.account(id))))
  }

  /** Its account connectors are found by their external ids no more. */
  async function forget(id: AccountId, held: { readonly [id: string]: string }): Promise<void> {
    const pipeline = redis.pipeline()
    for (const [one, text] of Object.entries(held)) {
      const { connectorId, externalId } = recordOf<AccountConnector>(one, text)?.value ?? {}
      if (connectorId !== undefined && externalId !== undefined) pipeline.srem(keys.externalIds(partitionOf(id), connectorId, externalId), `${id} ${one}`)
    }
    replies(await call(() => pipeline.exec()))
  }

  return {
    get,
    // The record comes first, so that an API id never leads to nothing while its account is made; one whose making or removal was cut off half-way
    // leads to no record and is taken over.
    async create(account) {
      if (account.apiId !== account.id && GUID.test(account.apiId)) {
        if ((await get(asAccountId(account.apiId.toLowerCase()))) !== undefined) return 'taken'
      }
      const { id: _id, ...fields } = account
      await call(() => redis.hset(keys.account(account.id), fieldsOf(fields)))
      let holder = await claim(redis, indexes, [account.apiId, account.id, account.createdAt, ''])
      if (typeof holder === 'string' && holder !== account.id && (await get(asAccountId(holder))) === undefined) {
        holder = await claim(redis, indexes, [account.apiId, account.id, account.createdAt, holder])
      }
      if (holder === account.id) return 'created'
      await call(() => redis.del(keys.account(account.id)))
      return 'taken'
    },
    async find(id) {
      const found = await call(() => redis.hget(keys.apiIds, id))
      if (found !== null) return get(asAccountId(found))
      return GUID.test(id) ? get(asAccountId(id.toLowerCase())) : undefined
    },
    async update(id, fields) {
      const changed = Object.entries(fieldsOf({ ...fields })).flat()
      if (changed.length > 0 && (await change(redis, [keys.account(id)], changed)) === 0) return undefined
      return get(id)
    },
    async delete(id) {
      const account = await get(id)
      const held = await call(() => redis.hgetall(keys.accountConnectors(id)))
      const records = [keys.accountConnectors(id), keys.installations(id), keys.operations(id)]
      const kept = [keys.account(id), keys.cycles(id), keys.retiredConnectors(id), keys.subscribedCycles(id), ...records]
      if ((await removeEmpty(redis, kept, [keys.subscriptionPrefix(id)])) === 0) return false
      await forget(id, held)
      if (account !== undefined) await unclaim(redis, indexes, [account.apiId, id])
      return true
    },
    async list({ page, pageSize }) {
      const start = (page - 1) * pageSize
      const ids = (await call(() => redis.zrange(keys.accounts, start, String(start + pageSize - 1)))).map(asAccountId)
      const total = await call(() => redis.zcard(keys.accounts))
      if (ids.length === 0) return { items: [], total }
      const pipeline = redis.pipeline()
      for (const id of ids) pipeline.hgetall(keys.account(id))
      const records = replies(await call(() => pipeline.exec()))
      const items = ids.flatMap((id, at) => accountOf(id, records[at]) ?? [])
      return { items, total }
    },
    count: () => call(() => redis.zcard(keys.accounts)),
  }
}

/** As a hash holds them: what is null or was never set is an empty text. */
export function fieldsOf(values: { readonly [name: string]: string | number | boolean | null | undefined }): { [name: string]: string } {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value ?? '')]])))
}

export function accountOf(id: AccountId, record: unknown): Account | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(record))
  const text = (name: string): string => String(fields.get(name) ?? '')
  if (!fields.has('apiId')) return undefined
  const [url, warnings, max] = [text('transactionErrorWebhookUrl'), text('includeWarnings'), text('maxConcurrency')]
  return {
    id,
    apiId: text('apiId'),
    name: text('name'),
    description: text('description'),
    timezone: text('timezone'),
    createdAt: Number(text('createdAt')),
    userId: text('userId'),
    ...(url === '' ? {} : { transactionErrorWebhookUrl: url }),
    ...(warnings === '' ? {} : { includeWarnings: warnings === 'true' }),
    ...(max === '' ? {} : { maxConcurrency: Number(max) }),
  }
}

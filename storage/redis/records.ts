/**
 * Records in Redis. All of one noun (of one account) stand under one base key, with its suffixes: so each operation is one script.
 *
 *     base            hash: id → `version createdAt JSON`
 *     base:order      zset: id by creation, in µs, each another
 *     base:names      hash: unique name → id
 *     base:of:GROUP   zset: as `order`, of those that belong to the group
 *     base:next       string: the last integer id
 */
import type { Redis } from 'ioredis'
import { asAccountId, type AccountId } from '../../domain/ids.ts'
import type { AccountRecords, GroupedRecords, Versioned } from '../records.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import type { Listed, Page } from '../registry.ts'
import { call, replies, script } from './registry-call.ts'

/**
 * Lua that scripts over records begin with. `recordVersion(base, id)`: nil where it is not there. `addRecord` and `putRecord` take the value as JSON
 * text; a name or group that is '' is none.
 */
export const recordLua = `
local function recordVersion(base, id)
  local text = redis.call('HGET', base, id)
  return text and string.match(text, '^%d+')
end
local function addRecord(base, id, version, createdAt, json, name, group)
  local score = tonumber(createdAt) * 1000
  local last = redis.call('ZRANGE', base .. ':order', -1, -1, 'WITHSCORES')[2]
  if last and version == '1' and tonumber(last) >= score then score = tonumber(last) + 1 end
  local at = string.format('%.0f', score)
  redis.call('HSET', base, id, version .. ' ' .. createdAt .. ' ' .. json)
  redis.call('ZADD', base .. ':order', at, id)
  if name ~= '' then redis.call('HSET', base .. ':names', name, id) end
  if group ~= '' then redis.call('ZADD', base .. ':of:' .. group, at, id) end
end
local function putRecord(base, id, json)
  local version, createdAt = string.match(redis.call('HGET', base, id), '^(%d+) (%d+) ')
  redis.call('HSET', base, id, string.format('%d', version + 1) .. ' ' .. createdAt .. ' ' .. json)
end
local function removeRecord(base, id, name, group)
  redis.call('HDEL', base, id)
  redis.call('ZREM', base .. ':order', id)
  if name ~= '' then redis.call('HDEL', base .. ':names', name) end
  if group ~= '' then redis.call('ZREM', base .. ':of:' .. group, id) end
end
`

/**
 * KEYS base, account (left out where it is of none), index (where it stands in one) · ARGV id, version, createdAt, JSON, name, group, '1' where ids are
 * integers, member of the index · Answers created, taken or gone. An integer id that comes from elsewhere is not given again.
 */
const create = script(`${recordLua}
local base, id, name = KEYS[1], ARGV[1], ARGV[5]
if KEYS[2] and redis.call('EXISTS', KEYS[2]) == 0 then return 'gone' end
if recordVersion(base, id) or (name ~= '' and redis.call('HEXISTS', base .. ':names', name) == 1) then return 'taken' end
addRecord(base, id, ARGV[2], ARGV[3], ARGV[4], name, ARGV[6])
if KEYS[3] then redis.call('SADD', KEYS[3], ARGV[8]) end
if ARGV[7] == '1' and tonumber(id) > tonumber(redis.call('GET', base .. ':next') or '0') then redis.call('SET', base .. ':next', id) end
return 'created'`)

/**
 * KEYS base, index before and index (the base where it stands in none) · ARGV id, expected version, JSON, name before, name, member of the index
 * Answers done, changed, gone or taken.
 */
const replace = script(`${recordLua}
local base, id, before, name = KEYS[1], ARGV[1], ARGV[4], ARGV[5]
local version = recordVersion(base, id)
if not version then return 'gone' end
if version ~= ARGV[2] then return 'changed' end
if name ~= before then
  if redis.call('HEXISTS', base .. ':names', name) == 1 then return 'taken' end
  redis.call('HDEL', base .. ':names', before)
  redis.call('HSET', base .. ':names', name, id)
end
putRecord(base, id, ARGV[3])
if KEYS[2] ~= base then redis.call('SREM', KEYS[2], ARGV[6]) end
if KEYS[3] ~= base then redis.call('SADD', KEYS[3], ARGV[6]) end
return 'done'`)

/** KEYS base, index (where it stands in one) · ARGV id, expected version, name, group, member of the index · Answers done, changed or gone. */
const remove = script(`${recordLua}
local version = recordVersion(KEYS[1], ARGV[1])
if not version then return 'gone' end
if version ~= ARGV[2] then return 'changed' end
removeRecord(KEYS[1], ARGV[1], ARGV[3], ARGV[4])
if KEYS[2] then redis.call('SREM', KEYS[2], ARGV[5]) end
return 'done'`)

export interface RecordsOptions<T> {
  /** The base key. */
  readonly base: string
  /** Key of the account that they belong to. */
  readonly account?: string
  readonly nameOf?: (value: T) => string
  /** It never changes. */
  readonly groupOf?: (value: T) => string
  readonly numbered?: boolean
  /** Key of a set, in the account's partition, of those that have something in common; undefined where it stands in none. */
  readonly indexOf?: (value: T) => string | undefined
  /** What stands for a record there. */
  readonly memberOf?: (id: string) => string
}

export function createRecords<T>(
  redis: Redis,
  { base, account, nameOf = () => '', groupOf = () => '', numbered = false, indexOf = () => undefined, memberOf = id => id }: RecordsOptions<T>,
): GroupedRecords<T> {
  const owned = account === undefined ? [base] : [base, account]

  async function get(id: string): Promise<Versioned<T> | undefined> {
    return recordOf(id, await call(() => redis.hget(base, id)))
  }

  async function listIn(order: string, { page, pageSize }: Page): Promise<Listed<Versioned<T>>> {
    const start = (page - 1) * pageSize
    const [ids, total] = await Promise.all([call(() => redis.zrange(order, start, String(start + pageSize - 1))), call(() => redis.zcard(order))])
    if (ids.length === 0) return { items: [], total }
    return { items: await many(ids), total }
  }

  async function many(ids: readonly string[]): Promise<Versioned<T>[]> {
    const texts = ids.length === 0 ? [] : await call(() => redis.hmget(base, ...ids))
    return ids.flatMap((id, at) => recordOf<T>(id, texts[at] ?? null) ?? [])
  }

  return {
    get,
    getMany: async ids => new Map((await many(ids)).map(one => [one.id, one])),
    async create(id, value, as = { version: 1, createdAt: Date.now() }) {
      const fields = [id, as.version, as.createdAt, JSON.stringify(value), nameOf(value), groupOf(value), numbered ? '1' : '', memberOf(id)]
      const index = indexOf(value)
      const answer = await create(redis, index === undefined ? owned : [...owned, index], fields)
      return answer === 'created' || answer === 'gone' ? answer : 'taken'
    },
    async byName(name) {
      const id = await call(() => redis.hget(`${base}:names`, name))
      return id === null ? undefined : get(id)
    },
    async replace(id, value, expected) {
      const before = await get(id)
      if (before === undefined) return 'gone'
      if (before.version !== expected) return 'changed'
      const indexes = [indexOf(before.value) ?? base, indexOf(value) ?? base]
      const names = [nameOf(before.value), nameOf(value)]
      const answer = await replace(redis, [base, ...indexes], [id, expected, JSON.stringify(value), ...names, memberOf(id)])
      return answer === 'done' || answer === 'gone' || answer === 'taken' ? answer : 'changed'
    },
    async remove(id) {
      for (;;) {
        const there = await get(id)
        if (there === undefined) return false
        const index = indexOf(there.value)
        const touched = index === undefined ? [base] : [base, index]
        const answer = await remove(redis, touched, [id, there.version, nameOf(there.value), groupOf(there.value), memberOf(id)])
        if (answer !== 'changed') return answer === 'done'
      }
    },
    list: page => listIn(`${base}:order`, page),
    listOf: (group, page) => listIn(`${base}:of:${group}`, page),
    nextId: async () => String(await call(() => redis.incr(`${base}:next`))),
  }
}

/** Ids of accounts that are looked through at once. */
const BATCH = 500

export function createAccountRecords<T>(
  redis: Redis,
  base: (account: AccountId) => string,
  options: (account: AccountId) => Pick<RecordsOptions<T>, 'indexOf' | 'memberOf'> = () => ({}),
): AccountRecords<T> {
  return {
    of: account => createRecords<T>(redis, { base: base(account), account: keys.account(account), ...options(account) }),
    async anywhere(id) {
      for (let start = 0; ; start += BATCH) {
        const accounts = await call(() => redis.zrange(keys.accounts, start, String(start + BATCH - 1)))
        if (accounts.length === 0) return false
        const pipeline = redis.pipeline()
        for (const account of accounts) pipeline.hexists(base(asAccountId(account)), id)
        if (replies(await call(() => pipeline.exec())).includes(1)) return true
      }
    },
  }
}

/** Undefined where there is none. */
export function recordOf<T>(id: string, text: string | null): Versioned<T> | undefined {
  const [whole = '', version, createdAt] = /^(\d+) (\d+) /.exec(text ?? '') ?? []
  if (text === null || version === undefined || createdAt === undefined) return undefined
  const value: T = JSON.parse(text.slice(whole.length))
  return { id, version: Number(version), createdAt: Number(createdAt), value }
}

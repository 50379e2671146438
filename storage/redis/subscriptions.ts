/**
 * Subscriptions of cycles. One hash for each cycle; of each subscription:
 *
 *     state:ID   asked | made | ending          step:ID       id of its step
 *     at:ID      when it was wanted last        connector:ID  its account connector, or ''
 *     until:ID   so long somebody asks          app:ID        the application's id
 *     by:ID      who that is                    terms:ID      JSON
 */
import type { Redis } from 'ioredis'
import { asAccountId, asCycleId, type Place } from '../../domain/ids.ts'
import type { Subscription, SubscriptionTerms } from '../../domain/subscription.ts'
import type { AccountConnector } from '../account-connector.ts'
import { cycleKey, cycleKeyIn, partitionKey, partitionOf, partitionSuffix } from '../keys.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import type { Subscriptions } from '../subscriptions.ts'
import { createRecords } from './records.ts'
import { call, script } from './registry-call.ts'

/** How long one may wait for an application's answer before another asks (ms): more than a call can take. */
const ASKING = 60_000
/** Cycles that one sweep looks at. */
const SWEPT = 200

/**
 * Lua that scripts over subscriptions begin with. `endThem(key, only, ...)`: those of `only`, or all, are to end, and an operation is ordered where
 * there is one. `retire`: keeps the account connectors, or `only`, that subscriptions of the account name.
 */
export const subscriptionLua = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function written(n) return string.format('%.0f', n) end
local function fieldsOf(key)
  local flat, fields, ids = redis.call('HGETALL', key), {}, {}
  for i = 1, #flat, 2 do
    fields[flat[i]] = flat[i + 1]
    local id = string.match(flat[i], '^state:(.+)$')
    if id then ids[#ids + 1] = id end
  end
  return fields, ids
end
local function order(control, ends, account, cycle)
  local n = written(math.max(now, tonumber(redis.call('GET', ends) or '0') + 1))
  redis.call('SET', ends, n)
  redis.call('XADD', control, '*', 'account', account, 'cycle', cycle, 'op', 'unsubscribe', 'epoch', n)
end
local function endThem(key, wanted, control, ends, account, cycle)
  local fields, ids = fieldsOf(key)
  local found = false
  for _, id in ipairs(ids) do
    if fields['state:' .. id] ~= 'ending' and wanted(id, fields) then
      redis.call('HSET', key, 'state:' .. id, 'ending')
      found = true
    end
  end
  if found then order(control, ends, account, cycle) end
end
local function retire(connectors, retired, cycles, prefix, only)
  for _, cycle in ipairs(redis.call('SMEMBERS', cycles)) do
    local fields, ids = fieldsOf(prefix .. cycle)
    for _, id in ipairs(ids) do
      local held = fields['connector:' .. id]
      local text = held ~= '' and (not only or held == only) and redis.call('HGET', connectors, held)
      if text then redis.call('HSET', retired, held, text) end
    end
  end
end
local function forget(key, id)
  redis.call('HDEL', key, 'state:' .. id, 'at:' .. id, 'until:' .. id, 'step:' .. id, 'connector:' .. id, 'app:' .. id, 'terms:' .. id,
    'by:' .. id)
end
`

/** KEYS subscriptions, those due, cycles that have some, control, ends · ARGV account, cycle, … */
const ownKeys = (place: Place): string[] => {
  const partition = partitionOf(place.account)
  return [
    keys.subscriptions(place),
    keys.subscriptionsDue(partition),
    keys.subscribedCycles(place.account),
    partitionKey(partition) + partitionSuffix.control,
    keys.subscriptionEnds(partition),
  ]
}

const note = `
local function note(key, id, state, step, connector, terms)
  redis.call('HSET', key, 'state:' .. id, state, 'at:' .. id, written(now), 'step:' .. id, step, 'connector:' .. id, connector, 'terms:' .. id, terms)
  redis.call('SADD', KEYS[3], ARGV[2])
  redis.call('ZADD', KEYS[2], 'NX', written(now), ARGV[1] .. ' ' .. ARGV[2])
end
`

/**
 * KEYS + the inbox's cycle, account connectors · ARGV + id, step, account connector or '', terms, ms to ask, by whom · Answers mine, busy or gone.
 * One who comes again was cut off: nobody else asks.
 */
const ask = script(`${subscriptionLua}${note}
local key, id = KEYS[1], ARGV[3]
local state, deleted = unpack(redis.call('HMGET', KEYS[6], 'state', 'deleted'))
if not state or deleted then return 'gone' end
if ARGV[5] ~= '' and redis.call('HEXISTS', KEYS[7], ARGV[5]) == 0 then return 'gone' end
local fields, ids = fieldsOf(key)
local mine = fields['state:' .. id]
if mine and mine ~= 'asked' then return 'gone' end
if tonumber(fields['until:' .. id] or '0') > now and fields['by:' .. id] ~= ARGV[8] then return 'busy' end
for _, other in ipairs(ids) do
  local busy = fields['state:' .. other] ~= 'ending' or tonumber(fields['until:' .. other] or '0') > now
  if other ~= id and fields['step:' .. other] == ARGV[4] and busy then return 'busy' end
end
note(key, id, 'asked', ARGV[4], ARGV[5], ARGV[6])
redis.call('HSET', key, 'until:' .. id, written(now + ARGV[7]), 'by:' .. id, ARGV[8])
return 'mine'`)

/**
 * KEYS as own · ARGV + id, step, account connector or '', terms, '1' where there is an id of the application, that · Answers made or ending.
 * An application that knows one subscription by one address gives the id of one that was to end: that one is this one now.
 */
const made = script(`${subscriptionLua}${note}
local key, id = KEYS[1], ARGV[3]
local fields, ids = fieldsOf(key)
local state = fields['state:' .. id]
if state == 'made' and ARGV[7] == '1' and fields['app:' .. id] and fields['app:' .. id] ~= ARGV[8] then
  -- Two tries were under way, and the application does not know keys: the second one is too much.
  note(key, id .. '+', 'ending', ARGV[4], ARGV[5], ARGV[6])
  redis.call('HSET', key, 'app:' .. id .. '+', ARGV[8])
  order(KEYS[4], KEYS[5], ARGV[1], ARGV[2])
  return 'made'
end
if state == 'asked' then
  note(key, id, 'made', ARGV[4], ARGV[5], ARGV[6])
elseif not state then
  note(key, id, 'ending', ARGV[4], ARGV[5], ARGV[6])
  order(KEYS[4], KEYS[5], ARGV[1], ARGV[2])
end
redis.call('HDEL', key, 'until:' .. id)
if ARGV[7] == '1' then
  redis.call('HSET', key, 'app:' .. id, ARGV[8])
  for _, other in ipairs(ids) do
    if other ~= id and fields['state:' .. other] == 'ending' and fields['app:' .. other] == ARGV[8] and fields['connector:' .. other] == ARGV[5]
      and fields['step:' .. other] == ARGV[4] then forget(key, other) end
  end
end
return redis.call('HGET', key, 'state:' .. id) == 'made' and 'made' or 'ending'`)

/** KEYS subscriptions · ARGV id … · Answers 1, or 0 where one is not made. */
const keep = script(`${subscriptionLua}
for _, id in ipairs(ARGV) do
  if redis.call('HGET', KEYS[1], 'state:' .. id) ~= 'made' then return 0 end
end
for _, id in ipairs(ARGV) do redis.call('HSET', KEYS[1], 'at:' .. id, written(now)) end
return 1`)

/** ARGV account, cycle, '1': all, id … */
const finish = script(`${subscriptionLua}
local wanted = {}
for at = 4, #ARGV do wanted[ARGV[at]] = true end
endThem(KEYS[1], function(id) return ARGV[3] == '1' or wanted[id] end, KEYS[4], KEYS[5], ARGV[1], ARGV[2])`)

/** KEYS subscriptions · ARGV id, ms to ask · Answers mine, busy or gone. */
const askEnd = script(`${subscriptionLua}
local state, till = unpack(redis.call('HMGET', KEYS[1], 'state:' .. ARGV[1], 'until:' .. ARGV[1]))
if state ~= 'ending' then return 'gone' end
if tonumber(till or '0') > now then return 'busy' end
redis.call('HSET', KEYS[1], 'until:' .. ARGV[1], written(now + ARGV[2]))
return 'mine'`)

/** KEYS + retired account connectors · ARGV account, cycle, id, prefix of the account's subscriptions */
const ended = script(`${subscriptionLua}
local held = redis.call('HGET', KEYS[1], 'connector:' .. ARGV[3])
forget(KEYS[1], ARGV[3])
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('SREM', KEYS[3], ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[1] .. ' ' .. ARGV[2])
end
if not held or redis.call('HEXISTS', KEYS[6], held) == 0 then return end
for _, cycle in ipairs(redis.call('SMEMBERS', KEYS[3])) do
  local fields, ids = fieldsOf(ARGV[4] .. cycle)
  for _, id in ipairs(ids) do if fields['connector:' .. id] == held then return end end
end
redis.call('HDEL', KEYS[6], held)`)

/** KEYS those due · ARGV most · Answers { account id, … }. */
const due = script(`${subscriptionLua}
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', written(now), 'LIMIT', 0, ARGV[1])`)

/**
 * KEYS as own, the inbox's cycle · ARGV account, cycle, ms · A cycle that runs is looked at again when it could have stood still for so long since.
 */
const look = script(`${subscriptionLua}
local member = ARGV[1] .. ' ' .. ARGV[2]
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('ZREM', KEYS[2], member)
  redis.call('SREM', KEYS[3], ARGV[2])
  return
end
local state, deleted, stoppedAt = unpack(redis.call('HMGET', KEYS[6], 'state', 'deleted', 'stoppedAt'))
local idle = tonumber(ARGV[3])
if state == 'Active' or state == 'Stopping' then
  redis.call('ZADD', KEYS[2], written(now + idle), member)
  return
end
local next = now + idle
endThem(KEYS[1], function(id, fields)
  if not state or deleted then return true end
  local over = math.max(tonumber(stoppedAt or '0'), tonumber(fields['at:' .. id] or '0'), tonumber(fields['until:' .. id] or '0')) + idle
  if over <= now then return true end
  next = math.min(next, over)
  return false
end, KEYS[4], KEYS[5], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], written(next), member)`)

/**
 * KEYS as own, retired account connectors · ARGV account, cycle, id, step, account connector, terms, state, at, '1' where there is an app's id, that,
 * retired id, its text
 */
const put = script(`${subscriptionLua}${note}
local key, id = KEYS[1], ARGV[3]
if redis.call('HEXISTS', key, 'state:' .. id) == 1 then return end
note(key, id, ARGV[7], ARGV[4], ARGV[5], ARGV[6])
redis.call('HSET', key, 'at:' .. id, ARGV[8])
if ARGV[9] == '1' then redis.call('HSET', key, 'app:' .. id, ARGV[10]) end
if ARGV[11] ~= '' then redis.call('HSETNX', KEYS[6], ARGV[11], ARGV[12]) end
if ARGV[7] == 'ending' then order(KEYS[4], KEYS[5], ARGV[1], ARGV[2]) end`)

export function createSubscriptions(redis: Redis): Subscriptions {
  const termsOf = (terms: SubscriptionTerms): string[] => [terms.stepId, terms.accountConnectorId ?? '', JSON.stringify(terms)]
  const appOf = (id: string | undefined): string[] => (id === undefined ? ['', ''] : ['1', id])

  return {
    async of(place) {
      const fields = new Map(Object.entries(await call(() => redis.hgetall(keys.subscriptions(place)))))
      return [...fields.keys()].toSorted().flatMap((field): Subscription[] => {
        const id = /^state:(.+)$/.exec(field)?.[1]
        const state = fields.get(field)
        if (id === undefined || (state !== 'asked' && state !== 'made' && state !== 'ending')) return []
        const terms: SubscriptionTerms = JSON.parse(fields.get(`terms:${id}`) ?? '{}')
        const app = fields.get(`app:${id}`)
        return [{ id, state, at: Number(fields.get(`at:${id}`)), terms, ...(app === undefined ? {} : { subscriptionId: app }) }]
      })
    },
    cyclesOf: async account => (await call(() => redis.smembers(keys.subscribedCycles(account)))).toSorted().map(asCycleId),
    async ask(place, id, terms, by) {
      const kept = [...ownKeys(place), cycleKey(place), keys.accountConnectors(place.account)]
      const answer = await ask(redis, kept, [place.account, place.cycle, id, ...termsOf(terms), ASKING, by])
      return answer === 'mine' || answer === 'busy' ? answer : 'gone'
    },
    async made(place, id, terms, subscriptionId) {
      const answer = await made(redis, ownKeys(place), [place.account, place.cycle, id, ...termsOf(terms), ...appOf(subscriptionId)])
      return answer === 'made' ? 'made' : 'ending'
    },
    async unanswered(place, id) {
      await call(() => redis.hdel(keys.subscriptions(place), `until:${id}`))
    },
    keep: async (place, ids) => ids.length === 0 || (await keep(redis, [keys.subscriptions(place)], ids)) === 1,
    async end(place, ids) {
      await finish(redis, ownKeys(place), [place.account, place.cycle, ...(ids === 'all' ? ['1'] : ['', ...ids])])
    },
    async askEnd(place, id) {
      const answer = await askEnd(redis, [keys.subscriptions(place)], [id, ASKING])
      return answer === 'mine' || answer === 'busy' ? answer : 'gone'
    },
    async ended(place, id) {
      const kept = [...ownKeys(place), keys.retiredConnectors(place.account)]
      await ended(redis, kept, [place.account, place.cycle, id, keys.subscriptionPrefix(place.account)])
    },
    async sweep(partition, idleMs) {
      const found = await due(redis, [keys.subscriptionsDue(partition)], [SWEPT])
      for (const member of Array.isArray(found) ? found.map(String) : []) {
        const [account = '', cycle = ''] = member.split(' ')
        const place = { account: asAccountId(account), cycle: asCycleId(cycle) }
        await look(redis, [...ownKeys(place), cycleKeyIn(partition, place.cycle)], [account, cycle, idleMs])
      }
    },
    async put(place, { id, state, at, subscriptionId, terms }, retired) {
      const text = retired === undefined ? ['', ''] : [terms.accountConnectorId ?? '', `1 ${at} ${JSON.stringify(retired)}`]
      const args = [place.account, place.cycle, id, ...termsOf(terms), state, at, ...appOf(subscriptionId), ...text]
      await put(redis, [...ownKeys(place), keys.retiredConnectors(place.account)], args)
    },
    retired: account => createRecords<AccountConnector>(redis, { base: keys.retiredConnectors(account) }),
  }
}

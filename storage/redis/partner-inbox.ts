/**
 * The inboxes of partner webhooks, all under one hash tag. Of a connector C, `{partner}:C` and its suffixes:
 *
 *     {partner}:due      zset: connector by the time from which somebody is to look at it
 *     {partner}:bytes    string: bytes in all of these inboxes
 *     …:C:stream         stream of events, one field: `id acceptedAt JSON`
 *     …:C:late           zset: entry of an event that could not be handed out to all, by the time of the next try
 *     …:C:events         hash: entry of such an event to its text
 *     …:C                hash: entries, bytes; token and end (ms) of a lease
 *     …:C:key:HASH       string: the event that a sender's key stands for
 */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { digest } from '../keys.ts'
import type { PartnerEvent, PartnerInbox, PartnerTurn } from '../partner-inbox.ts'
import { call, script } from './registry-call.ts'

export interface PartnerInboxOptions {
  /** Most entries and bytes of one connector's inbox, and most bytes in all of them; above them it is full. */
  readonly inboxLimit: number
  readonly inboxBytes: number
  readonly totalBytes: number
  /** How long a sender's key is known. */
  readonly keyTtlMs: number
  /** Default 10 s. */
  readonly leaseMs?: number
}

const DUE = '{partner}:due'
const BYTES = '{partner}:bytes'
const baseOf = (connector: string): string => `{partner}:${connector}`
const keyOf = (connector: string, key: string): string => `${baseOf(connector)}:key:${digest(key)}`

/** Events of one turn. */
const BATCH = 20

/** Lua that all scripts begin with: `base` is a connector's. */
const LUA = `
local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function ms(value) return string.format('%.0f', value) end
local function holds(base, token) return call('HGET', base, 'token') == token end
local function drop(base, entry)
  local text = call('HGET', base .. ':events', entry)
  if not text then
    local found = call('XRANGE', base .. ':stream', entry, entry)[1]
    text = found and found[2][2]
  end
  call('ZREM', base .. ':late', entry)
  call('HDEL', base .. ':events', entry)
  call('XDEL', base .. ':stream', entry)
  return text
end
`

/** KEYS base, due, bytes, key · ARGV event, data, '1' where there is a key, entries, bytes and bytes of all at most, ms of the key · Answers accepted, replayed or full. */
const accept = script(`${LUA}
local base, data, size = KEYS[1], ARGV[2], #ARGV[2]
if ARGV[3] == '1' and call('EXISTS', KEYS[4]) == 1 then return 'replayed' end
local held = call('HMGET', base, 'entries', 'bytes', 'until')
if tonumber(held[1] or 0) + 1 > tonumber(ARGV[4]) or tonumber(held[2] or 0) + size > tonumber(ARGV[5]) then return 'full' end
if tonumber(call('GET', KEYS[3]) or 0) + size > tonumber(ARGV[6]) then return 'full' end
call('XADD', base .. ':stream', '*', 'e', ARGV[1] .. ' ' .. ms(now) .. ' ' .. data)
call('HINCRBY', base, 'entries', 1)
call('HINCRBY', base, 'bytes', size)
call('INCRBY', KEYS[3], size)
if ARGV[3] == '1' then call('SET', KEYS[4], ARGV[1], 'PX', ARGV[7]) end
call('ZADD', KEYS[2], 'LT', ms(math.max(now, tonumber(held[3] or 0))), string.sub(base, 11))
return 'accepted'`)

/** KEYS due · ARGV token, ms of the lease, most events · Answers { connector, entry, text, … }, or nothing. */
const claim = script(`${LUA}
for _ = 1, 50 do
  local connector = call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(now), 'LIMIT', 0, 1)[1]
  if not connector then return false end
  local base, found = '{partner}:' .. connector, { connector }
  for _, entry in ipairs(call('ZRANGEBYSCORE', base .. ':late', '-inf', ms(now), 'LIMIT', 0, ARGV[3])) do
    found[#found + 1] = entry
    found[#found + 1] = call('HGET', base .. ':events', entry)
  end
  for _, one in ipairs(call('XRANGE', base .. ':stream', '-', '+', 'COUNT', ARGV[3])) do
    found[#found + 1] = one[1]
    found[#found + 1] = one[2][2]
  end
  if #found > 1 then
    call('HSET', base, 'token', ARGV[1], 'until', ms(now + ARGV[2]))
    call('ZADD', KEYS[1], ms(now + ARGV[2]), connector)
    return found
  end
  local nextLate = call('ZRANGE', base .. ':late', 0, 0, 'WITHSCORES')[2]
  if nextLate then call('ZADD', KEYS[1], nextLate, connector) else call('ZREM', KEYS[1], connector) end
end
return false`)

/** KEYS base, due · ARGV token, ms of the lease · Answers 1, or 0 where the lease is another's. */
const renew = script(`${LUA}
if not holds(KEYS[1], ARGV[1]) then return 0 end
call('HSET', KEYS[1], 'until', ms(now + ARGV[2]))
call('ZADD', KEYS[2], ms(now + ARGV[2]), string.sub(KEYS[1], 11))
return 1`)

/** KEYS base, bytes · ARGV entry. What is gone already counts once. */
const done = script(`${LUA}
local text = drop(KEYS[1], ARGV[1])
if not text then return end
local size = #string.match(text, '^%S+ %S+ (.*)$')
call('HINCRBY', KEYS[1], 'entries', -1)
call('HINCRBY', KEYS[1], 'bytes', -size)
call('DECRBY', KEYS[2], size)`)

/** KEYS base · ARGV entry, ms */
const later = script(`${LUA}
local text = drop(KEYS[1], ARGV[1])
if not text then return end
call('HSET', KEYS[1] .. ':events', ARGV[1], text)
call('ZADD', KEYS[1] .. ':late', ms(now + ARGV[2]), ARGV[1])`)

/** KEYS base, due · ARGV token */
const release = script(`${LUA}
local base = KEYS[1]
if not holds(base, ARGV[1]) then return end
call('HDEL', base, 'token', 'until')
local nextLate = call('ZRANGE', base .. ':late', 0, 0, 'WITHSCORES')[2]
if call('XLEN', base .. ':stream') > 0 then call('ZADD', KEYS[2], ms(now), string.sub(base, 11))
elseif nextLate then call('ZADD', KEYS[2], nextLate, string.sub(base, 11))
else call('ZREM', KEYS[2], string.sub(base, 11)) end`)

export function createPartnerInbox(redis: Redis, options: PartnerInboxOptions): PartnerInbox {
  const { inboxLimit, inboxBytes, totalBytes, keyTtlMs, leaseMs = 10_000 } = options
  return {
    async accept(connector, { id, key, data }) {
      const keys = [baseOf(connector), DUE, BYTES, keyOf(connector, key ?? '')]
      const answer = await accept(redis, keys, [id, data, key === undefined ? '' : '1', inboxLimit, inboxBytes, totalBytes, keyTtlMs])
      return answer === 'accepted' || answer === 'replayed' ? answer : 'full'
    },
    known: async (connector, key) => (await call(() => redis.exists(keyOf(connector, key)))) === 1,
    async claim() {
      const token = randomUUID()
      const found = await claim(redis, [DUE], [token, leaseMs, BATCH])
      if (!Array.isArray(found)) return undefined
      const [connector, ...rest] = found.map(String)
      const events: PartnerEvent[] = []
      for (let at = 0; at + 1 < rest.length; at += 2) events.push(eventOf(rest[at] ?? '', rest[at + 1] ?? ''))
      return { connector: connector ?? '', token, events }
    },
    renew: async ({ connector, token }: PartnerTurn) => (await renew(redis, [baseOf(connector), DUE], [token, leaseMs])) === 1,
    async done({ connector }, { entry }) {
      await done(redis, [baseOf(connector), BYTES], [entry])
    },
    async later({ connector }, { entry }, delayMs) {
      await later(redis, [baseOf(connector)], [entry, delayMs])
    },
    async release({ connector, token }) {
      await release(redis, [baseOf(connector), DUE], [token])
    },
  }
}

function eventOf(entry: string, text: string): PartnerEvent {
  const first = text.indexOf(' ')
  const second = text.indexOf(' ', first + 1)
  return { entry, id: text.slice(0, first), acceptedAt: Number(text.slice(first + 1, second)), data: text.slice(second + 1) }
}

/**
 * What every script of the inbox begins with: the cycle's state, read once and written once, and the hand-over to the dispatchers.
 *
 * KEYS[1] the cycle's hash, KEYS[2] its partition's hash. ARGV[1] the time in ms of a test's clock, empty: Redis's.
 * A script calls `save()` before it returns; before that it has written nothing of the cycle's own hash.
 */
import type { InboxOptions } from '../inbox.ts'
import { begunChannel, changeChannel, cycleSuffix as at, PARTITIONS, partitionSuffix as part } from '../keys.ts'
import { itemLibrary } from './library-items.ts'
import { lifeLibrary } from './library-life.ts'
import { matchLibrary } from './library-match.ts'
import { placesLibrary } from './library-places.ts'
import { rebuildLibrary } from './library-rebuild.ts'

/** Options as constants of the scripts' text: they are the same for the whole life of a process. */
const constants = (o: InboxOptions): string => `
local STOPPED_TTL, RETENTION, KEY_MIN = ${o.stoppedQueueTtlMs}, ${o.retentionMs}, 86400000
local ENTRIES_MAX, BYTES_MAX, PARTITION_BYTES_MAX = ${o.inboxLimit}, ${o.inboxBytes}, ${Math.ceil(o.inboxTotalBytes / PARTITIONS)}
local LEASE, SWEEP_AGE, SIGNALLED_MAX = ${o.leaseMs ?? 10_000}, ${o.sweepAgeMs ?? 60_000}, ${o.signalledMax ?? 10}
local OUTCOME_TTL, NOTICES_MAX, BATCH, WAKE, SPLIT = 1200000, 20000, 200, 30000, 4294967296
`

const stateLibrary = `
local call = redis.call
local cycle, part = KEYS[1], KEYS[2]
local now = tonumber(ARGV[1])
if not now then local t = call('TIME'); now = t[1] * 1000 + math.floor(t[2] / 1000) end

-- C: the cycle's hash; nil where the cycle is unknown or deleted.
local TEXT = { 'state', 'account', 'token', 'deleted' }
local NUMBERS = { 'epoch', 'stoppedAt', 'version', 'counter', 'entries', 'bytes', 'registered', 'replayTo', 'dropTo', 'claimed', 'max', 'until', 'ready', 'registeredVersion', 'rebuilding', 'once' }
local C, dirty, spent
local function set(field, value)
  if C[field] ~= value then C[field] = value; dirty[field] = true end
end
-- Loads a cycle; true where it is there and not deleted. What is deleted is read but never written.
local function load(key)
  cycle, dirty, spent = key, {}, 0
  local v = call('HMGET', cycle, 'state', 'account', 'token', 'deleted', 'epoch', 'stoppedAt', 'version', 'counter', 'entries', 'bytes',
    'registered', 'replayTo', 'dropTo', 'claimed', 'max', 'until', 'ready', 'registeredVersion', 'rebuilding', 'once')
  C = {}
  for i, field in ipairs(TEXT) do C[field] = v[i] or nil end
  for i, field in ipairs(NUMBERS) do C[field] = tonumber(v[i + 4] or nil) end
  return C.state ~= nil and not C.deleted
end
local function store()
  local sets, n, gone = {}, 0, {}
  for field in pairs(dirty) do
    local value = C[field]
    if value == nil then gone[#gone + 1] = field else sets[n + 1] = field; sets[n + 2] = value; n = n + 2 end
  end
  if n > 0 then call('HSET', cycle, unpack(sets)) end
  if #gone > 0 then call('HDEL', cycle, unpack(gone)) end
  if spent ~= 0 then call('HINCRBY', part, 'bytes', spent) end
  dirty, spent = {}, 0
end
local function nextId() set('counter', C.counter + 1); return C.counter end
-- Counters of entries and bytes, of the cycle and its partition.
local function charge(entries, bytes)
  set('entries', C.entries + entries); set('bytes', C.bytes + bytes)
  spent = spent + bytes
end
local function full(bytes)
  if C.entries + 1 > ENTRIES_MAX or C.bytes + bytes > BYTES_MAX then return true end
  return tonumber(call('HGET', part, 'bytes') or 0) + bytes > PARTITION_BYTES_MAX
end

local function txKey(t) return cycle .. '${at.transaction}' .. t end
local function record(t)
  local flat, r = call('HGETALL', txKey(t)), {}
  for i = 1, #flat, 2 do r[flat[i]] = flat[i + 1] end
  return r
end
local function sid(id) return string.format('%.0f-0', id) end
local function num(streamId) return tonumber(string.match(streamId, '^%d+')) end
local function fields(entry)
  local e = { id = num(entry[1]) }
  for i = 1, #entry[2], 2 do e[entry[2][i]] = entry[2][i + 1] end
  return e
end
local function changed(id) call('PUBLISH', '${changeChannel('')}' .. id, '') end
local function begun(worker, t) call('PUBLISH', '${begunChannel('')}' .. worker, t) end
local function cycleId() return string.match(cycle, '[^:]+$') end
-- What operators are to read: the worker makes incidents of it.
local function notice(kind, t, rid, step)
  call('XADD', part .. '${part.notices}', 'MAXLEN', '~', NOTICES_MAX, '*', 'kind', kind, 'account', C.account, 'cycle', cycleId(), 'tx', t or '', 'rid', rid or '', 'step', step or '', 'at', now)
end
local function due(time) call('ZADD', part .. '${part.due}', 'LT', time, cycle) end

-- A transaction's status; the sets by status are what lists and counts read. 'Swept' is shown nowhere, items in lists of their own.
local function setStatus(t, order, from, to)
  if from == to or string.find(t, '.', 1, true) then return end
  if from then call('ZREM', cycle .. '${at.byStatus}' .. from, t) end
  if to then call('ZADD', cycle .. '${at.byStatus}' .. to, order, t) end
end

local function leased() return C.token ~= nil and (C['until'] or 0) > now end
-- Puts the cycle into its account's list, the account into the ring, and wakes a worker. While a lease lives nothing is needed:
-- its release, or the sweep after its end, looks for what is claimable.
local function setReady()
  if C.ready or leased() then return end
  set('ready', 1)
  if call('RPUSH', part .. '${part.ready}' .. C.account, cycleId()) == 1 then call('RPUSH', part .. '${part.ring}', C.account) end
  if call('LLEN', part .. '${part.wake}') < 64 then call('RPUSH', part .. '${part.wake}', '1') end
end
local function replaying()
  return (C.state == 'Active' and C.registered ~= nil) or (C.state == 'Stopping' and C.replayTo ~= nil)
end
`

/** A part of the library: the local it declares, up to the next one. */
interface Part {
  readonly names: readonly string[]
  readonly text: string
}

function partsOf(text: string): readonly Part[] {
  const code = text.replaceAll(/^\s*--.*\n/gm, '')
  return code.split(/\n(?=local )/).map(part => {
    const declared = /^\s*local (?:function (\w+)|([\w, ]+))/.exec(part)
    return { names: declared?.[1] === undefined ? (declared?.[2]?.split(',').map(name => name.trim()) ?? []) : [declared[1]], text: part }
  })
}

/** Whether code speaks of a local: fields, methods and words in strings do not count. */
const mentions = (code: string, name: string): boolean => new RegExp(`(?<![\\w.:'])${name}\\b`).test(code)

/**
 * Puts before a script what it needs of the library, and nothing else: each call makes the library's functions anew, and with all of them that
 * takes ten times as long as the script itself.
 */
export function createLinker(options: InboxOptions): (script: string) => string {
  const parts = partsOf(constants(options) + stateLibrary + matchLibrary + itemLibrary + placesLibrary + lifeLibrary + rebuildLibrary)
  return script => {
    const needed = new Set<Part>()
    let open = [script]
    while (open.length > 0) {
      const found = parts.filter(part => !needed.has(part) && part.names.some(name => open.some(code => mentions(code, name))))
      for (const part of found) needed.add(part)
      open = found.map(part => part.text)
    }
    return [...parts.filter(part => needed.has(part)).map(part => part.text), script].join('\n')
  }
}

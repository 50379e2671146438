/**
 * Rebuilds what Redis has lost of a cycle (protocol.md, Rebuilding); each script may be repeated, and a record that is there is never written over.
 * KEYS: [1] the cycle's hash, [2] its partition's hash, where not said otherwise. ARGV[1]: test clock or empty.
 */
import { accountCycles, cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/**
 * Makes a cycle as an export tells of it; its index is missing until it is rebuilt. Its epoch and counter are above all that were before.
 * ARGV: [2] account, [3] document version, [4] state, [5] when it stopped, in ms, [6] '1': its trigger is a schedule, [7] its last start,
 * [8] '1': it stops after its first run.
 * Answer: 'made' | 'there' | 'deleted'.
 */
export const importCycle = `
if load(KEYS[1]) then return 'there' end
if C.state then return 'deleted' end
call('HSET', cycle, 'state', ARGV[4], 'account', ARGV[2], 'version', ARGV[3], 'epoch', now, 'counter', now, 'entries', 0, 'bytes', 0, 'stoppedAt', ARGV[5], 'rebuilding', 1,
  'scheduled', ARGV[6], 'activation', ARGV[7], 'changes', now)
if ARGV[8] == '1' then call('HSET', cycle, 'once', 1) end
if ARGV[4] == 'Stopping' then call('HSET', cycle, 'registered', now) end
call('ZADD', part .. '${part.ask}', now, cycle)
load(KEYS[1])
reschedule()
return 'made'
`

/** State, when the cycle stopped, its last start, and whether it stops after its first run, for an export. Answer: nil or { state, ms, ms, 0|1 }. */
export const standing = `
if not load(KEYS[1]) then return false end
return { C.state, C.stoppedAt, tonumber(call('HGET', cycle, 'activation') or 0), C.once or 0 }
`

/** Cycles of a partition whose index is missing. KEYS: the partition's hash, twice. ARGV: [2] '1': all cycles. Answer: { account, cycle, … }. */
export const toRebuild = `
local out = {}
for _, c in ipairs(call('ZRANGE', part .. '${part.ask}', 0, -1)) do
  if ARGV[2] == '1' or call('EXISTS', c .. '${at.indexed}') == 0 then
    local account = call('HGET', c, 'account')
    if account then
      out[#out + 1] = account
      out[#out + 1] = string.match(c, '[^:]+$')
    end
  end
end
return out
`

/** Begins: while its index is missing nothing of the cycle is claimed, and no drain ends. Deleted cycles too: what runs of them is to be terminated. Answer: none. */
export const beginRebuild = `
load(KEYS[1])
if not C.state then return end
if call('EXISTS', cycle .. '${at.indexed}') == 0 then set('rebuilding', 1) end
-- Delivery ids grow, and what comes from now on is younger than what is found.
set('counter', math.max(C.counter, now))
save()
`

/**
 * Records open transactions as Temporal lists them.
 * ARGV from [2], for each: transaction, 'waiting' | 'running' | 'failed', start in ms with a fraction, and a count n followed by n step and value's hash in pairs. Answer: none.
 */
export const rebuild = `
load(KEYS[1])
if not C.state then return end
-- What is left of a record says what else has to be there.
local function mend(t, r)
  local sets = { waiting = '${at.wait}', failed = '${at.failed}', item = '${at.items}' }
  if r.role and call('ZADD', cycle .. (sets[r.role] or '${at.run}'), 'NX', now, t) == 1 and not sets[r.role] then occupy(1) end
  if not itemOf(t) then call('ZADD', cycle .. '${at.byStatus}' .. r.status, 'NX', r.order, t) end
  for field, v in pairs(r) do
    if r.role ~= 'failed' and string.sub(field, 1, 2) == 'v:' then call('ZADD', cycle .. '${at.index}' .. v, 'NX', r.order, t) end
  end
end
local i = 2
while i <= #ARGV do
  local t, kind, order, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], tonumber(ARGV[i + 3])
  local accepted = string.match(order, '^%d+')
  local r = record(t)
  if C.deleted then call('ZADD', cycle .. '${at.run}', 'NX', now, t)
  elseif r.status then
    if r.guessed then
      reorder(t, r, order, accepted)
      r.order = order
    end
    mend(t, r)
  elseif kind == 'waiting' then
    recordFor(t, order, accepted, 'Waiting')
    call('HSET', txKey(t), 'role', 'waiting')
    touch('${at.wait}', t)
    count(t, 'Completed')
    for j = i + 4, i + 3 + n, 2 do gain(t, tonumber(call('HGET', txKey(t), 'order')), ARGV[j], ARGV[j + 1]) end
  else
    r = adopt(t, order, accepted)
    if kind == 'failed' then standFailed(t, r) end
  end
  i = i + 4 + n
end
save()
`

/**
 * Records what still stands in the inbox, after what is open in Temporal.
 * ARGV: [2] last start and [3] last delivery that were looked at, [4] most. Answer: { last start, last delivery, 1 where more is left }.
 */
export const rebuildEntries = `
local max = tonumber(ARGV[4])
if not load(KEYS[1]) then return { ARGV[2], ARGV[3], 0 } end
local starts = call('XRANGE', cycle .. '${at.starts}', sid(tonumber(ARGV[2]) + 1), '+', 'COUNT', max)
local lastStart, lastDelivery = ARGV[2], ARGV[3]
for _, s in ipairs(starts) do
  local e = fields(s)
  local r = record(e.t)
  lastStart = sid(e.id)
  if not r.status then
    call('HSET', txKey(e.t), 'order', e.a, 'accepted', e.a, 'start', e.id, 'size', #e.d, 'rebuilt', C.counter)
    if call('HEXISTS', cycle .. '${at.startClaims}', e.id) == 1 then
      status(e.t, { order = e.a }, 'InProgress', 'role', 'new', 'ep', C.epoch, 'started', now)
      touch('${at.run}', e.t)
    else status(e.t, { order = e.a }, 'Queued') end
  elseif not r.start then
    -- Its workflow is there: nothing is to be started any more.
    removeStart(e.t, { start = e.id, size = #e.d })
  end
end
local deliveries = call('XRANGE', cycle .. '${at.deliveries}', sid(tonumber(ARGV[3]) + 1), '+', 'COUNT', max)
for _, s in ipairs(deliveries) do
  local d = fields(s)
  lastDelivery = sid(d.id)
  call('ZADD', lane(d.t, d.s), d.id, d.id)
  call('HSETNX', txKey(d.t), 'l:' .. d.s, 0)
  offer(d.t)
  local queue, id = string.match(call('HGET', txKey(d.t), 'offer') or '', '^(%S+) (%d+)$')
  if queue then call('ZADD', cycle .. queue, id, id) end
end
save()
return { string.match(lastStart, '^%d+'), string.match(lastDelivery, '^%d+'), (#starts == max or #deliveries == max) and 1 or 0 }
`

/** The index is whole: what was queued is registered again, as after an activation. Answer: none. */
export const endRebuild = `
load(KEYS[1])
if not C.state then return end
call('SET', cycle .. '${at.indexed}', '1')
if C.rebuilding then
  set('rebuilding', nil)
  -- Places of the account may be counted whose members are lost.
  local running = call('ZCARD', cycle .. '${at.run}')
  for _, id in ipairs(call('ZRANGE', string.match(part, '^[^:]+') .. '${accountCycles}' .. C.account, 0, -1)) do
    if id ~= cycleId() then running = running + call('ZCARD', string.gsub(cycle, '[^:]+$', id) .. '${at.run}') end
  end
  call('HSET', placesKey(), 'running', running)
  occupy(0)
  if C.state ~= 'Paused' then
    if C.state == 'Stopping' and not C.replayTo then set('replayTo', C.registered) end
    set('registered', C.claimed or 0)
    local upTo = C.replayTo and sid(C.replayTo) or '+'
    local start = call('XRANGE', cycle .. '${at.starts}', sid(C.registered + 1), upTo, 'COUNT', 1)[1]
    local held = call('XRANGE', cycle .. '${at.held}', sid((C.dropTo or 0) + 1), upTo, 'COUNT', 1)[1]
    if not start and not held and C.state ~= 'Stopped' then
      set('registered', C.replayTo)
      set('replayTo', nil)
    end
  end
end
if not C.deleted then
  drained()
  wake()
end
save()
`

/** Strays of a partition to be asked now; each is put off. KEYS: the partition's hash, twice. ARGV: [2] most, [3] put off for, in ms. Answer: 'account cycle transaction', …. */
export const strays = `
local found = call('ZRANGEBYSCORE', part .. '${part.strays}', '-inf', now, 'LIMIT', 0, ARGV[2])
for _, s in ipairs(found) do call('ZADD', part .. '${part.strays}', now + tonumber(ARGV[3]), s) end
return found
`

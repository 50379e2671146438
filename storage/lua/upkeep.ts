/** Upkeep. KEYS: [1] the cycle's hash, [2] its partition's hash, where not said otherwise. ARGV[1]: test clock or empty. */
import { cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/** The cycles of a partition that the sweep has to look at now. KEYS: the partition's hash, twice. ARGV: [2] most. Answer: keys of cycles. */
export const sweepDue = `
return call('ZRANGEBYSCORE', part .. '${part.due}', '-inf', now, 'LIMIT', 0, ARGV[2])
`

/**
 * Sweeps one cycle: its lease where it ran out, early requests past their window, transactions past their retention, a batch of a drop, a lost wake-up.
 * Answer: none.
 */
export const sweepCycle = `
if not load(KEYS[1]) then call('ZREM', part .. '${part.due}', KEYS[1]); return end
if C.token and not leased() then set('token', nil); set('until', nil) end

for _, id in ipairs(call('ZRANGEBYSCORE', cycle .. '${at.earlyEnds}', '-inf', now, 'LIMIT', 0, BATCH)) do
  local d = takeEarly(id)
  call('ZREM', cycle .. '${at.early}' .. d.v, id)
  unmatched(d)
end

hideDue(BATCH)

local function dropKey(d)
  if d.k == '' then return end
  local key = cycle .. '${at.key}' .. d.k
  local text = call('GET', key)
  if text and string.match(text, '^%S+ (%S+)') == d.r then call('DEL', key) end
end
if C.dropTo then
  local upTo = sid(C.dropTo)
  local position = call('HMGET', cycle, 'dropStarts', 'dropDeliveries')
  local starts = call('XRANGE', cycle .. '${at.starts}', sid(tonumber(position[1] or 0) + 1), upTo, 'COUNT', BATCH)
  for _, s in ipairs(starts) do
    local e = fields(s)
    if call('HEXISTS', cycle .. '${at.startClaims}', e.id) == 0 then dropStart(e.t, record(e.t)) end
    call('HSET', cycle, 'dropStarts', e.id)
  end
  local held = call('XRANGE', cycle .. '${at.held}', '-', upTo, 'COUNT', BATCH)
  for _, h in ipairs(held) do
    local d = fields(h)
    call('XDEL', cycle .. '${at.held}', h[1])
    charge(-1, -#d.d)
    dropKey(d)
  end
  local deliveries = call('XRANGE', cycle .. '${at.deliveries}', sid(tonumber(position[2] or 0) + 1), upTo, 'COUNT', BATCH)
  for _, s in ipairs(deliveries) do
    local d = fields(s)
    local r = record(d.t)
    if r.claim ~= tostring(d.id) and d.id > tonumber(r['l:' .. d.s] or 0) then
      takeOut(d.t, d.s, d.id)
      charge(-1, -#d.d)
      dropKey(d)
      offer(d.t)
    end
    call('HSET', cycle, 'dropDeliveries', d.id)
  end
  if #starts < BATCH and #held < BATCH and #deliveries < BATCH then
    set('dropTo', nil)
    call('HDEL', cycle, 'dropStarts', 'dropDeliveries')
  end
end

drained()
wake()
local next = nil
local function soonest(time) if time and (not next or time < next) then next = time end end
if C.dropTo then soonest(now) end
if C.token then soonest(C['until']) end
soonest(tonumber(call('ZRANGE', cycle .. '${at.earlyEnds}', 0, 0, 'WITHSCORES')[2]))
soonest(tonumber(call('ZRANGE', cycle .. '${at.hiding}', 0, 0, 'WITHSCORES')[2]))
if next then call('ZADD', part .. '${part.due}', next, cycle) else call('ZREM', part .. '${part.due}', cycle) end
save()
`

/** Cycles whose members are to be looked through; each is put off. KEYS: the partition's hash, twice. ARGV: [2] most. Answer: keys of cycles. */
export const askDue = `
local found = call('ZRANGEBYSCORE', part .. '${part.ask}', '-inf', now, 'LIMIT', 0, ARGV[2])
for _, c in ipairs(found) do call('ZADD', part .. '${part.ask}', now + SWEEP_AGE / 6, c) end
return found
`

/**
 * Members, and slowly those that wait or stand failed, whose workflow ought to be asked about; each is marked.
 * ARGV: [2] most. Answer: { account, cycle, { transaction, since }, … }.
 */
export const ask = `
if not load(KEYS[1]) then
  if not C.state then call('ZREM', part .. '${part.ask}', KEYS[1]) end
  return {}
end
local out = { C.account, cycleId() }
local function look(members, age, max)
  for _, t in ipairs(call('ZRANGEBYSCORE', cycle .. members, '-inf', now - age, 'LIMIT', 0, max)) do
    out[#out + 1] = { t, touch(members, t) }
  end
end
local max = tonumber(ARGV[2])
look('${at.run}', SWEEP_AGE, max)
look('${at.items}', SWEEP_AGE, max)
for _, quiet in ipairs({ '${at.wait}', '${at.failed}' }) do look(quiet, SWEEP_AGE * 20, math.max(1, math.floor(max / 10))) end
-- Items that a parent waits for and that have no record: they have not begun yet, or were closed before that.
for _, entry in ipairs(call('ZRANGEBYSCORE', cycle .. '${at.splitting}', '-inf', now - SWEEP_AGE, 'LIMIT', 0, 5)) do
  touch('${at.splitting}', entry)
  local parent, split = string.match(entry, '^(%S+) (%S+)$')
  local splits = call('HMGET', splitsKey(parent), 'mark:' .. split, 'look:' .. split)
  local mark, index = tonumber(splits[1] or 0), tonumber(splits[2] or 0)
  for _ = 1, BATCH do
    if index >= mark then index = 0; break end
    local item = parent .. '.' .. split .. '.' .. string.format('%.0f', index)
    index = index + 1
    if call('GETBIT', countedKey(parent, split), index - 1) == 0 and call('EXISTS', txKey(item)) == 0 then
      out[#out + 1] = { item, now }
      if #out >= max then break end
    end
  end
  call('HSET', splitsKey(parent), 'look:' .. split, index)
end
return out
`

/**
 * What Temporal said of one that was asked about. ARGV: [2] transaction, [3] since, [4] 'completed' | 'closed' | 'unknown'. Answer: none.
 */
export const answer = `
if not load(KEYS[1]) then return end
local t = ARGV[2]
local r = record(t)
local parent, split = itemOf(t)
local wakes
if not r.status and parent and call('EXISTS', txKey(parent)) == 1 then wakes = stillborn(t, ARGV[4] == 'completed' and 'Completed' or 'Stopped')
elseif not r.role then return
elseif ARGV[4] ~= 'unknown' then
  over(t)
  if r.role ~= 'failed' then wakes = finish(t, r, 'Stopped', RETENTION) end
elseif r.role == 'new' and not r.start and tonumber(call('ZSCORE', cycle .. '${at.run}', t)) == tonumber(ARGV[3]) then
  finish(t, over(t), 'Swept', RETENTION)
  call('HSET', txKey(t), 'swept', '1')
end
-- Nobody else tells it.
if wakes then wakeParent(parent, split, now) end
drained()
wake()
save()
`

/** Cycles of which transactions are to go now. KEYS: the partition's hash, twice. ARGV: [2] most. Answer: keys of cycles. */
export const removalsDue = `
return call('ZRANGEBYSCORE', part .. '${part.removals}', '-inf', now, 'LIMIT', 0, ARGV[2])
`

/** Transactions of a cycle that are to go now. ARGV: [2] most. Answer: { account, cycle, { transaction, 1: a workflow of it may be there }, … }. */
export const removals = `
if not load(KEYS[1]) then call('ZREM', part .. '${part.removals}', KEYS[1]); return {} end
local out = { C.account, cycleId() }
for _, t in ipairs(call('ZRANGEBYSCORE', cycle .. '${at.removals}', '-inf', now, 'LIMIT', 0, ARGV[2])) do
  out[#out + 1] = { t, call('HEXISTS', txKey(t), 'started') }
end
if #out == 2 then nextRemoval() end
return out
`

/** Nothing of these is left elsewhere. ARGV: [2…] transactions. Answer: none. */
export const removed = `
if not load(KEYS[1]) then return end
for i = 2, #ARGV do
  local score = call('ZSCORE', cycle .. '${at.removals}', ARGV[i])
  if score and tonumber(score) <= now then forget(ARGV[i], record(ARGV[i])) end
end
nextRemoval()
passOn()
`

/** Parents that are to be told. KEYS: the partition's hash, twice. ARGV: [2] most. Answer: { account, cycle, transaction, split, at } for each. */
export const wakes = `
local out = {}
local found = call('ZRANGEBYSCORE', part .. '${part.wakes}', '-inf', now, 'WITHSCORES', 'LIMIT', 0, ARGV[2])
for i = 1, #found, 2 do
  local entry = found[i]
  local key, parent, split = string.match(entry, '^(%S+) (%S+) (%S+)$')
  local account = call('HGET', key, 'account')
  if account then out[#out + 1] = { account, string.match(key, '[^:]+$'), parent, split, found[i + 1] } else call('ZREM', part .. '${part.wakes}', entry) end
end
return out
`

/** A parent was told, or is gone. ARGV: [2] transaction, [3] split, [4] at. Answer: none. */
export const woken = `
cycle = KEYS[1]
if call('ZSCORE', part .. '${part.wakes}', cycle .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]) == ARGV[4] then awake(ARGV[2], ARGV[3]) end
`

/**
 * A page of doomed ones, or of all that have an open workflow. ARGV: [2] 'doomed' | 'everyone', [3] where to go on ('' at first), [4] about how many.
 * Answer: { where to go on or '', transaction, … }.
 */
export const members = `
local there = load(KEYS[1])
local everyone = ARGV[2] == 'everyone'
if everyone and C.state and call('EXISTS', cycle .. '${at.indexed}') == 0 then
  return redis.error_reply('TRYAGAIN the index of the cycle is being rebuilt')
end
if not there and not everyone then return { '' } end
local sets = everyone and { '${at.run}', '${at.items}', '${at.wait}', '${at.failed}' } or { '${at.run}', '${at.items}' }
local n, cursor = string.match(ARGV[3], '^(%d+) (%d+)$')
n = tonumber(n or 1)
-- Entries come whatever is added or touched meanwhile; some may come twice.
local found = call('ZSCAN', cycle .. sets[n], cursor or 0, 'COUNT', ARGV[4])
local next = ''
if found[1] ~= '0' then next = n .. ' ' .. found[1] elseif n < #sets then next = (n + 1) .. ' 0' end
local out = { next }
for i = 1, #found[2], 2 do
  if everyone or doomed(record(found[2][i])) then out[#out + 1] = found[2][i] end
end
return out
`

/** Purges a batch of a deleted cycle. ARGV: [2] most transactions. Answer: 1 where more is left. */
export const purge = `
if load(KEYS[1]) or not C.state then return 0 end
local left = tonumber(ARGV[2])
-- Every record is in one of these.
local sets = { '${at.run}', '${at.items}', '${at.wait}', '${at.failed}', '${at.hiding}', '${at.removals}' }
for _, s in ipairs({ 'Queued', 'InProgress', 'Waiting', 'Completed', 'Errored', 'Stopped', 'Dropped', 'Swept' }) do sets[#sets + 1] = '${at.byStatus}' .. s end
for _, s in ipairs(sets) do
  for _, t in ipairs(call('ZRANGE', cycle .. s, 0, left - 1)) do
    local r = record(t)
    for field, v in pairs(r) do
      local kind = string.sub(field, 1, 2)
      if kind == 'v:' then call('UNLINK', cycle .. '${at.index}' .. v) end
      if kind == 'l:' then call('UNLINK', lane(t, string.sub(field, 3))) end
    end
    if r.key then call('UNLINK', cycle .. '${at.key}' .. r.key) end
    forget(t, r)
    left = left - 1
  end
  if left <= 0 then passOn(); return 1 end
end
for _, id in ipairs(call('ZRANGE', cycle .. '${at.earlyEnds}', 0, left - 1)) do
  call('UNLINK', cycle .. '${at.early}' .. takeEarly(id).v)
  left = left - 1
end
if left <= 0 then return 1 end
for _, suffix in ipairs({ '${at.starts}', '${at.startClaims}', '${at.deliveries}', '${at.deliveryClaims}', '${at.held}', '${at.readyMembers}', '${at.readyWaiting}',
    '${at.revivals}', '${at.splitting}', '${at.earlyEntries}', '${at.earlyEnds}' }) do
  call('UNLINK', cycle .. suffix)
end
call('UNLINK', cycle, cycle .. '${at.indexed}')
call('ZREM', part .. '${part.due}', cycle)
call('ZREM', part .. '${part.ask}', cycle)
call('ZREM', part .. '${part.removals}', cycle)
passOn()
return 0
`

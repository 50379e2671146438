/** Controls and reads of a cycle. KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty. */
import { accountRecord, cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/** Makes a cycle, state Paused; one that is there stays as it is. ARGV: [2] account, [3] document version, [4] '1': its trigger is a schedule, [5] '1': it stops after its first run. Answer: none. */
export const create = `
if call('EXISTS', cycle) == 1 then return end
call('HSET', cycle, 'state', 'Paused', 'account', ARGV[2], 'version', ARGV[3], 'epoch', 1, 'counter', 0, 'entries', 0, 'bytes', 0, 'stoppedAt', 0,
  'scheduled', ARGV[4])
if ARGV[5] == '1' then call('HSET', cycle, 'once', 1) end
call('SET', cycle .. '${at.indexed}', '1')
call('ZADD', part .. '${part.ask}', now, cycle)
`

/** Answer: 'done' | 'deleted'. */
export const activate = `
if not load(KEYS[1]) then return 'deleted' end
if C.state == 'Active' then return 'done' end
drop()
set('state', 'Active')
set('replayTo', nil)
local claimed = C.claimed or 0
if C.registeredVersion ~= C.version then
  -- Another document: all that waits is registered anew (cycles.md 6).
  set('registeredVersion', C.version)
  if C.registered and C.registered > claimed then set('registered', claimed) end
end
if C.registered and C.registered < claimed then set('registered', claimed) end
local unregistered = C.registered and call('XRANGE', cycle .. '${at.starts}', sid(C.registered + 1), '+', 'COUNT', 1)[1]
local held = call('XRANGE', cycle .. '${at.held}', sid((C.dropTo or 0) + 1), '+', 'COUNT', 1)[1]
if not unregistered and not held then set('registered', nil) end
-- The runs of a schedule belong to one start: no two have the same time.
call('HSET', cycle, 'activation', math.max(now, tonumber(call('HGET', cycle, 'activation') or 0) + 1))
reschedule()
-- What came while it stood still is its first run.
if unregistered then firstRun() end
wake()
save()
return 'done'
`

/** Answer: 'done' | 'deleted'. */
export const deactivate = `
if not load(KEYS[1]) then return 'deleted' end
if not runs() then return 'done' end
call('XADD', part .. '${part.control}', '*', 'account', C.account, 'cycle', cycleId(), 'op', 'stop', 'epoch', C.epoch)
if not C.registered then set('registered', C.counter) end
set('replayTo', nil)
set('state', 'Stopped'); set('epoch', C.epoch + 1); set('stoppedAt', now)
reschedule()
wake()
save()
return 'done'
`

/** A new cycle that cannot be started is Stopped, as after a start and a stop between which nothing came; from other states: nothing. Answer: 'done' | 'deleted'. */
export const rest = `
if not load(KEYS[1]) then return 'deleted' end
if C.state ~= 'Paused' then return 'done' end
if not C.registered then set('registered', C.counter) end
set('state', 'Stopped'); set('epoch', C.epoch + 1); set('stoppedAt', now)
save()
return 'done'
`

/** Answer: 'done' | 'deleted'. */
export const finishQueued = `
if not load(KEYS[1]) then return 'deleted' end
if C.state ~= 'Active' then return 'done' end
finishing()
drained()
wake()
save()
return 'done'
`

/** Answer: 'done' | 'deleted'. */
export const remove = `
if not load(KEYS[1]) then return 'deleted' end
set('deleted', '1'); set('epoch', C.epoch + 1)
set('token', nil); set('until', nil); set('ready', nil)
charge(-C.entries, -C.bytes)
call('ZREM', lineKey(), cycle)
call('XADD', part .. '${part.control}', '*', 'account', C.account, 'cycle', cycleId(), 'op', 'delete', 'epoch', C.epoch)
save()
return 'done'
`

/** ARGV: [2] document version. Answer: 'done' | 'running' | 'deleted'. */
export const edited = `
if not load(KEYS[1]) then return 'deleted' end
if runs() then return 'running' end
set('version', tonumber(ARGV[2]))
save()
return 'done'
`

/** Applies a drop that is due. Answer: nil or { state, epoch, version, in progress, queued, waiting, errors, warnings, unmatched, ignored, oldest or '' }. */
export const status = `
if not load(KEYS[1]) then return false end
drop()
save()
local n = call('HMGET', cycle, 'errors', 'warnings', 'unmatched', 'ignored')
local oldest
for _, stream in ipairs({ '${at.starts}', '${at.held}', '${at.deliveries}' }) do
  local first = call('XRANGE', cycle .. stream, sid((C.dropTo or 0) + 1), '+', 'COUNT', 1)[1]
  local time = first and tonumber(fields(first).a)
  if time and (not oldest or time < oldest) then oldest = time end
end
return { C.state, C.epoch, C.version, call('ZCARD', cycle .. '${at.byStatus}InProgress'), call('ZCOUNT', cycle .. '${at.byStatus}Queued', '(' .. (C.dropTo or 0), '+inf'),
  call('ZCARD', cycle .. '${at.byStatus}Waiting'), tonumber(n[1] or 0), tonumber(n[2] or 0), tonumber(n[3] or 0), tonumber(n[4] or 0), oldest or '' }
`

/** A transaction as lists show it. */
export const shown = `
local function shown(t, r)
  local status = (r.status == 'Queued' and droppedStart(r)) and 'Dropped' or r.status
  return { t, status, r.accepted, r.started or '', r.ended or '', r.errors or '0', r.warnings or '0' }
end
`

/**
 * Transactions, newest first; applies a drop that is due. ARGV: [2] status or '', [3] after or '', [4] before or '', [5] most.
 * Answer: { { transaction, status, accepted, started or '', ended or '', errors, warnings }, … }.
 */
export const list = `
${shown}
if not load(KEYS[1]) then return {} end
drop()
hideDue(BATCH)
save()
local wanted, max = ARGV[2], tonumber(ARGV[5])
local function bound(t, open)
  if t == '' then return open end
  local order = call('HGET', txKey(t), 'order')
  return order and '(' .. order
end
local high, low = bound(ARGV[3], '+inf'), bound(ARGV[4], '-inf')
if not high or not low then return {} end
local sets = wanted ~= '' and { wanted } or { 'Queued', 'InProgress', 'Waiting', 'Completed', 'Errored', 'Stopped', 'Dropped' }
if wanted == 'Dropped' and C.dropTo then sets[2] = 'Queued' end
local found = {}
for _, s in ipairs(sets) do
  local flat = call('ZREVRANGEBYSCORE', cycle .. '${at.byStatus}' .. s, high, low, 'WITHSCORES', 'LIMIT', 0, max)
  for i = 1, #flat, 2 do found[#found + 1] = { flat[i], tonumber(flat[i + 1]) } end
end
table.sort(found, function(a, b) return a[2] > b[2] end)
local out = {}
for _, f in ipairs(found) do
  if #out >= max then break end
  local r = record(f[1])
  local item = shown(f[1], r)
  if not hidden(r) and (wanted == '' or item[2] == wanted) then out[#out + 1] = item end
end
return out
`

/** One transaction. ARGV: [2] transaction. Answer: nil or as in a list. */
export const transaction = `
${shown}
if not load(KEYS[1]) then return false end
drop()
save()
local r = record(ARGV[2])
if not r.status or hidden(r) then return false end
return shown(ARGV[2], r)
`

/**
 * Stops one transaction: one that nobody claimed is taken out. ARGV: [2] transaction.
 * Answer: 'stopped' | 'signal' (its workflow is to be told) | 'over' | 'unknown'.
 */
export const stopTransaction = `
if not load(KEYS[1]) then return 'unknown' end
drop()
local t = ARGV[2]
local r = record(t)
if not r.status or hidden(r) then save(); return 'unknown' end
if r.role then save(); return 'signal' end
if not r.start or droppedStart(r) then save(); return 'over' end
finish(t, over(t), 'Stopped', RETENTION)
drained()
wake()
save()
return 'stopped'
`

/**
 * Sets how many transactions of an account may run at once. KEYS: the partition's hash, twice. ARGV: [2] account, [3] most, or '': no limit.
 * Answer: 1, or 0 where there is no such account.
 */
export const limitAccount = `
local key = string.match(part, '^[^:]+') .. '${accountRecord}' .. ARGV[2]
if call('EXISTS', key) == 0 then return 0 end
if ARGV[3] == '' then call('HDEL', key, 'maxConcurrency') else call('HSET', key, 'maxConcurrency', ARGV[3]) end
C = { account = ARGV[2] }
passOn()
return 1
`

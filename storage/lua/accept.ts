/** The accepting side. KEYS of all scripts: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty. */
import { cycleSuffix as at } from '../keys.ts'

/**
 * Accepts a trigger's request.
 * ARGV: [2] transaction, [3] step, [4] key's hash or '', [5] data, [6] document version, [7] maxConcurrency or '', [8] '1': a sender is held,
 * [9…] step and value's hash, in pairs.
 * Answer: { 'deleted' | 'stale' | 'inactive' | 'full' } or { 'accepted', transaction, replayed 0|1, 'inbox' | 'queued' | 'start' }.
 */
export const acceptTrigger = `
if not load(KEYS[1]) then return { 'deleted' } end
if C.version ~= tonumber(ARGV[6]) then return { 'stale' } end
local t, step, k, data, max = ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[7])
local queued = C.state ~= 'Active' or C.registered ~= nil or C.rebuilding ~= nil
local direct = ARGV[8] == '1' and not max and not accountMax() and not queued and not C.once
local function register(t, order)
  for i = 9, #ARGV, 2 do gain(t, order, ARGV[i], ARGV[i + 1]) end
end
local function become(t, id)
  call('HSET', txKey(t), 'role', 'new', 'ep', C.epoch, 'started', now)
  touch('${at.run}', t)
  register(t, id)
  return 'start'
end
local function append(t, id, order)
  call('HSET', txKey(t), 'start', id, 'size', #data)
  call('XADD', cycle .. '${at.starts}', sid(id), 't', t, 's', step, 'a', now, 'd', data)
  charge(1, #data)
  set('max', max)
  if queued then wake(); return C.state == 'Active' and 'inbox' or 'queued' end
  register(t, order)
  if max or accountMax() then wake() else setReady() end
  return 'inbox'
end

local seen = known(k)
local r = seen and seen.t and record(seen.t) or {}
if seen and r.swept ~= '1' then
  local next = 'start'
  if not seen.t or seen.now then next = 'queued'
  elseif r.start then
    local before = C.state == 'Stopping' and tonumber(r.start) <= (C.replayTo or C.registered)
    next = (C.state == 'Active' or before or r.role) and 'inbox' or 'queued'
  elseif r.role == 'new' then touch('${at.run}', seen.t) end
  return { 'accepted', seen.t or seen.rid, 1, next }
end

drop()
if not accepting() then save(); return { 'inactive' } end
if not direct and full(#data) then save(); return { 'full' } end
local id, next = nextId(), nil
if seen then
  -- A synchronous one whose api died before the start, and which the sweep took away: it is accepted again, with its id and place in the order.
  t = seen.t
  unfinish(t, r)
  status(t, r, direct and 'InProgress' or 'Queued')
  next = direct and become(t, tonumber(r.order)) or append(t, id, tonumber(r.order))
else
  local first = direct and 'InProgress' or 'Queued'
  call('HSET', txKey(t), 'order', id, 'status', first, 'accepted', now)
  setStatus(t, id, nil, first)
  if k ~= '' then
    call('HSET', txKey(t), 'key', k)
    call('SET', cycle .. '${at.key}' .. k, keyRecord(t, t, 'accepted', id))
  end
  next = direct and become(t, id) or append(t, id, id)
end
if next == 'queued' then answeredNow(k) end
firstRun()
save()
return { 'accepted', t, seen and 1 or 0, next }
`

/**
 * Accepts a request for a mid-cycle step.
 * ARGV: [2] request, [3] step, [4] key's hash or '', [5] data, [6] document version, [7] maxConcurrency or '', [8] '1': a sender is held,
 * [9] value's hash or '', [10] window in ms.
 * Answer: { 'deleted' | 'stale' | 'inactive' | 'full' } or { 'matched' | 'early' | 'queued' | 'unmatched' | 'ignored', transaction or '', request, replayed 0|1 }.
 */
export const acceptMidCycle = `
if not load(KEYS[1]) then return { 'deleted' } end
if C.version ~= tonumber(ARGV[6]) then return { 'stale' } end
local seen = known(ARGV[4])
if seen and seen.now then return { 'queued', '', seen.rid, 1 } end
if seen then return { seen.outcome == 'accepted' and 'matched' or seen.outcome, seen.t or '', seen.rid, 1 } end
drop()
if not accepting() then save(); return { 'inactive' } end
local d = { r = ARGV[2], s = ARGV[3], k = ARGV[4], d = ARGV[5], h = ARGV[8] == '1' and '1' or '', v = ARGV[9], x = '', a = now }
if full(#d.d) then save(); return { 'full' } end
local id = nextId()
charge(1, #d.d)
set('max', tonumber(ARGV[7]))
if d.k ~= '' then call('SET', cycle .. '${at.key}' .. d.k, keyRecord(nil, d.r, 'queued', id), 'PX', RETENTION + 2 * KEY_MIN) end
local outcome, t = 'queued', nil
local whole = not C.rebuilding and call('EXISTS', cycle .. '${at.indexed}') == 1
if C.state ~= 'Active' or C.registered or not whole then hold(d, id) else outcome, t = match(d, tonumber(ARGV[10]), id) end
if outcome ~= 'matched' then answeredNow(d.k) end
wake()
save()
return { outcome, t or '', d.r, 0 }
`

/**
 * Keeps a synchronous transaction that waits for its start from the sweep, as a repeat with its key does.
 * ARGV: [2] transaction. Answer: 1, or 0 where there is no such start to wait for.
 */
export const renewStart = `
if not load(KEYS[1]) then return 0 end
local r = record(ARGV[2])
if r.role ~= 'new' or r.start then return 0 end
touch('${at.run}', ARGV[2])
return 1
`

/**
 * Looks at key and state, writes nothing.
 * ARGV: [2] document version, [3] key's hash or ''.
 * Answer: { 'deleted' | 'stale' | 'inactive' | 'open' } or { 'known', transaction or '', request, ignored 0|1, 'inbox' | 'queued' | 'start' }.
 */
export const peek = `
if not load(KEYS[1]) then return { 'deleted' } end
if C.version ~= tonumber(ARGV[2]) then return { 'stale' } end
local seen = known(ARGV[3])
local r = seen and seen.t and record(seen.t) or {}
if seen and r.swept ~= '1' then
  local next = 'start'
  if seen.now or seen.outcome == 'queued' or seen.outcome == 'ignored' then next = 'queued'
  elseif r.start then
    local before = C.state == 'Stopping' and tonumber(r.start) <= (C.replayTo or C.registered)
    next = (C.state == 'Active' or before or r.role) and 'inbox' or 'queued'
  end
  local t = (not seen.now or seen.outcome == 'accepted') and seen.t
  return { 'known', t or '', seen.rid, seen.outcome == 'ignored' and 1 or 0, next }
end
return { accepting() and 'open' or 'inactive' }
`

/**
 * A request that after_webhook turned away leaves its key and is counted.
 * ARGV: [2] request, [3] key's hash or ''. Answer: none.
 */
export const ignored = `
if not load(KEYS[1]) then return end
if ARGV[3] ~= '' then
  if known(ARGV[3]) then return end
  call('SET', cycle .. '${at.key}' .. ARGV[3], keyRecord(nil, ARGV[2], 'ignored', 0), 'PX', RETENTION)
end
call('HINCRBY', cycle, 'ignored', 1)
`

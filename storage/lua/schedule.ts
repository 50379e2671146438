/** Runs of a schedule. KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty. */
import { cycleSuffix as at } from '../keys.ts'

/** What a Temporal Schedule has to reflect. Answer: nil or { state, activation, change }. */
export const scheduling = `
if not load(KEYS[1]) then return false end
local v = call('HMGET', cycle, 'activation', 'changes')
return { C.state, tonumber(v[1] or 0), tonumber(v[2] or 0) }
`

/**
 * Accepts a run that fell due, like a trigger's request that was accepted while Active; limits of size do not matter, as no two are in the inbox.
 * ARGV: [2] transaction, [3] step, [4] key's hash, [5] data, [6] document version, [7] maxConcurrency or '', [8] activation, [9] when it fell due,
 * [10] '1': the cycle finishes with it, [11…] step and value's hash, in pairs.
 * Answer: { 'deleted' | 'inactive' | 'stale' | 'skipped' } or { 'accepted', transaction, replayed 0|1 }.
 */
export const acceptScheduled = `
if not load(KEYS[1]) then return { 'deleted' } end
local t, step, k, data, due_ = ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[9]
local seen = known(k)
if seen then return { 'accepted', seen.t, 1 } end
if C.state ~= 'Active' or call('HGET', cycle, 'activation') ~= ARGV[8] then return { 'inactive' } end
if C.version ~= tonumber(ARGV[6]) then return { 'stale' } end

-- What a stop has doomed runs no more.
local function previous()
  for _, m in ipairs(call('ZRANGE', cycle .. '${at.run}', 0, 99)) do
    if not doomed(record(m)) then return m end
  end
  local queued = call('XRANGE', cycle .. '${at.starts}', sid((C.claimed or 0) + 1), '+', 'COUNT', 1)[1]
  return queued and fields(queued).t
end
local busy = previous()
if busy then
  -- A repeat tells nothing new.
  if call('HGET', cycle, 'skipped') ~= due_ then
    call('HSET', cycle, 'skipped', due_)
    notice('triggerSkipped', busy, due_, step)
  end
  return { 'skipped' }
end

local id = nextId()
call('HSET', txKey(t), 'order', id, 'status', 'Queued', 'accepted', now, 'key', k, 'start', id, 'size', #data)
setStatus(t, id, nil, 'Queued')
call('SET', cycle .. '${at.key}' .. k, keyRecord(t, t, 'accepted', id))
call('XADD', cycle .. '${at.starts}', sid(id), 't', t, 's', step, 'a', now, 'd', data)
charge(1, #data)
set('max', tonumber(ARGV[7]))
if not C.registered then
  for i = 11, #ARGV, 2 do gain(t, id, ARGV[i], ARGV[i + 1]) end
end
if ARGV[10] == '1' then set('once', nil); finishing() else firstRun() end
wake()
save()
return { 'accepted', t, 0 }
`

/** The transaction's own side; each script may be repeated. KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty, [2] transaction. */
import { cycleSuffix as at } from '../keys.ts'

/**
 * Asks whether the transaction may begin; the running set decides, not the workflow's input.
 * ARGV: [3] worker that started it or '', [4…] step and value's hash of the trigger's own values, in pairs. Answer: 'go' | 'stop'.
 */
export const begin = `
local t = ARGV[2]
if ARGV[3] ~= '' then begun(ARGV[3], t) end
if not load(KEYS[1]) then return 'stop' end
local r = record(t)
if r.role == 'begun' then return tonumber(r.ep) == C.epoch and 'go' or 'stop' end
if r.role == 'waiting' then return 'stop' end
if not r.role then
  if r.swept ~= '1' or C.state ~= 'Active' then return 'stop' end
  -- Its sweep's answer was older than its start: it is accepted again.
  call('HDEL', txKey(t), 'swept')
  call('ZREM', cycle .. '${at.removals}', t)
  if r.key then call('PERSIST', cycle .. '${at.key}' .. r.key) end
  status(t, r, 'InProgress', 'role', 'begun', 'ep', C.epoch)
  touch('${at.run}', t)
  for i = 4, #ARGV, 2 do gain(t, tonumber(r.order), ARGV[i], ARGV[i + 1]) end
else
  if C.state == 'Stopped' then return 'stop' end
  call('HSET', txKey(t), 'role', 'begun', 'ep', C.epoch)
  removeStart(t, r)
end
offer(t)
wake()
save()
return 'go'
`

/**
 * Asks before each further run, and takes the delivery.
 * ARGV: [3] step, [4] delivery. Answer: { 'go' } or { 'stop', 1: the delivery had been taken before }.
 */
export const resume = `
local t, step, d = ARGV[2], ARGV[3], ARGV[4]
if not load(KEYS[1]) then return { 'stop', 0 } end
local r = record(t)
if r.role ~= 'begun' or doomed(r) then return { 'stop', call('ZSCORE', lane(t, step), d) and 0 or 1 } end
taken(t, step, d)
offer(t)
drained()
wake()
save()
return { 'go' }
`

/**
 * Replaces the value of one step and meets early requests.
 * ARGV: [3] step, [4] value's hash or ''. Answer: none.
 */
export const register = `
local t, step, v = ARGV[2], ARGV[3], ARGV[4]
if not load(KEYS[1]) then return end
local r = record(t)
if (r.role ~= 'new' and r.role ~= 'begun' and r.role ~= 'waiting') or doomed(r) then return end
local old = r['v:' .. step]
if old and old ~= v then
  call('ZREM', cycle .. '${at.index}' .. old, t)
  call('HDEL', txKey(t), 'v:' .. step)
end
if v ~= '' then gain(t, tonumber(r.order), step, v) end
wake()
save()
`

/** Whether a stop concerns this transaction. Answer: 'go' | 'stop'. */
export const check = `
if not load(KEYS[1]) then return 'stop' end
return doomed(record(ARGV[2])) and 'stop' or 'go'
`

/**
 * The run is over and only mid-cycle webhooks can move it on.
 * ARGV: [3…] step and highest delivery seen, in pairs. Answer: 'parked' | 'busy' | 'stop'.
 */
export const park = `
local t = ARGV[2]
if not load(KEYS[1]) then return 'stop' end
local r = record(t)
if doomed(r) then return 'stop' end
if r.role ~= 'begun' then return 'parked' end
local seen = {}
for i = 3, #ARGV, 2 do seen[ARGV[i]] = tonumber(ARGV[i + 1]) end
for field, claimed in pairs(r) do
  if string.sub(field, 1, 2) == 'c:' and tonumber(claimed) > (seen[string.sub(field, 3)] or 0) then return 'busy' end
end
call('ZREM', cycle .. '${at.run}', t)
touch('${at.wait}', t)
status(t, r, 'Waiting', 'role', 'waiting')
offer(t)
drained()
wake()
save()
return 'parked'
`

/**
 * The workflow is about to close.
 * ARGV: [3] status, [4] retention in ms, [5…] step and highest delivery for which a run was made, in pairs. Answer: none.
 */
export const finish = `
local t = ARGV[2]
if not load(KEYS[1]) then
  call('ZREM', cycle .. '${at.run}', t)
  call('ZREM', cycle .. '${at.wait}', t)
  return
end
for i = 5, #ARGV, 2 do taken(t, ARGV[i], ARGV[i + 1]) end
finish(t, over(t), ARGV[3], tonumber(ARGV[4]))
drained()
wake()
save()
`

/**
 * The transaction's own side; each script may be repeated. Of a cycle that is not in this Redis it is an error. A transaction without a record, which was
 * lost with its Redis, gets one. KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty, [2] transaction.
 */
import { cycleSuffix as at } from '../keys.ts'

/**
 * Asks whether the transaction may begin; the running set decides, not the workflow's input.
 * ARGV: [3] process that started it or '', [4] Temporal's run or '', [5…] step and value's hash of the trigger's own values, in pairs. Answer: 'go' | 'stop'.
 */
export const begin = `
local t = ARGV[2]
if ARGV[3] ~= '' then begun(ARGV[3], t) end
if not load(KEYS[1]) then return missing('stop') end
local r = record(t)
if not r.status then r = strayed(t); save() end
if r.rebuilt and r.role == 'begun' and not doomed(r) then regainFrom(t, r, 5); wake(); save() end
-- An operator reset it: another run begins, from the beginning. It waits for no place, as it had one.
local reset = r.ran and r.ran ~= ARGV[4] and r.role ~= 'begun' and r.role ~= 'new'
if ARGV[4] ~= '' and r.status then call('HSET', txKey(t), 'ran', ARGV[4]) end
if reset then
  if C.state ~= 'Active' then return 'stop' end
  call('HDEL', txKey(t), 'asked', 'refused')
  revived(t, r)
  for i = 5, #ARGV, 2 do gain(t, tonumber(r.order), ARGV[i], ARGV[i + 1]) end
  offer(t)
  wake()
  save()
  return 'go'
end
if r.role == 'begun' then return tonumber(r.ep) == C.epoch and 'go' or 'stop' end
-- The task in which it began, and came to wait, failed or ended, was lost with its worker: it goes through it once more, and asks for nothing new.
if passed(r) then return 'go' end
if not r.role then
  if r.swept ~= '1' or C.state ~= 'Active' then return 'stop' end
  -- Its sweep's answer was older than its start: it is accepted again.
  unfinish(t, r)
  status(t, r, 'InProgress', 'role', 'begun', 'ep', C.epoch)
  touch('${at.run}', t)
  for i = 5, #ARGV, 2 do gain(t, tonumber(r.order), ARGV[i], ARGV[i + 1]) end
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
 * ARGV: [3] step, [4] delivery. Answer: { 'go' }, { 'moved': it is another's by now } or { 'stop', 1: the delivery had been taken before }.
 */
export const resume = `
local t, step, d = ARGV[2], ARGV[3], ARGV[4]
if not load(KEYS[1]) then return missing({ 'stop', 0 }) end
local r = record(t)
if not r.status then r = strayed(t); save()
elseif r.role == 'waiting' and r.rebuilt then r = rejoin(t, r); save() end
local before = tonumber(r['t:' .. step] or 0) >= tonumber(d)
-- As in begin: what it took in the lost task.
if before and passed(r) then return { 'go' } end
if not (runsOn(r) or r.role == 'waiting') or doomed(r) then return { 'stop', before and 1 or 0 } end
-- It was signalled when the transaction failed, or just before: a signal that came late.
if not before and not call('ZSCORE', lane(t, step), d) and tonumber(d) > tonumber(r.rebuilt or 0) then return { 'moved' } end
if r.role == 'waiting' then return { 'stop', 1 } end
if not before then call('HSET', txKey(t), 't:' .. step, d) end
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
if not r.status then r = strayed(t); save() end
if not (runsOn(r) or r.role == 'new' or r.role == 'waiting') or doomed(r) then return end
local old = r['v:' .. step]
if old and old ~= v then
  call('ZREM', cycle .. '${at.index}' .. old, t)
  call('HDEL', txKey(t), 'v:' .. step)
end
if v ~= '' then gain(t, tonumber(r.order), step, v) end
wake()
save()
`

/**
 * Whether a stop concerns this transaction. It tells what it is, as a record that was rebuilt may not know it.
 * ARGV: [3] 'InProgress' | 'Waiting' | 'Errored', [4] accepted at, in ms, [5…] step and value's hash in pairs. Answer: 'go' | 'stop'.
 */
export const check = `
local t, told, accepted = ARGV[2], ARGV[3], ARGV[4]
if not load(KEYS[1]) then return missing('stop') end
local r = record(t)
if not r.status then r = adopt(t, accepted, accepted)
elseif not r.rebuilt then return doomed(r) and 'stop' or 'go' end
if r.guessed and tonumber(accepted) <= C.counter then
  reorder(t, r, accepted, accepted)
  r.order = accepted
end
-- Also in a stopped cycle: what waits or stands failed survives a stop.
if told ~= 'InProgress' and unclaimed(r) then
  if told == 'Waiting' then rest(t, r) else standFailed(t, r) end
  r.role = call('HGET', txKey(t), 'role')
end
if doomed(r) then save(); return 'stop' end
if r.role then
  regainFrom(t, r, 5)
  offer(t)
end
drained()
wake()
save()
return 'go'
`

/**
 * The run is over and only mid-cycle webhooks can move it on.
 * ARGV: [3…] step and highest delivery seen, in pairs. Answer: { 'parked' | 'busy' | 'stop', 1: an item whose parent waits for this }.
 */
export const park = `
local t = ARGV[2]
if not load(KEYS[1]) then return missing({ 'stop', 0 }) end
local r = record(t)
if not r.status then r = strayed(t); save() end
if doomed(r) then return { 'stop', 0 } end
if not runsOn(r) then return { 'parked', r.wakes and 1 or 0 } end
local seen = {}
for i = 3, #ARGV, 2 do seen[ARGV[i]] = tonumber(ARGV[i + 1]) end
for field, claimed in pairs(r) do
  if string.sub(field, 1, 2) == 'c:' and tonumber(claimed) > (seen[string.sub(field, 3)] or 0) then return { 'busy', 0 } end
end
leave(t)
touch('${at.wait}', t)
status(t, r, 'Waiting', 'role', 'waiting')
local wakes = count(t, 'Completed') or r.wakes
offer(t)
drained()
wake()
save()
return { 'parked', wakes and 1 or 0 }
`

/**
 * The workflow is about to close.
 * ARGV: [3] status, [4] retention in ms, [5…] step and highest delivery for which a run was made, in pairs.
 * Answer: { 1: an item whose parent waits for this, 1: it was over before: it stood failed, or this is a repeat }.
 */
export const finish = `
local t = ARGV[2]
if not load(KEYS[1]) then leave(t); passOn(); return { 0, 1 } end
for i = 5, #ARGV, 2 do taken(t, ARGV[i], ARGV[i + 1]) end
local r = over(t)
local wakes = finish(t, r, ARGV[3], tonumber(ARGV[4]))
drained()
wake()
save()
return { wakes and 1 or 0, OPEN[r.status] and 0 or 1 }
`

/**
 * The run failed, and operators may mend it: the workflow stays open. A late repeat, from before a revival, is void.
 * ARGV: [3] number of the question, [4] retention in ms, [5…] as for finish. Answer: { 'failed' | 'stop', 1: an item whose parent waits for this }.
 */
export const fail = `
local t = ARGV[2]
if not load(KEYS[1]) then leave(t); passOn(); return missing({ 'stop', 0 }) end
local r = record(t)
if not r.status then r = strayed(t); save() end
if tonumber(ARGV[3]) < tonumber(r.asked or 0) then return { 'stop', 0 } end
if r.role == 'failed' then return { 'failed', r.wakes and 1 or 0 } end
if not runsOn(r) or doomed(r) then return { 'stop', 0 } end
for i = 5, #ARGV, 2 do taken(t, ARGV[i], ARGV[i + 1]) end
local wakes = finish(t, over(t, true), 'Errored', tonumber(ARGV[4]))
call('HSET', txKey(t), 'role', 'failed', 'asked', ARGV[3])
-- A late park of an earlier life has seen less, and must find that something is on its way.
for i = 5, #ARGV, 2 do call('HSET', txKey(t), 'c:' .. ARGV[i], ARGV[i + 1]) end
touch('${at.failed}', t)
drained()
wake()
save()
return { 'failed', wakes and 1 or 0 }
`

/**
 * A failed one is to go on. Where no place is free it is noted, and gets one from a claim.
 * ARGV: [3] number of the question. Answer: 'go' | 'busy' (ask again, with the same number) | 'refused' | 'stop'.
 */
export const revive = `
local t = ARGV[2]
if not load(KEYS[1]) then return missing('stop') end
local r = record(t)
if tonumber(ARGV[3]) < tonumber(r.asked or 0) then return 'stop' end
-- Said once it stays said: a late repeat must not revive what nobody moves on.
if r.refused == ARGV[3] then return 'refused' end
if r.role == 'begun' then return doomed(r) and 'stop' or 'go' end
if r.role ~= 'failed' or hidden(r) then return 'stop' end
call('HSET', txKey(t), 'asked', ARGV[3])
local answer = 'go'
if C.state ~= 'Active' then
  answer = 'refused'
  call('HSET', txKey(t), 'refused', ARGV[3])
  call('ZREM', cycle .. '${at.revivals}', t)
elseif room() then revived(t, r)
else
  answer = 'busy'
  call('ZADD', cycle .. '${at.revivals}', r.order, t)
end
wake()
save()
return answer
`

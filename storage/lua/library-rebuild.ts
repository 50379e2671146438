/** Last part of the library: transactions of which Redis knows nothing, because it was emptied (protocol.md, Rebuilding). */
import { cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/*
 * A record that was made from what others tell has the field `rebuilt`: deliveries up to that id were known to the Redis that was lost; `guessed` where
 * nobody told when it was accepted. A stray is a transaction whose values are not known: its workflow is sent the hint of a stop, and tells them with its
 * question (check).
 */
export const rebuildLibrary = `
-- The answer of a call on a cycle that does not load, where it is deleted; one that is not in this Redis at all is an error.
local function missing(answer)
  if C.state then return answer end
  return redis.error_reply('NOCYCLE there is no such cycle')
end
-- It came to wait, failed or ended after it had begun: only a repeat asks whether it may begin. In a stopped cycle nothing is told to go on after its end.
local function passed(r) return r.role == 'waiting' or r.role == 'failed' or (r.status == 'Completed' and C.state ~= 'Stopped') end
-- In a stopped cycle nothing runs: what is found running there was to be stopped.
local function epochHere() return C.state == 'Stopped' and C.epoch - 1 or C.epoch end
-- Where it stands as one that runs: items take no place.
local function joined(t)
  local parent, split, index = itemOf(t)
  if not parent then touch('${at.run}', t); return 'begun' end
  touch('${at.items}', t)
  call('ZADD', cycle .. '${at.runningItemsOf}' .. parent, itemScore(parent, split, index), itemName(t, parent))
  return 'item'
end
local function recordFor(t, order, accepted, status_)
  local parent, split, index = itemOf(t)
  if parent then
    call('ZADD', cycle .. '${at.itemsOf}' .. parent, itemScore(parent, split, index), itemName(t, parent))
    -- As recent as its parent.
    order = call('HGET', txKey(parent), 'order') or order
  end
  call('HSET', txKey(t), 'order', order, 'status', status_, 'accepted', accepted, 'started', accepted, 'rebuilt', C.counter)
  setStatus(t, order, nil, status_)
end
local function stray(t) call('ZADD', part .. '${part.strays}', 'NX', now, C.account .. ' ' .. cycleId() .. ' ' .. t) end
local function adopt(t, order, accepted)
  recordFor(t, order, accepted, 'InProgress')
  call('HSET', txKey(t), 'role', joined(t), 'ep', epochHere())
  stray(t)
  return record(t)
end
-- A transaction that asks, and so runs, without a record.
local function strayed(t)
  adopt(t, nextId(), now)
  call('HSET', txKey(t), 'guessed', 1)
  return record(t)
end
-- It runs, though it was rebuilt as waiting: Temporal's list is a little old.
local function rejoin(t, r)
  leave(t)
  touch('${at.run}', t)
  status(t, r, 'InProgress', 'role', 'begun', 'ep', epochHere())
  return record(t)
end
-- It was rebuilt as running, and nothing was brought to it since.
local function unclaimed(r)
  if not runsOn(r) or not r.rebuilt then return false end
  for field in pairs(r) do if string.sub(field, 1, 2) == 'c:' then return false end end
  return true
end
-- As a park. Of an item it counts for its parent.
local function rest(t, r)
  leave(t)
  touch('${at.wait}', t)
  status(t, r, 'Waiting', 'role', 'waiting')
  if count(t, 'Completed') then
    local parent, split = itemOf(t)
    wakeParent(parent, split, now)
  end
end
-- As a fail.
local function standFailed(t, r)
  leave(t)
  finish(t, r, 'Errored', RETENTION)
  call('HSET', txKey(t), 'role', 'failed')
  touch('${at.failed}', t)
end
local function reorder(t, r, order, accepted)
  call('HSET', txKey(t), 'order', order, 'accepted', accepted, 'started', accepted)
  call('HDEL', txKey(t), 'guessed')
  if not itemOf(t) then call('ZADD', cycle .. '${at.byStatus}' .. r.status, 'XX', order, t) end
  for field, v in pairs(r) do
    if string.sub(field, 1, 2) == 'v:' then call('ZADD', cycle .. '${at.index}' .. v, 'XX', order, t) end
  end
end
-- Values that it is not known to have.
local function regainFrom(t, r, first)
  for i = first, #ARGV, 2 do
    if not r['v:' .. ARGV[i]] then
      if r.role == 'failed' then call('HSET', txKey(t), 'v:' .. ARGV[i], ARGV[i + 1]) else gain(t, tonumber(r.order), ARGV[i], ARGV[i + 1]) end
    end
  end
end
`

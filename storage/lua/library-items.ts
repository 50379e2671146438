/** Third part of the library: items of a split (cycles.md 4), each counted once for its parent. */
import { cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/*
 * An item's id is its parent's, `.`, its split (the step, `.`, the number of its execution), `.`, its index. The hash of a parent's splits has
 * n: how many there are, and of each split no: which it is of them, completed, errored, stopped: counts, mark: how many the parent waits for,
 * look: the index from which items are looked for that never began.
 */
export const itemLibrary = `
local function itemOf(t)
  local parent, split, index = string.match(t, '^(.+)%.([^.]+%.%d+)%.(%d+)$')
  return parent, split, tonumber(index)
end
local function itemName(t, parent) return string.sub(t, #parent + 2) end
local function splitsKey(parent) return cycle .. '${at.splits}' .. parent end
local function countedKey(parent, split) return cycle .. '${at.counted}' .. parent .. ':' .. split end
local function counts(parent, split)
  local c = call('HMGET', splitsKey(parent), 'completed:' .. split, 'errored:' .. split, 'stopped:' .. split)
  return { tonumber(c[1] or 0), tonumber(c[2] or 0), tonumber(c[3] or 0) }
end
local function wakeParent(parent, split, time) call('ZADD', part .. '${part.wakes}', time, cycle .. ' ' .. parent .. ' ' .. split) end
local function awake(parent, split) call('ZREM', part .. '${part.wakes}', cycle .. ' ' .. parent .. ' ' .. split) end
-- Once for each item, whatever is repeated, for a parent that may still ask. True where the parent waits for this one.
local COUNT = { Completed = 'completed:', Errored = 'errored:', Stopped = 'stopped:' }
local function count(t, status)
  local parent, split, index = itemOf(t)
  local role = parent and call('HGET', txKey(parent), 'role')
  if not role then return false end
  if call('SETBIT', countedKey(parent, split), index, 1) == 1 then return false end
  call('HINCRBY', splitsKey(parent), COUNT[status] .. split, 1)
  local mark = tonumber(call('HGET', splitsKey(parent), 'mark:' .. split) or nil)
  local c = counts(parent, split)
  if not mark or c[1] + c[2] + c[3] < mark then return false end
  call('HDEL', splitsKey(parent), 'mark:' .. split)
  call('ZREM', cycle .. '${at.splitting}', parent .. ' ' .. split)
  call('HSET', txKey(t), 'wakes', 1)
  -- A failed one asks again when it is revived.
  if role ~= 'failed' then wakeParent(parent, split, now + WAKE) end
  return true
end
-- Nobody waits any more; counts stay for as long as the record. kept: it may come to ask again, and items count on.
local function leaveSplits(t, r, kept)
  if not r.splits then return end
  for _, field in ipairs(call('HKEYS', splitsKey(t))) do
    local split = string.match(field, '^no:(.+)$')
    if split then
      awake(t, split)
      call('HDEL', splitsKey(t), 'mark:' .. split)
      if not kept then call('UNLINK', countedKey(t, split)) end
      call('ZREM', cycle .. '${at.splitting}', t .. ' ' .. split)
    end
  end
end
-- Where an item stands in the list of its parent's.
local function itemScore(parent, split, index)
  local no = call('HGET', splitsKey(parent), 'no:' .. split)
  if not no then
    no = call('HINCRBY', splitsKey(parent), 'n', 1)
    call('HSET', splitsKey(parent), 'no:' .. split, no)
    call('HSET', txKey(parent), 'splits', 1)
  end
  return tonumber(no) * SPLIT + index
end
-- Out of every list of items, as a parent and as an item.
local function forgetItems(t, r)
  local parent = itemOf(t)
  if parent then call('ZREM', cycle .. '${at.itemsOf}' .. parent, itemName(t, parent)) end
  leaveSplits(t, r)
  if r.splits then call('UNLINK', splitsKey(t)) end
end
-- Makes the record of an item. It was accepted with its parent, and is as recent.
local function makeItem(t)
  local parent, split, index = itemOf(t)
  local p = call('HMGET', txKey(parent), 'order', 'accepted')
  local order = tonumber(p[1])
  call('HSET', txKey(t), 'order', order, 'status', 'InProgress', 'accepted', p[2], 'started', now)
  call('ZADD', cycle .. '${at.itemsOf}' .. parent, itemScore(parent, split, index), itemName(t, parent))
  return order
end
`

/**
 * Fourth part of the library: what may be claimed, and the places of a cycle and of its account. A cycle that lacks only a place of the account stands
 * in the account's line; the first in line is ready or leased whenever a place is free, and goes behind the others with each place that it takes.
 */
import { accountRecord, cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

export const placesLibrary = `
-- The next starts that may be claimed, in order: those whose values are registered, in a drain those from before it.
local function nextStarts(max)
  local from, to = sid((C.claimed or 0) + 1), '+'
  if C.registered then to = sid(C.registered) end
  return call('XRANGE', cycle .. '${at.starts}', from, to, 'COUNT', max)
end
local function firstReady(queue, max)
  return call('ZRANGEBYSCORE', cycle .. queue, '(' .. (C.dropTo or 0), '+inf', 'LIMIT', 0, max or 1)
end
local function runs() return C.state == 'Active' or C.state == 'Stopping' end
-- The failed transaction that is to be revived first and waits for a place.
local function nextRevival() return C.state == 'Active' and call('ZRANGE', cycle .. '${at.revivals}', 0, 0)[1] or nil end

local function placesKey() return part .. '${part.places}' .. C.account end
local function lineKey() return part .. '${part.line}' .. C.account end
-- The account's limit, nil where it has none; the registry's record has it.
local function accountMax()
  if C.accountMax == nil then C.accountMax = tonumber(call('HGET', string.match(part, '^[^:]+') .. '${accountRecord}' .. C.account, 'maxConcurrency') or nil) or false end
  return C.accountMax or nil
end
local function occupied(max) return tonumber(call('HGET', placesKey(), 'running') or 0) >= max end
local function accountRoom()
  local max = accountMax()
  if not max then return true end
  local first = call('ZRANGE', lineKey(), 0, 0)[1]
  return not occupied(max) and (not first or first == cycle)
end
local function ownRoom() return not C.max or call('ZCARD', cycle .. '${at.run}') < C.max end
local function room() return ownRoom() and accountRoom() end
-- A member more, or less.
local function occupy(n)
  if call('HINCRBY', placesKey(), 'running', n) <= 0 then call('HDEL', placesKey(), 'running') end
end

-- Whether something waits for nothing but a place that the cycle's own limit leaves.
local function wants()
  if C.rebuilding or not runs() or replaying() or not ownRoom() then return false end
  return nextRevival() ~= nil or firstReady('${at.readyWaiting}')[1] ~= nil or nextStarts(1)[1] ~= nil
end
local function claimable()
  if C.rebuilding then return false end
  if call('HLEN', cycle .. '${at.startClaims}') > 0 then return true end
  if not runs() then return false end
  if replaying() or call('HLEN', cycle .. '${at.deliveryClaims}') > 0 or firstReady('${at.readyMembers}')[1] then return true end
  return wants() and accountRoom()
end
-- Into the line, or out of it.
local function lineUp()
  local max = accountMax()
  if not max and not call('HGET', placesKey(), 'line') then return end
  if not max or not wants() then call('ZREM', lineKey(), cycle)
  elseif not accountRoom() and not call('ZSCORE', lineKey(), cycle) then
    call('ZADD', lineKey(), call('HINCRBY', placesKey(), 'line', 1), cycle)
  end
end
-- It has taken a place: the others in line come first now.
local function hadTurn()
  if accountMax() and call('ZSCORE', lineKey(), cycle) then call('ZADD', lineKey(), call('HINCRBY', placesKey(), 'line', 1), cycle) end
end
-- Never merely "entries left": no busy loop where places are missing.
local function wake()
  lineUp()
  if not C.ready and not leased() and claimable() then setReady() end
end
-- Makes the first in line ready while the account has a place. Where it has no limit any more all may go on.
local function passOn()
  if not C.account or not call('HGET', placesKey(), 'line') then return end
  local own, mine, max = cycle, C, accountMax()
  for _ = 1, BATCH do
    if max and occupied(max) then break end
    local first = call('ZRANGE', lineKey(), 0, 0)[1]
    if not first then call('HDEL', placesKey(), 'line'); break end
    local waits = first == own or (load(first) and wants())
    if not waits or not max then call('ZREM', lineKey(), first) end
    if waits and first ~= own then setReady(); store() end
    cycle, C = own, mine
    if waits and max then break end
  end
end
-- Ends every script that changes anything.
local function save()
  store()
  passOn()
end
`

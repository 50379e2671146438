/** Second part of the library: the index of values, early requests, and deliveries in their lanes. */
import { cycleSuffix as at } from '../keys.ts'

/*
 * A delivery in a stream: t(ransaction), r(equest), s(tep), v(alue's hash or empty), k(ey's hash or empty), h(eld: 1), x (1: was matched once more),
 * a(ccepted at), d(ata). One that has a transaction stands in its lane too. Of a lane and step the record has the highest delivery signalled `l:{step}`,
 * claimed `c:{step}` and taken `t:{step}`.
 */
export const matchLibrary = `
local function runsOn(r) return r.role == 'begun' or r.role == 'item' end
local function doomed(r) return runsOn(r) and tonumber(r.ep) < C.epoch end
-- A start at or below the mark of a drop that nobody claimed is as good as gone.
local function droppedStart(r)
  return C.dropTo ~= nil and r.start ~= nil and tonumber(r.start) <= C.dropTo and r.role == nil
end
local function candidate(v, except)
  local index, from = cycle .. '${at.index}' .. v, 0
  while true do
    local found = call('ZREVRANGE', index, from, from)[1]
    if not found then return nil end
    from = from + 1
    if found ~= except then
      local m = call('HMGET', txKey(found), 'role', 'ep', 'start')
      local r = { role = m[1] or nil, ep = m[2] or nil, start = m[3] or nil }
      if not doomed(r) and not droppedStart(r) then return found end
    end
  end
end

local function keyRecord(t, rid, outcome, id) return (t or '-') .. ' ' .. rid .. ' ' .. outcome .. ' ' .. sid(id or 0) end
-- The sender was answered at once, without what comes later: so is its repeat.
local function answeredNow(k)
  if k ~= '' and string.sub(call('GET', cycle .. '${at.key}' .. k) or '', -4) ~= ' now' then call('APPEND', cycle .. '${at.key}' .. k, ' now') end
end
-- What became of a mid-cycle request, for its key and for who holds its connection.
local function tell(d, outcome, t)
  local old = d.k ~= '' and call('GET', cycle .. '${at.key}' .. d.k)
  if old then call('SET', cycle .. '${at.key}' .. d.k, keyRecord(t, d.r, outcome, d.id) .. string.match(old, ' ?%a*$'), 'KEEPTTL') end
  if d.h == '1' then
    call('SET', cycle .. '${at.outcome}' .. d.r, outcome .. ' ' .. (t or ''), 'PX', OUTCOME_TTL)
    changed(d.r)
  end
end
local function unmatched(d, t)
  charge(-1, -#d.d)
  call('HINCRBY', cycle, 'unmatched', 1)
  notice('unmatched', t, d.r, d.s)
  tell(d, 'unmatched')
end

local function lane(t, step) return cycle .. '${at.lane}' .. t .. ':' .. step end
-- At most one delivery of a transaction is offered or under way at a time: its lowest unsignalled one of a lane that has room for it.
-- Never while its start is in the inbox, it has not begun, or a stop has doomed it. What waits needs a place, members do not.
local function offer(t)
  local r = record(t)
  local id
  if not r.start and not r.claim and r.role ~= 'new' and not doomed(r) then
    for field, signalled in pairs(r) do
      if string.sub(field, 1, 2) == 'l:' then
        local key = lane(t, string.sub(field, 3))
        signalled = tonumber(signalled)
        if signalled == 0 or call('ZCOUNT', key, '-inf', signalled) < SIGNALLED_MAX then
          local first = tonumber(call('ZRANGEBYSCORE', key, '(' .. math.max(signalled, C.dropTo or 0), '+inf', 'LIMIT', 0, 1)[1])
          if first and (not id or first < id) then id = first end
        end
      end
    end
  end
  local queue = r.role == 'waiting' and '${at.readyWaiting}' or '${at.readyMembers}'
  local offered = id and (queue .. ' ' .. id) or nil
  if offered == r.offer then return end
  if r.offer then
    local old, oldId = string.match(r.offer, '^(%S+) (%d+)$')
    call('ZREM', cycle .. old, oldId)
  end
  if offered then
    call('ZADD', cycle .. queue, id, id)
    call('HSET', txKey(t), 'offer', offered)
  else
    call('HDEL', txKey(t), 'offer')
  end
end

local function add(stream, d)
  call('XADD', cycle .. stream, sid(d.id), 't', d.t or '', 'r', d.r, 's', d.s, 'v', d.v, 'k', d.k, 'h', d.h, 'x', d.x, 'a', d.a, 'd', d.d)
end
-- A move or a second match gives a new id.
local function put(d, t, id)
  d.id, d.t = id or nextId(), t
  add('${at.deliveries}', d)
  call('ZADD', lane(t, d.s), d.id, d.id)
  call('HSETNX', txKey(t), 'l:' .. d.s, 0)
  tell(d, 'matched', t)
  offer(t)
end
local function hold(d, id)
  d.id, d.t = id or nextId(), nil
  add('${at.held}', d)
  tell(d, 'queued')
end
local function keepEarly(d, window)
  d.id = d.id or nextId()
  d.t = nil
  call('HSET', cycle .. '${at.earlyEntries}', d.id, cmsgpack.pack(d))
  call('ZADD', cycle .. '${at.early}' .. d.v, d.id, d.id)
  call('ZADD', cycle .. '${at.earlyEnds}', now + window, d.id)
  due(now + window)
  tell(d, 'early')
end
local function takeEarly(id)
  local packed = call('HGET', cycle .. '${at.earlyEntries}', id)
  local ends = tonumber(call('ZSCORE', cycle .. '${at.earlyEnds}', id))
  call('HDEL', cycle .. '${at.earlyEntries}', id)
  call('ZREM', cycle .. '${at.earlyEnds}', id)
  return cmsgpack.unpack(packed), ends
end
-- The value exists from now on; early requests for it are met in order.
local function gain(t, order, step, v)
  call('ZADD', cycle .. '${at.index}' .. v, order, t)
  call('HSET', txKey(t), 'v:' .. step, v)
  local early = cycle .. '${at.early}' .. v
  if call('EXISTS', early) == 0 then return end
  local ids = call('ZRANGE', early, 0, -1)
  call('DEL', early)
  for _, id in ipairs(ids) do
    local d, ends = takeEarly(id)
    if ends > now then put(d, t) else unmatched(d) end
  end
end
-- Takes it out of the index; kept: its record knows the values on, for a revival.
local function lose(t, r, kept)
  for field, v in pairs(r) do
    if string.sub(field, 1, 2) == 'v:' then
      call('ZREM', cycle .. '${at.index}' .. v, t)
      if not kept then call('HDEL', txKey(t), field) end
    end
  end
end
local function regain(t, r)
  for field, v in pairs(r) do
    if string.sub(field, 1, 2) == 'v:' then gain(t, tonumber(r.order), string.sub(field, 3), v) end
  end
end
-- Matches a request that is in no stream: to the most recent candidate, else kept for its window, else unmatched.
local function match(d, window, id)
  local t = d.v ~= '' and candidate(d.v) or nil
  if t then put(d, t, id); return 'matched', t end
  d.id = id
  if d.v ~= '' and window > 0 then keepEarly(d, window); return 'early' end
  unmatched(d)
  return 'unmatched'
end

local function readDelivery(id)
  local found = call('XRANGE', cycle .. '${at.deliveries}', sid(id), sid(id))[1]
  if not found then return nil end
  local d = fields(found)
  return d
end
-- Takes a delivery out of stream and lane; its bytes stay charged until the caller says where it goes.
local function takeOut(t, step, id)
  local d = readDelivery(id)
  call('XDEL', cycle .. '${at.deliveries}', sid(id))
  call('HDEL', cycle .. '${at.deliveryClaims}', id)
  call('ZREM', lane(t, step), id)
  return d
end
-- Takes out what a workflow says it took: ids of one lane up to that one.
local function taken(t, step, upTo)
  for _, id in ipairs(call('ZRANGEBYSCORE', lane(t, step), '-inf', upTo)) do
    local d = takeOut(t, step, id)
    if d then charge(-1, -#d.d) end
    if call('HGET', txKey(t), 'claim') == id then call('HDEL', txKey(t), 'claim') end
  end
end
`

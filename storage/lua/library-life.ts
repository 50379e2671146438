/** Last part of the library: the end and the revival of a transaction, the end of a drain, the drop. */
import { cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

export const lifeLibrary = `
-- Times of members grow with each touch, so that an answer to a question asked before a touch is void.
local function touch(set_, t)
  local old = tonumber(call('ZSCORE', cycle .. set_, t) or nil)
  local since = (old and old >= now) and old + 1 or now
  call('ZADD', cycle .. set_, since, t)
  if set_ == '${at.run}' and not old then occupy(1) end
  return since
end
local function removeStart(t, r)
  if not r.start then return end
  call('XDEL', cycle .. '${at.starts}', sid(r.start))
  call('HDEL', cycle .. '${at.startClaims}', r.start)
  call('HDEL', txKey(t), 'start', 'size')
  charge(-1, -tonumber(r.size))
  r.start = nil
end
local function rematch(d, t)
  if d.x == '1' then return unmatched(d, t) end
  d.x = '1'
  if C.state == 'Stopped' or C.rebuilding then return hold(d) end
  local c = candidate(d.v, t)
  if c then put(d, c) else unmatched(d, t) end
end
-- Out of every set, whatever it was.
local function leave(t)
  if call('ZREM', cycle .. '${at.run}', t) == 1 then occupy(-1) end
  for _, set_ in ipairs({ '${at.items}', '${at.wait}', '${at.failed}', '${at.revivals}' }) do call('ZREM', cycle .. set_, t) end
  local parent = itemOf(t)
  if parent then call('ZREM', cycle .. '${at.runningItemsOf}' .. parent, itemName(t, parent)) end
end
-- A transaction is over: it leaves the sets and the index, and what it did not take is matched once more, in order. kept: as for lose.
local function over(t, kept)
  local r = record(t)
  leave(t)
  lose(t, r, kept)
  leaveSplits(t, r, kept)
  removeStart(t, r)
  if r.offer then
    local queue, id = string.match(r.offer, '^(%S+) (%d+)$')
    call('ZREM', cycle .. queue, id)
  end
  local mine, drop = {}, { 'role', 'ep', 'claim', 'offer' }
  for field in pairs(r) do
    local kind = string.sub(field, 1, 2)
    if kind == 'l:' then
      local step = string.sub(field, 3)
      for _, id in ipairs(call('ZRANGE', lane(t, step), 0, -1)) do mine[#mine + 1] = { tonumber(id), step } end
    end
    if kind == 'l:' or kind == 'c:' then drop[#drop + 1] = field end
  end
  call('HDEL', txKey(t), unpack(drop))
  table.sort(mine, function(a, b) return a[1] < b[1] end)
  for _, m in ipairs(mine) do
    local d = takeOut(t, m[2], m[1])
    if d then rematch(d, t) end
  end
  changed(t)
  return r
end
-- Shown nowhere any more; its record and its run in Temporal go when its key has gone and nobody can be about to start it by that.
local function hide(t, status, gone)
  call('ZREM', cycle .. '${at.hiding}', t)
  setStatus(t, nil, status, nil)
  local parent = itemOf(t)
  if parent then call('ZREM', cycle .. '${at.itemsOf}' .. parent, itemName(t, parent)) end
  call('ZADD', cycle .. '${at.removals}', gone + SWEEP_AGE, t)
  call('ZADD', part .. '${part.removals}', 'LT', gone + SWEEP_AGE, cycle)
end
local function hideDue(max)
  for _, t in ipairs(call('ZRANGEBYSCORE', cycle .. '${at.hiding}', '-inf', now, 'LIMIT', 0, max)) do
    local m = call('HMGET', txKey(t), 'status', 'gone')
    hide(t, m[1], tonumber(m[2]))
  end
end
-- When the first goes of those that are left.
local function nextRemoval()
  local first = call('ZRANGE', cycle .. '${at.removals}', 0, 0, 'WITHSCORES')[2]
  if first then call('ZADD', part .. '${part.removals}', first, cycle) else call('ZREM', part .. '${part.removals}', cycle) end
end
local function hidden(r) return r.status == 'Swept' or (r.hides ~= nil and tonumber(r.hides) <= now) end
-- Its status, how long it is shown, and how long its key and record stay, of a record as it was before over. One that is over already keeps its status,
-- unless it stood failed. True where it is an item and its parent waits for this.
local OPEN = { Queued = true, InProgress = true, Waiting = true, Swept = true }
local function finish(t, r, status, retention)
  local failed = r.role == 'failed'
  if not OPEN[r.status] and not failed then return r.wakes ~= nil end
  local kept = math.max(retention, KEY_MIN)
  setStatus(t, r.order, r.status, status)
  call('HSET', txKey(t), 'status', status, 'ended', failed and r.ended or now, 'hides', now + retention, 'gone', now + kept)
  if r.key then call('PEXPIRE', cycle .. '${at.key}' .. r.key, kept) end
  call('ZREM', cycle .. '${at.removals}', t)
  if retention > 0 then
    call('ZADD', cycle .. '${at.hiding}', now + retention, t)
    due(now + retention)
  else hide(t, status, now + kept) end
  return count(t, status) or r.wakes ~= nil
end
-- It is not over after all.
local function unfinish(t, r)
  call('ZREM', cycle .. '${at.hiding}', t)
  call('ZREM', cycle .. '${at.removals}', t)
  call('HDEL', txKey(t), 'swept', 'ended', 'hides', 'gone')
  if r.key then call('PERSIST', cycle .. '${at.key}' .. r.key) end
end
-- The last of it.
local function forget(t, r)
  leave(t)
  forgetItems(t, r)
  setStatus(t, nil, r.status, nil)
  call('ZREM', cycle .. '${at.hiding}', t)
  call('ZREM', cycle .. '${at.removals}', t)
  call('UNLINK', txKey(t))
end
-- An item whose parent went on without it before it began: it never runs, and counts as stopped. Or one that ended, and its record was lost.
local function stillborn(t, status_)
  return finish(t, { status = 'InProgress', order = makeItem(t) }, status_ or 'Stopped', RETENTION)
end
local function status(t, r, to, ...)
  setStatus(t, r.order, r.status, to)
  call('HSET', txKey(t), 'status', to, ...)
end
-- A failed one goes on, in a place of its own and with its values.
local function revived(t, r)
  leave(t)
  unfinish(t, r)
  status(t, r, 'InProgress', 'role', 'begun', 'ep', C.epoch)
  touch('${at.run}', t)
  hadTurn()
  regain(t, r)
end

-- The end of a drain: state Stopping, nothing runs, and nothing is left from before it.
local function drained()
  if C.state ~= 'Stopping' or C.replayTo or C.rebuilding then return end
  if call('ZCARD', cycle .. '${at.run}') > 0 or call('ZCARD', cycle .. '${at.items}') > 0 or call('HLEN', cycle .. '${at.startClaims}') > 0 then return end
  if nextStarts(1)[1] then return end
  if call('XLEN', cycle .. '${at.deliveries}') > 0 then return end
  set('state', 'Stopped'); set('epoch', C.epoch + 1); set('stoppedAt', now)
end

-- What the Temporal Schedule of the cycle has to follow has changed; a cycle without one has nothing to follow.
local function reschedule()
  if call('HGET', cycle, 'scheduled') ~= '1' then return end
  local change = call('HINCRBY', cycle, 'changes', 1)
  call('XADD', part .. '${part.control}', '*', 'account', C.account, 'cycle', cycleId(), 'op', 'schedule', 'epoch', change)
end
-- What is there comes to its end, then the cycle is Stopped.
local function finishing()
  set('state', 'Stopping')
  if C.registered then set('replayTo', C.counter) else set('registered', C.counter) end
  reschedule()
end
-- Of a cycle that stops after its first run: what starts it has come.
local function firstRun()
  if not C.once or C.state ~= 'Active' then return end
  set('once', nil)
  finishing()
end

-- Stopped for too long: one mark, the entries go in batches. It is the only write of a refusal.
local function drop()
  if C.state == 'Stopped' and now - C.stoppedAt >= STOPPED_TTL and C.entries > 0 and (C.dropTo or 0) < C.counter then
    set('dropTo', C.counter); set('claimed', C.counter)
    due(now)
  end
end
local function accepting()
  return C.state ~= 'Paused' and not (C.state == 'Stopped' and now - C.stoppedAt >= STOPPED_TTL)
end
-- A start that nobody claimed is dropped, with its key.
local function dropped(t, r)
  if r.key then
    local key = cycle .. '${at.key}' .. r.key
    local text = call('GET', key)
    if text and string.sub(text, 1, #t + 1) == t .. ' ' then call('DEL', key) end
  end
  finish(t, { order = r.order, status = r.status }, 'Dropped', RETENTION)
end
local function dropStart(t, r)
  lose(t, r)
  removeStart(t, r)
  dropped(t, r)
end

-- What a key leads to: nil, or { tx, rid, outcome, now: the sender was answered at once }. What was dropped with the inbox is unknown.
local function known(k)
  local text = k ~= '' and call('GET', cycle .. '${at.key}' .. k)
  if not text then return nil end
  local t, rid, outcome, id, mark = string.match(text, '^(%S+) (%S+) (%S+) (%d+)-0 ?(%a*)$')
  id = tonumber(id)
  if t == '-' then t = nil end
  if C.dropTo and id <= C.dropTo then
    if outcome == 'queued' then return nil end
    local r = t and record(t) or {}
    if outcome == 'accepted' and droppedStart(r) then return nil end
    if outcome == 'matched' then
      local d = readDelivery(id)
      if d and r.claim ~= tostring(id) and id > tonumber(r['l:' .. d.s] or 0) then return nil end
    end
  end
  return { t = t, rid = rid, outcome = outcome, now = mark == 'now' }
end
`

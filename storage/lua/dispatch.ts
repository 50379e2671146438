/** The dispatching side. KEYS: [1] the cycle's hash, [2] its partition's hash, where not said otherwise. ARGV[1]: test clock or empty. */
import { cycleSuffix as at, partitionSuffix as part } from '../keys.ts'

/**
 * Takes the next ready cycle of a partition in turn, account by account, under a new lease.
 * KEYS: [1] and [2] the partition's hash. ARGV: [2] new token, [3] prefix of the keys of cycles. Answer: { account, cycle } or {}.
 */
export const take = `
while true do
  local account = call('LPOP', part .. '${part.ring}')
  if not account then return {} end
  local list = part .. '${part.ready}' .. account
  local id = call('LPOP', list)
  if call('EXISTS', list) == 1 then call('RPUSH', part .. '${part.ring}', account) end
  if id and load(ARGV[3] .. id) then
    set('ready', nil)
    if not leased() then
      set('token', ARGV[2]); set('until', now + LEASE)
      due(now + LEASE)
      save()
      return { account, id }
    end
    save()
  end
end
`

/**
 * Claims entries: what another token claimed before, deliveries to members, then while there is room starts and waiting ones, the lower id first;
 * before those failed ones that are to be revived get a place.
 * ARGV: [2] token, [3] most entries, [4] maxConcurrency or ''.
 * Answer: { 'lost' }, { 'replay', document version } or { 'ok', document version, { 's', id, transaction, step, data, accepted at } | { 'd', id, transaction, step, data, request }, … }.
 */
export const claim = `
if not load(KEYS[1]) or C.token ~= ARGV[2] then return { 'lost' } end
local token, max = ARGV[2], tonumber(ARGV[3])
set('until', now + LEASE)
due(now + LEASE)
set('max', tonumber(ARGV[4]))
local out = { 'ok', C.version }
if C.rebuilding then
  save()
  return out
end
local function give(kind, e, last) out[#out + 1] = { kind, sid(e.id), e.t, e.s, e.d, last } end
local function abandoned(claims)
  local flat, ids = call('HGETALL', cycle .. claims), {}
  for i = 1, #flat, 2 do
    if flat[i + 1] ~= token and #ids < max then
      ids[#ids + 1] = tonumber(flat[i])
      call('HSET', cycle .. claims, flat[i], token)
    end
  end
  table.sort(ids)
  return ids
end
for _, id in ipairs(abandoned('${at.startClaims}')) do
  local e = fields(call('XRANGE', cycle .. '${at.starts}', sid(id), sid(id))[1])
  give('s', e, e.a)
end
if runs() then
  for _, id in ipairs(abandoned('${at.deliveryClaims}')) do
    local d = readDelivery(id)
    give('d', d, d.r)
  end
end
if replaying() then
  save()
  if #out > 2 then return out end
  return { 'replay', C.version }
end
local function deliver(d, r)
  call('HSET', txKey(d.t), 'c:' .. d.s, math.max(d.id, tonumber(r['c:' .. d.s] or 0)), 'claim', d.id)
  call('HSET', cycle .. '${at.deliveryClaims}', d.id, token)
  offer(d.t)
  give('d', d, d.r)
end
while runs() and #out < max + 2 do
  local id = firstReady('${at.readyMembers}')[1]
  if not id then break end
  local d = readDelivery(tonumber(id))
  local r = record(d.t)
  if doomed(r) then offer(d.t)
  elseif runsOn(r) then deliver(d, r)
  else finish(d.t, over(d.t), 'Stopped', RETENTION); drained() end
end
while runs() and #out < max + 2 and room() do
  local failed = nextRevival()
  local id = tonumber(firstReady('${at.readyWaiting}')[1])
  local found = nextStarts(1)[1]
  if not failed and not id and not found then break end
  -- Its workflow asks again, and learns that it has the place.
  if failed then revived(failed, record(failed))
  elseif found and (not id or num(found[1]) < id) then
    local e = fields(found)
    local r = record(e.t)
    status(e.t, r, 'InProgress', 'role', 'new', 'ep', C.epoch, 'started', now)
    touch('${at.run}', e.t)
    hadTurn()
    set('claimed', e.id)
    call('HSET', cycle .. '${at.startClaims}', e.id, token)
    give('s', e, e.a)
  else
    local d = readDelivery(id)
    local r = record(d.t)
    call('ZREM', cycle .. '${at.wait}', d.t)
    touch('${at.run}', d.t)
    hadTurn()
    status(d.t, r, 'InProgress', 'role', 'begun', 'ep', C.epoch)
    deliver(d, r)
  end
end
lineUp()
save()
return out
`

/**
 * The start is in Temporal, or was there already. ARGV: [2] transaction, [3] id of the entry. Answer: none.
 */
export const startDone = `
if not load(KEYS[1]) then return end
local t = ARGV[2]
local r = record(t)
if r.start == ARGV[3] then removeStart(t, r) end
if r.role == 'new' then touch('${at.run}', t) end
if r.status then offer(t) end
changed(t)
drained()
wake()
save()
`

/**
 * Temporal refused the start for good. ARGV: [2] transaction, [3] id of the entry. Answer: none.
 */
export const startRefused = `
if not load(KEYS[1]) then return end
local t = ARGV[2]
if call('HGET', txKey(t), 'start') ~= ARGV[3] then return end
finish(t, over(t), 'Errored', RETENTION)
drained()
wake()
save()
`

/**
 * What became of a signal. ARGV: [2] transaction, [3] step, [4] id of the entry, [5] 'signalled' | 'notFound' | 'refused'. Answer: none.
 */
export const deliveryDone = `
if not load(KEYS[1]) then return end
local t, step, id, result = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
if not call('ZSCORE', lane(t, step), id) then return end
local mine = call('HGET', txKey(t), 'claim') == id
if result == 'notFound' then
  finish(t, over(t), 'Stopped', RETENTION)
else
  call('HDEL', cycle .. '${at.deliveryClaims}', id)
  if mine then call('HDEL', txKey(t), 'claim') end
  if result == 'refused' then unmatched(takeOut(t, step, id), t)
  else
    local signalled = tonumber(call('HGET', txKey(t), 'l:' .. step) or 0)
    call('HSET', txKey(t), 'l:' .. step, math.max(signalled, tonumber(id)))
  end
  offer(t)
end
drained()
wake()
save()
`

/** Gives the lease back. ARGV: [2] token. Answer: none. */
export const release = `
if not load(KEYS[1]) or C.token ~= ARGV[2] then return end
set('token', nil); set('until', nil)
wake()
save()
`

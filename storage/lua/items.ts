/** Items of a split (cycles.md 4). KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty, [2] transaction. */
import { cycleSuffix as at } from '../keys.ts'
import { shown } from './control.ts'

/**
 * Asks whether an item may begin: while its parent runs. One that may not counts as stopped.
 * ARGV: [2] item, [3] parent, [4…] step and value's hash of values known already, in pairs. Answer: 'go' | 'stop'.
 */
export const beginItem = `
local t, parent = ARGV[2], ARGV[3]
if not load(KEYS[1]) then return missing('stop') end
local r = record(t)
if r.status then
  if r.rebuilt and r.role == 'item' and not doomed(r) then regainFrom(t, r, 4); save() end
  -- One that has passed repeats a task that was lost, as in begin.
  return ((r.role == 'item' and not doomed(r)) or passed(r)) and 'go' or 'stop'
end
-- Its parent may have no record yet.
if C.rebuilding or call('EXISTS', cycle .. '${at.indexed}') == 0 then return redis.error_reply('TRYAGAIN the index of the cycle is being rebuilt') end
local m = call('HMGET', txKey(parent), 'role', 'ep', 'status')
local p = { role = m[1] or nil, ep = m[2] or nil }
if not m[3] then return 'stop' end
local answer = 'go'
if not runsOn(p) or doomed(p) then
  stillborn(t)
  answer = 'stop'
else
  local order = makeItem(t)
  call('HSET', txKey(t), 'role', 'item', 'ep', p.ep)
  touch('${at.items}', t)
  call('ZADD', cycle .. '${at.runningItemsOf}' .. parent, call('ZSCORE', cycle .. '${at.itemsOf}' .. parent, itemName(t, parent)), itemName(t, parent))
  for i = 4, #ARGV, 2 do gain(t, order, ARGV[i], ARGV[i + 1]) end
end
wake()
save()
return answer
`

/**
 * What became of a split's items, and up to how many the parent waits. ARGV: [2] parent, [3] split, [4] the mark.
 * Answer: { completed, errored, stopped }.
 */
export const awaitItems = `
local parent, split, mark = ARGV[2], ARGV[3], tonumber(ARGV[4])
if not load(KEYS[1]) then return missing({ 0, 0, 0 }) end
awake(parent, split)
local c = counts(parent, split)
-- A late repeat with a lower mark wakes the parent once too often; it must not take a higher one away.
if c[1] + c[2] + c[3] < mark and call('HGET', txKey(parent), 'role') then
  itemScore(parent, split, 0)
  call('HSET', splitsKey(parent), 'mark:' .. split, mark)
  call('ZADD', cycle .. '${at.splitting}', now, parent .. ' ' .. split)
end
return c
`

/** Items of a transaction, in order. ARGV: [2] parent, [3] after or '', [4] most. Answer: as in a list. */
export const items = `
${shown}
if not load(KEYS[1]) then return {} end
hideDue(BATCH)
local parent, from, out = ARGV[2], '-inf', {}
if ARGV[3] ~= '' then
  local after = call('ZSCORE', cycle .. '${at.itemsOf}' .. parent, itemName(ARGV[3], parent))
  if not after then return {} end
  from = '(' .. after
end
for _, name in ipairs(call('ZRANGEBYSCORE', cycle .. '${at.itemsOf}' .. parent, from, '+inf', 'LIMIT', 0, ARGV[4])) do
  local t = parent .. '.' .. name
  local r = record(t)
  if not hidden(r) then out[#out + 1] = shown(t, r) end
end
return out
`

/** Items of a split that run, in order. ARGV: [2] parent, [3] split, [4] first index, [5] most. Answer: { the index behind the last, transaction, … }. */
export const runningItems = `
if not load(KEYS[1]) then return { 0 } end
local parent, split = ARGV[2], ARGV[3]
local no = call('HGET', splitsKey(parent), 'no:' .. split)
if not no then return { 0 } end
local function score(index) return string.format('%.0f', tonumber(no) * SPLIT + index) end
local names = call('ZRANGEBYSCORE', cycle .. '${at.runningItemsOf}' .. parent, score(tonumber(ARGV[4])), score(SPLIT - 1), 'LIMIT', 0, ARGV[5])
local last = names[#names] and tonumber(string.match(names[#names], '%d+$')) or 0
local out = { last + 1 }
for _, name in ipairs(names) do out[#out + 1] = parent .. '.' .. name end
return out
`

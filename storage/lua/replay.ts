/** The replay after an activation, in batches: what was queued is registered again, in order. KEYS: [1] the cycle's hash, [2] its partition's hash. ARGV[1]: test clock or empty, [2] token. */
import { cycleSuffix as at } from '../keys.ts'

/**
 * The next entries to register again; none: caught up, and the replay is over.
 * ARGV: [3] most entries. Answer: {} or { { 's', id, transaction, step, data } | { 'd', id, request, step, data }, … }.
 */
export const readReplay = `
if not load(KEYS[1]) or C.token ~= ARGV[2] or not replaying() then return {} end
set('until', now + LEASE)
due(now + LEASE)
local max, upTo = tonumber(ARGV[3]), C.replayTo and sid(C.replayTo) or '+'
local out = {}
for _, e in ipairs(call('XRANGE', cycle .. '${at.starts}', sid(C.registered + 1), upTo, 'COUNT', max)) do
  local s = fields(e)
  out[#out + 1] = { 's', s.id, s.t, s.s, s.d }
end
for _, e in ipairs(call('XRANGE', cycle .. '${at.held}', sid((C.dropTo or 0) + 1), upTo, 'COUNT', max)) do
  local d = fields(e)
  out[#out + 1] = { 'd', d.id, d.r, d.s, d.d }
end
table.sort(out, function(a, b) return a[2] < b[2] end)
while #out > max do out[#out] = nil end
if #out == 0 then
  set('registered', C.replayTo)
  set('replayTo', nil)
  drained()
end
save()
return out
`

/**
 * Registers a batch under today's document.
 * ARGV from [3]: for each entry its id, 'gone' | 'start' | 'delivery', and a count n followed by n arguments:
 * of a start step and value's hash in pairs, of a delivery value's hash or '' and window in ms. Answer: none.
 */
export const applyReplay = `
if not load(KEYS[1]) or C.token ~= ARGV[2] or not replaying() then return end
local i = 3
while i <= #ARGV do
  local id, kind, n = tonumber(ARGV[i]), ARGV[i + 1], tonumber(ARGV[i + 2])
  local start = call('XRANGE', cycle .. '${at.starts}', sid(id), sid(id))[1]
  local held = call('XRANGE', cycle .. '${at.held}', sid(id), sid(id))[1]
  if start then
    local e = fields(start)
    local r = record(e.t)
    if kind == 'gone' then
      dropped(e.t, over(e.t))
      notice('stepGone', e.t, e.t, e.s)
    else
      lose(e.t, r)
      for j = i + 3, i + 2 + n, 2 do gain(e.t, tonumber(r.order), ARGV[j], ARGV[j + 1]) end
    end
    set('registered', math.max(C.registered, id))
  elseif held then
    local d = fields(held)
    call('XDEL', cycle .. '${at.held}', sid(id))
    if kind == 'gone' then
      charge(-1, -#d.d)
      notice('stepGone', nil, d.r, d.s)
      tell(d, 'unmatched')
    else
      d.v = ARGV[i + 3]
      match(d, tonumber(ARGV[i + 4]))
    end
  end
  i = i + 3 + n
end
save()
`

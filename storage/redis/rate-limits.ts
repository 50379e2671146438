import type { Redis } from 'ioredis'
import type { RateLimits } from '../rate-limits.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { script } from './registry-call.ts'

/** A turn that nobody comes for is forgotten so long after it was. */
const KEPT_MS = 600_000

/**
 * KEYS: latest turns (list, the newest first), the turn of this call · ARGV: how many turns, in how many ms, ms that a turn is kept · answer: ms until
 * the turn. By Redis's clock, one for all workers.
 */
const TAKE = script(`
local requests, per = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local mine = tonumber(redis.call('GET', KEYS[2]))
if not mine then
  mine = now
  local before = tonumber(redis.call('LINDEX', KEYS[1], requests - 1))
  local last = tonumber(redis.call('LINDEX', KEYS[1], 0))
  if before and before + per > mine then mine = before + per end
  if last and last > mine then mine = last end
  redis.call('LPUSH', KEYS[1], string.format('%d', mine))
  redis.call('LTRIM', KEYS[1], 0, requests - 1)
  redis.call('PEXPIRE', KEYS[1], string.format('%d', mine - now + per))
  if mine > now then redis.call('SET', KEYS[2], string.format('%d', mine), 'PX', string.format('%d', mine - now + ARGV[3])) end
end
if mine > now then return mine - now end
redis.call('DEL', KEYS[2])
return 0
`)

export const createRateLimits = (redis: Redis): RateLimits => ({
  async take(account, of, call, { requests, perMs }) {
    return Number(await TAKE(redis, [keys.rate(account, of), keys.rateTurn(account, of, call)], [requests, perMs, KEPT_MS]))
  },
})

/** What OAuth 2.0 needs beside the records, in Redis. */
import { randomBytes } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { Authorizations, OAuthStore, RefreshLeases } from '../oauth.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, replies, script, sha256 } from './registry-call.ts'

export interface OAuthStoreOptions {
  /** How long a refresh may take before another takes over; longer than a token endpoint is waited for. Default 30 s. */
  readonly leaseMs?: number
}

/** Waiters look within a second; this is for those that were held up. */
const OUTCOME_MS = 60_000
/** No refresh token that was used longer ago is asked about. */
const BEGUN_MS = 31 * 86_400_000

/**
 * KEYS: lease, begun · ARGV: token, ms of the lease, ms that `begun` is kept · answer: { 'busy', token of its holder } or { 'mine', since when an
 * earlier refresh has had no known end, or '' }
 */
const TAKE = script(`
local holder = redis.call('GET', KEYS[1])
if holder then return { 'busy', holder } end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
local before = redis.call('GET', KEYS[2])
if not before then
  local time = redis.call('TIME')
  redis.call('SET', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), 'PX', ARGV[3])
end
return { 'mine', before or '' }
`)

/** KEYS: lease, begun, outcome · ARGV: token, 1 where the end is known, outcome, ms that it is kept · answer: 1 where the lease was still held */
const FINISH = script(`
redis.call('SET', KEYS[3], ARGV[3], 'PX', ARGV[4])
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
if ARGV[2] == '1' then redis.call('DEL', KEYS[2]) end
return 1
`)

export const createOAuthStore = (redis: Redis, options: OAuthStoreOptions = {}): OAuthStore => ({
  authorizations: createAuthorizations(redis),
  leases: createLeases(redis, options.leaseMs ?? 30_000),
  async now() {
    const [seconds, micros] = await call(() => redis.time())
    return Number(seconds) * 1000 + Math.floor(Number(micros) / 1000)
  },
})

/** A state has 256 bits of chance in it: its SHA-256 is enough. */
function createAuthorizations(redis: Redis): Authorizations {
  const keyOf = (state: string): string => keys.oauthState(sha256(state))
  return {
    async put(state, pending, ttlMs) {
      await call(() => redis.set(keyOf(state), pending, 'PX', ttlMs))
    },
    take: async state => (await call(() => redis.getdel(keyOf(state)))) ?? undefined,
  }
}

function createLeases(redis: Redis, leaseMs: number): RefreshLeases {
  return {
    async take(account, id) {
      const lease = randomBytes(16).toString('base64url')
      const reply = await TAKE(redis, [keys.oauthLease(account, id), keys.oauthBegun(account, id)], [lease, leaseMs, BEGUN_MS])
      const [state, told] = Array.isArray(reply) ? reply.map(String) : []
      if (state === 'busy') return { state, lease: told ?? '' }
      return { state: 'mine', lease, ...(told === undefined || told === '' ? {} : { begun: Number(told) }) }
    },
    async finish(account, id, lease, { known, failed }) {
      const outcome = failed === undefined ? 'done' : `failed:${failed}`
      const places = [keys.oauthLease(account, id), keys.oauthBegun(account, id), keys.oauthOutcome(account, id, lease)]
      await FINISH(redis, places, [lease, known ? 1 : 0, outcome, OUTCOME_MS])
    },
    async look(account, id, lease) {
      // The outcome last: what ends in between is seen at its end.
      const asked = redis
        .pipeline()
        .get(keys.oauthLease(account, id))
        .get(keys.oauthOutcome(account, id, lease))
      const [holder, outcome] = await call(async () => replies(await asked.exec()))
      if (typeof outcome !== 'string') return { state: holder === lease ? 'running' : 'lost' }
      return outcome === 'done' ? { state: 'done' } : { state: 'failed', reason: outcome.slice('failed:'.length) }
    },
  }
}

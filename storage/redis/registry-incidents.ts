/** Incidents: a stream per cycle, capped in number and age; a cycle that is gone takes none. */
import type { Redis } from 'ioredis'
import type { LoggedIncident, Incidents } from '../registry.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, script } from './registry-call.ts'

export interface IncidentsOptions {
  /** At most about so many for a cycle. Default 1,000. */
  readonly incidentsMax?: number
  /** Default 31 days. */
  readonly incidentsTtlMs?: number
}

/** Longest detail that is kept, in characters. */
const DETAIL_MAX = 8_192
const BATCH = 500

/** KEYS incidents, document · ARGV max, ttl ms, incident · Answers nothing; a cycle without document gets no incident. */
const add = script(`
if redis.call('EXISTS', KEYS[2]) == 0 then return end
local now = redis.call('TIME')
local oldest = (tonumber(now[1]) * 1000) - tonumber(ARGV[2])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'incident', ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])`)

export function createIncidents(redis: Redis, options: IncidentsOptions = {}): Incidents {
  const { incidentsMax = 1_000, incidentsTtlMs = 31 * 24 * 3600_000 } = options

  return {
    async add(place, incident, transaction) {
      const detail = incident.detail.length > DETAIL_MAX ? `${incident.detail.slice(0, DETAIL_MAX)}…` : incident.detail
      const entry = JSON.stringify({ ...incident, detail, ...(transaction === undefined ? {} : { transaction }) })
      await add(redis, [keys.incidents(place), keys.document(place)], [incidentsMax, incidentsTtlMs, entry])
    },
    async list(place, { after, before, transaction, limit }) {
      const found: LoggedIncident[] = []
      const now = Number((await call(() => redis.time()))[0]) * 1000
      const oldest = before === undefined ? String(Math.max(now - incidentsTtlMs, 0)) : `(${before}`
      let from = after === undefined ? '+' : `(${after}`
      for (;;) {
        const batch = await call(() => redis.xrevrange(keys.incidents(place), from, oldest, 'COUNT', BATCH))
        for (const [id, [, text]] of batch) {
          const incident = incidentOf(id, text)
          if (incident === undefined || (transaction !== undefined && incident.transaction !== transaction)) continue
          found.push(incident)
          if (found.length >= limit) return found
        }
        const last = batch.at(-1)
        if (last === undefined || batch.length < BATCH) return found
        from = `(${last[0]}`
      }
    },
  }
}

/** Entries are written by `add` alone. */
function incidentOf(id: string, text: string | undefined): LoggedIncident | undefined {
  if (text === undefined) return undefined
  const stored: Omit<LoggedIncident, 'id'> = JSON.parse(text)
  return { ...stored, id }
}

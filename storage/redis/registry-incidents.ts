/** Incidents: a stream per cycle, capped in number and age, and counts in the inbox's records; a cycle that is gone takes none. */
import type { Redis } from 'ioredis'
import type { Place } from '../../domain/ids.ts'
import type { Incident } from '../../workflows/messages.ts'
import { cycleKey, cycleSuffix } from '../keys.ts'
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

/**
 * KEYS incidents, document, the inbox's cycle, the inbox's record of the transaction, numbers taken of its run
 * ARGV max, ttl ms, incident, counter ('errors', 'warnings' or '': not counted), number ('' where it has none)
 * Answers nothing. A cycle without document gets no incident; a number is taken once; what is gone is not counted on.
 */
const add = script(`
if redis.call('EXISTS', KEYS[2]) == 0 then return end
if ARGV[5] ~= '' then
  if redis.call('SETBIT', KEYS[5], ARGV[5], 1) == 1 then return end
  redis.call('PEXPIRE', KEYS[5], ARGV[2])
end
if ARGV[4] ~= '' then
  if redis.call('HEXISTS', KEYS[3], 'state') == 1 then redis.call('HINCRBY', KEYS[3], ARGV[4], 1) end
  if redis.call('HEXISTS', KEYS[4], 'status') == 1 then redis.call('HINCRBY', KEYS[4], ARGV[4], 1) end
end
local now = redis.call('TIME')
local oldest = (tonumber(now[1]) * 1000) - tonumber(ARGV[2])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'incident', ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])`)

export function createIncidents(redis: Redis, options: IncidentsOptions = {}): Incidents {
  const { incidentsMax = 1_000, incidentsTtlMs = 31 * 24 * 3600_000 } = options

  async function write(place: Place, incident: Incident, counter: 'errors' | 'warnings' | '', transaction?: string, run = ''): Promise<void> {
    const { seq, ...told } = incident
    const detail = told.detail.length > DETAIL_MAX ? `${told.detail.slice(0, DETAIL_MAX)}…` : told.detail
    const entry = JSON.stringify({ ...told, detail, ...(transaction === undefined ? {} : { transaction }) })
    const cycle = cycleKey(place)
    const counted = [cycle, `${cycle}${cycleSuffix.transaction}${transaction ?? ''}`]
    const taken = keys.incidentsTaken(place, transaction ?? '', run)
    await add(redis, [keys.incidents(place), keys.document(place), ...counted, taken], [incidentsMax, incidentsTtlMs, entry, counter, seq ?? ''])
  }

  return {
    add: (place, incident, transaction, run) => write(place, incident, incident.level === 'Error' ? 'errors' : 'warnings', transaction, run),
    log: (place, incident) => write(place, incident, ''),
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

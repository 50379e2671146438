/** Incidents: a stream per cycle, capped in number and age, counts in the inbox's records, and the outbox; a cycle that is gone takes none. */
import type { Redis } from 'ioredis'
import type { Place } from '../../domain/ids.ts'
import type { Incident, NotificationMessage } from '../../workflows/messages.ts'
import { cycleKey, cycleSuffix, partitionOf } from '../keys.ts'
import { DETAIL_MAX, type LoggedIncident, type Incidents } from '../registry.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { errorWebhookMessage } from './error-webhook.ts'
import { call, script } from './registry-call.ts'

export interface IncidentsOptions {
  /** At most about so many for a cycle. Default 1,000. */
  readonly incidentsMax?: number
  /** Default 31 days. */
  readonly incidentsTtlMs?: number
}

const BATCH = 500
/** Most entries of an outbox. It grows while no workflow can be started: then further incidents are logged only. */
const OUTBOX_MAX = 100_000

/**
 * KEYS incidents, document, the inbox's cycle, the inbox's record of the transaction, numbers taken of its run, outbox
 * ARGV max, ttl ms, incident, counter ('errors', 'warnings' or '': not counted), number ('' where it has none), message ('' where nobody wants it), most messages
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
if ARGV[6] ~= '' and redis.call('XLEN', KEYS[6]) < tonumber(ARGV[7]) then redis.call('XADD', KEYS[6], '*', 'message', ARGV[6]) end
local now = redis.call('TIME')
local oldest = (tonumber(now[1]) * 1000) - tonumber(ARGV[2])
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'incident', ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', '~', string.format('%.0f', math.max(oldest, 0)))
redis.call('PEXPIRE', KEYS[1], ARGV[2])`)

export function createIncidents(redis: Redis, options: IncidentsOptions = {}): Incidents {
  const { incidentsMax = 1_000, incidentsTtlMs = 31 * 24 * 3600_000 } = options

  interface About {
    readonly transaction?: string | undefined
    readonly run?: string | undefined
    readonly message?: NotificationMessage | undefined
  }

  async function write(place: Place, incident: Incident, counter: 'errors' | 'warnings' | '', { transaction, run = '', message }: About): Promise<void> {
    const { seq, ...told } = incident
    const entry = JSON.stringify({
      ...told,
      ...(transaction === undefined ? {} : { transaction }),
      ...(message === undefined ? {} : { notification: message.id }),
    })
    const cycle = cycleKey(place)
    const logged = [keys.incidents(place), keys.document(place), cycle, `${cycle}${cycleSuffix.transaction}${transaction ?? ''}`]
    const sent = message === undefined ? '' : JSON.stringify(message)
    await add(
      redis,
      [...logged, keys.incidentsTaken(place, transaction ?? '', run), keys.outbox(partitionOf(place.account))],
      [incidentsMax, incidentsTtlMs, entry, counter, seq ?? '', sent, OUTBOX_MAX],
    )
  }

  return {
    async add(place, incident, transaction, run) {
      const told = shortened(incident)
      const message = await errorWebhookMessage(redis, place, told, transaction)
      await write(place, told, told.level === 'Error' ? 'errors' : 'warnings', { transaction, run, message })
    },
    log: (place, incident) => write(place, shortened(incident), '', {}),
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

function shortened(incident: Incident): Incident {
  return incident.detail.length > DETAIL_MAX ? { ...incident, detail: `${incident.detail.slice(0, DETAIL_MAX)}…` } : incident
}

/** Entries are written by the script above alone. */
function incidentOf(id: string, text: string | undefined): LoggedIncident | undefined {
  if (text === undefined) return undefined
  const stored: Omit<LoggedIncident, 'id'> = JSON.parse(text)
  return { ...stored, id }
}

/** The match itself: one script in Redis, among few and among many index entries, interleaved on the same two cycles. */
import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import { asAccountId, asCycleId, asRequestId, type Place } from '../domain/ids.ts'
import type { Inbox } from '../storage/inbox.ts'
import { cycleKey, cycleSuffix, hashOf } from '../storage/keys.ts'
import { createInbox } from '../storage/redis/inbox.ts'
import { figures, type Figures } from './load/figures.ts'
import type { Measure } from './measures.ts'
import type { Sizes } from './options.ts'

export interface MatchPhase {
  /** Makes both indexes: that of a million takes some 20 s and 600 MB of Redis's memory. */
  prepare(): Promise<void>
  readonly measures: readonly Measure[]
  /** Takes them away. */
  cleanUp(): Promise<void>
}

const STEP = 'despatched'
const MATCHES = 2_000
const BATCH = 2_000
/** Entries of a test's cycle are never taken out: room for all of them. */
const ROOM = { inboxLimit: 1e9, inboxBytes: 1e12, inboxTotalBytes: 1e13 }

/** KEYS the cycle's hash · ARGV number of the first, hash of each value. */
const FILL = `
local first = tonumber(ARGV[1])
for i = 2, #ARGV do
  local order, t = first + i - 1, 't' .. (first + i - 2)
  redis.call('HSET', KEYS[1] .. '${cycleSuffix.transaction}' .. t, 'order', order, 'status', 'Waiting', 'role', 'waiting', 'v:${STEP}', ARGV[i])
  redis.call('ZADD', KEYS[1] .. '${cycleSuffix.index}' .. ARGV[i], order, t)
  redis.call('ZADD', KEYS[1] .. '${cycleSuffix.byStatus}Waiting', order, t)
  redis.call('ZADD', KEYS[1] .. '${cycleSuffix.wait}', order, t)
end
redis.call('HSET', KEYS[1], 'counter', first + #ARGV - 1)`

/** Fills the index as accepts and parks would: a record and an index entry for each transaction, every value once. */
async function fill(redis: Redis, place: Place, entries: number): Promise<void> {
  for (let from = 0; from < entries; from += BATCH) {
    const hashes = Array.from({ length: Math.min(BATCH, entries - from) }, (_, i) => hashOf(STEP, `order-${from + i}`))
    await redis.eval(FILL, 1, cycleKey(place), from, ...hashes)
  }
}

async function matches(inbox: Inbox, place: Place, entries: number): Promise<Figures> {
  const times: number[] = []
  const startedAt = performance.now()
  for (let i = 0; i < MATCHES; i++) {
    const before = performance.now()
    const value = `order-${Math.floor(Math.random() * entries)}`
    const answer = await inbox.acceptMidCycle({
      place,
      version: 1,
      request: asRequestId(randomUUID()),
      stepId: STEP,
      data: '{"body":{}}',
      value,
      window: 0,
      held: false,
    })
    times.push(performance.now() - before)
    if (answer.outcome !== 'matched') throw new Error(`${value} was ${answer.outcome}`)
  }
  return figures(times, performance.now() - startedAt)
}

export function matchPhase(redisUrl: string, sizes: Pick<Sizes, 'indexFew' | 'indexMany'>): MatchPhase {
  let made: { readonly redis: Redis; readonly inbox: ReturnType<typeof createInbox>; readonly few: Place; readonly many: Place } | undefined
  const own = () => {
    if (made === undefined) throw new Error('the indexes were not made')
    return made
  }
  const name = (entries: number): string => `match among ${entries.toLocaleString('en-US')}`
  const method = `${MATCHES} accepts of mid-cycle requests, one after the other, each for a value picked at random: match, append and fsync, without HTTP`
  return {
    async prepare() {
      const redis = new Redis(redisUrl)
      const inbox = createInbox({ redis, options: { stoppedQueueTtlMs: 86_400_000, retentionMs: 86_400_000, ...ROOM } })
      const places = [0, 1].map(() => ({ account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }))
      const [few, many] = places
      if (few === undefined || many === undefined) return
      made = { redis, inbox, few, many }
      for (const place of places) {
        await inbox.create(place, 1)
        await inbox.activate(place)
      }
      await fill(redis, few, sizes.indexFew)
      await fill(redis, many, sizes.indexMany)
    },
    measures: [
      {
        group: 'match',
        name: name(sizes.indexFew),
        counts: 'time',
        method,
        run: () => matches(own().inbox, own().few, sizes.indexFew),
      },
      {
        group: 'match',
        name: name(sizes.indexMany),
        counts: 'time',
        beside: name(sizes.indexFew),
        bound: 1.5,
        method,
        run: () => matches(own().inbox, own().many, sizes.indexMany),
      },
    ],
    async cleanUp() {
      if (made === undefined) return
      const { redis, inbox, few, many } = made
      for (const place of [few, many]) {
        await inbox.delete(place)
        await inbox.purge(place)
      }
      await inbox.close()
      await redis.quit()
      made = undefined
    },
  }
}

import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fire, followCycle, type CycleSchedule, type ScheduleDeps, type Schedules } from '../../activities/schedules.ts'
import type { TriggerStep } from '../../domain/document.ts'
import { asAccountId, asCycleId, type Place } from '../../domain/ids.ts'
import { lastDue, timetableOf } from '../../domain/schedule.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { RegistryState } from '../../storage/registry-guard.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import type { Incident } from '../../workflows/messages.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Awaited<ReturnType<typeof freshRedis>>
let inbox: ReturnType<typeof createInbox>
let place: Place
let trigger: TriggerStep
let version: number
/** The Temporal Schedule, and what was done to it. */
let schedule: CycleSchedule | undefined
let calls: string[]
let incidents: Incident[]
let registry: RegistryState
/** Overrides of Temporal: `made` runs when it makes a schedule. */
let temporal: Partial<Schedules> & { made?: () => Promise<void> }

const deps = (): ScheduleDeps => ({
  inbox,
  cycles: { reload: async () => (version === 0 ? undefined : cycle()) },
  registry: { incidents: { add: async (_place, incident) => void incidents.push(incident) } },
  rootsOf: () => ({}),
  guard: { look: async () => registry },
  runtime: () => ({ heartbeat: () => undefined, attempt: 1 }),
  schedules: {
    put: async wanted => {
      schedule = wanted
      calls.push('put')
      await temporal.made?.()
      return temporal.put?.(wanted) ?? { madeAt: Date.now() }
    },
    remove: async () => {
      schedule = undefined
      calls.push('remove')
    },
    lastDue: async (...range) => {
      calls.push('lastDue')
      return temporal.lastDue?.(...range)
    },
  },
})
const cycle = (): CachedCycle => ({
  place,
  version,
  createdAt: 0,
  updatedAt: 0,
  document: { name: 'Nightly', steps: [trigger, { id: 'work', type: 'delay', for: '1s' }] },
  identifiers: {},
  account: { id: place.account, apiId: 'a', name: 'Acme', description: '', timezone: 'Europe/Berlin', createdAt: 0, userId: '' },
  hash: '',
})
const activation = async (): Promise<number> => (await inbox.scheduling(place))?.activation ?? 0
const queued = async (): Promise<readonly { readonly scheduledAt: number }[]> => {
  const entries = await redis.client.xrange((await redis.client.keys('*:starts'))[0] ?? '-', '-', '+')
  return entries.map(([, fields]) => ({ scheduledAt: Date.parse(JSON.parse(fields[fields.indexOf('d') + 1] ?? '{}').scheduledAt) }))
}

beforeEach(async () => {
  redis = await freshRedis()
  inbox = createInbox({ redis: redis.client, options: { stoppedQueueTtlMs: 1e9, retentionMs: 1e9, inboxLimit: 1e6, inboxBytes: 1e9, inboxTotalBytes: 1e9 } })
  place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  trigger = { id: 'tick', name: 'It is time', type: 'schedule', every: '1h', next: 'work' }
  version = 1
  registry = 'there'
  schedule = undefined
  calls = []
  incidents = []
  temporal = {}
  await inbox.create(place, 1, { scheduled: true })
  await inbox.activate(place)
})
afterEach(async () => {
  vi.useRealTimers()
  await inbox.close()
  await redis.client.quit()
})

describe('the Temporal Schedule of a cycle', () => {
  it('is there while the cycle is Active, by the start that it is for', async () => {
    await followCycle(deps(), place)
    expect(schedule).toMatchObject({
      place,
      cycleName: 'Nightly',
      triggerName: 'It is time',
      activation: await activation(),
      timetable: { kind: 'interval', every: 3_600_000 },
    })
    expect(schedule?.note).toContain('Starts the cycle "Nightly" of Acme: every 1h')
    await inbox.finish(place)
    await followCycle(deps(), place)
    expect(schedule).toBe(undefined)
  })

  it.each(['stopped', 'deleted', 'triggered by a webhook', 'without its document'])('is not there where the cycle is %s', async how => {
    await followCycle(deps(), place)
    if (how === 'stopped') await inbox.deactivate(place)
    if (how === 'deleted') await inbox.delete(place)
    if (how === 'triggered by a webhook') trigger = { id: 'order', type: 'webhook' }
    if (how === 'without its document') version = 0
    await followCycle(deps(), place)
    expect(schedule).toBe(undefined)
  })

  it('follows a change that comes while it is made', async () => {
    let once = true
    temporal.made = async () => {
      if (!once) return
      once = false
      await inbox.deactivate(place)
      await inbox.activate(place)
    }
    await followCycle(deps(), place)
    expect(calls).toEqual(['put', 'put'])
    expect(schedule?.activation).toBe(await activation())
  })

  it('that Temporal refuses is an incident', async () => {
    temporal.put = async () => ({ refused: 'no such zone' })
    await followCycle(deps(), place)
    expect(incidents).toMatchObject([{ level: 'Error', stepId: 'tick', message: 'Trigger Skipped' }])
    expect(incidents[0]?.detail).toContain('no such zone')
  })

  it('makes up for what fell due before it was made: for the last run only', async () => {
    trigger = { id: 'tick', type: 'schedule', every: '1s', next: 'work' }
    const madeAt = Date.now() + 60_000
    temporal.put = async () => ({ madeAt })
    await followCycle(deps(), place)
    const { timetable } = schedule ?? {}
    if (timetable?.kind !== 'interval') throw new Error('it has an interval')
    expect(await queued()).toEqual([{ scheduledAt: lastDue(timetable, madeAt) }])
  })

  it('asks Temporal what fell due by cron', async () => {
    trigger = { id: 'tick', type: 'schedule', cron: '* * * * *', next: 'work' }
    const due = Math.floor(Date.now() / 60_000) * 60_000
    temporal.lastDue = async (_cycle, after, until) => (after === (await activation()) && until >= after ? due : undefined)
    await followCycle(deps(), place)
    expect(await queued()).toEqual([{ scheduledAt: due }])
  })
})

describe('a run that fell due', () => {
  it('is taken once', async () => {
    const due = Math.floor(Date.now() / 1_000) * 1_000
    await fire(deps(), place, await activation(), due)
    await fire(deps(), place, await activation(), due)
    expect(await queued()).toEqual([{ scheduledAt: due }])
    expect(calls).toEqual([])
  })

  it('is none for a cycle that was stopped, or started anew: its schedule follows', async () => {
    const before = await activation()
    await inbox.deactivate(place)
    await fire(deps(), place, before, Date.now())
    expect(calls).toEqual(['remove'])
    await inbox.activate(place)
    await fire(deps(), place, before, Date.now())
    expect(calls).toEqual(['remove', 'put'])
    expect(schedule?.activation).toBe(await activation())
    expect((await inbox.status(place))?.queued).toBe(0)
  })

  it('that was missed stands for all that were missed', async () => {
    trigger = { id: 'tick', type: 'schedule', every: '1s', next: 'work' }
    const start = await activation()
    const timetable = timetableOf(trigger, 'UTC', start)
    if (timetable.kind !== 'interval') throw new Error('it has an interval')
    vi.useFakeTimers({ toFake: ['Date'], now: start + 60_500 })
    for (const late of [0, 1_000, 2_000]) await fire(deps(), place, start, timetable.first + late)
    expect(await queued()).toEqual([{ scheduledAt: lastDue(timetable, Date.now()) }])
    expect(await inbox.notices(partitionOf(place.account), 10)).toEqual([])
  })

  it('by cron and was missed stands for what Temporal says was due last', async () => {
    trigger = { id: 'tick', type: 'schedule', cron: '0 * * * *', next: 'work' }
    const due = Date.now() - 9 * 3_600_000
    const last = Date.now() - 1_000
    temporal.lastDue = async (_cycle, after) => (after === due ? last : undefined)
    await fire(deps(), place, await activation(), due)
    await fire(deps(), place, await activation(), last)
    expect(await queued()).toEqual([{ scheduledAt: last }])
  })

  it('finishes a cycle that runs once', async () => {
    trigger = { id: 'tick', type: 'schedule', every: '1h', runOnce: true, next: 'work' }
    await fire(deps(), place, await activation(), Date.now())
    expect((await inbox.scheduling(place))?.state).toBe('Stopping')
  })
})

import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCycle, TransactionView } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

let system: TestSystem
let client: Client
const made: TestCycle[] = []
beforeAll(async () => {
  system = await startSystem()
  client = new Client({ connection: await Connection.connect({ address: system.temporalAddress }), namespace: 'flywheel' })
})
afterAll(async () => {
  // Else Temporal would fire for cycles that no worker knows.
  for (const cycle of made) await cycle.remove().catch(() => undefined)
  await until(async () => (await Promise.all(made.map(hasSchedule))).every(there => !there), { what: 'all schedules being gone' })
  await client?.connection.close()
  await system?.stop()
})

const describeSchedule = (cycle: TestCycle) => client.schedule.getHandle(`schedule/${cycle.id}`).describe()
const hasSchedule = (cycle: TestCycle): Promise<boolean> =>
  describeSchedule(cycle).then(
    () => true,
    () => false,
  )

/** A cycle on a timer that tells the receiver of each run, at a path of its own. */
async function scheduled(name: string, trigger: object, options: { readonly pause?: string; readonly activate?: boolean; readonly settings?: object } = {}) {
  const pause = options.pause === undefined ? [] : [{ id: 'pause', type: 'delay', for: options.pause }]
  const cycle = await system.client.cycle(
    {
      name,
      settings: options.settings ?? {},
      steps: [
        { id: 'tick', name: 'It is time', type: 'schedule', ...trigger, next: 'tell' },
        {
          id: 'tell',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/${name}`,
          body: '{{tick}}',
          ...(options.pause === undefined ? {} : { next: 'pause' }),
        },
        ...pause,
      ],
    },
    { activate: options.activate ?? true },
  )
  made.push(cycle)
  return {
    cycle,
    runs: () => system.receiver.at(`/${name}`).map(({ json }) => timesOf(json)),
    ran: (count: number) => system.receiver.waitFor(`/${name}`, count),
  }
}

interface Times {
  readonly scheduledAt: number
  readonly startedAt: number
}
function timesOf(json: unknown): Times {
  const fields = new Map<string, unknown>(Object.entries(Object(json)))
  const [scheduledAt, startedAt] = ['scheduledAt', 'startedAt'].map(name => String(fields.get(name)))
  for (const text of [scheduledAt, startedAt]) expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  return { scheduledAt: Date.parse(scheduledAt ?? ''), startedAt: Date.parse(startedAt ?? '') }
}

describe('a cycle on a timer (cycles.md 4)', () => {
  it('runs once an interval, the first time after one, with the times as its data', async () => {
    const before = Date.now()
    const { cycle, runs, ran } = await scheduled('every', { every: '1s' })
    expect(await cycle.view()).toMatchObject({ Status: 'Active', Webhooks: [] })
    await ran(4)
    const due = runs().map(({ scheduledAt }) => scheduledAt)
    expect(Math.min(...due)).toBeGreaterThanOrEqual(before + 1_000)
    expect(new Set(due).size).toBe(due.length)
    for (const { scheduledAt, startedAt } of runs()) {
      expect(scheduledAt % 1_000).toBe(0)
      expect(startedAt).toBeGreaterThanOrEqual(scheduledAt)
    }
    const [latest] = await cycle.transactions('?status=Completed')
    expect((await cycle.transaction(latest?.Id ?? '')).Steps?.[0]).toMatchObject({
      StepId: 'tick',
      Status: 'Completed',
      Data: { scheduledAt: expect.any(String) },
    })
  })

  it('its schedule has its name, its attributes and a note in Temporal, where an operator may trigger a run', async () => {
    const { cycle, ran } = await scheduled('described', { cron: '0 6 * * MON-FRI', timezone: 'Europe/Berlin' })
    const found = await until(() => describeSchedule(cycle))
    expect(found.state.note).toContain('cron 0 6 * * MON-FRI (Europe/Berlin)')
    expect(found.searchAttributes).toMatchObject({ CycleId: [cycle.id], CycleName: ['described'], TriggerStep: ['It is time'] })
    const hours = found.info.nextActionTimes.map(at =>
      at.toLocaleString('en-GB', { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' }),
    )
    expect(hours.length).toBeGreaterThan(5)
    for (const hour of hours) expect(hour).toMatch(/^(Mon|Tue|Wed|Thu|Fri),? 06:00$/)
    await client.schedule.getHandle(`schedule/${cycle.id}`).trigger()
    await ran(1)
    await cycle.deactivate()
    await until(async () => !(await hasSchedule(cycle)))
  })

  it('runs at startAt first, also where that is before its schedule is made', async () => {
    const startAt = Math.ceil(Date.now() / 1_000) * 1_000 + 1_000
    const { runs, ran } = await scheduled('startAt', { every: '1h', startAt: new Date(startAt).toISOString() })
    await ran(1)
    expect(runs()).toHaveLength(1)
    expect(runs()[0]?.scheduledAt).toBe(startAt)
    expect(runs()[0]?.startedAt).toBeGreaterThanOrEqual(startAt)
  })

  it('runOnce: is Stopped after the one run, and runs once more when it is started again', async () => {
    const { cycle, runs, ran } = await scheduled('once', { every: '1s', runOnce: true }, { pause: '1500ms' })
    await ran(1)
    await until(async () => (await cycle.view()).Status === 'Stopped')
    const [run] = await cycle.transactions()
    expect(run?.Status).toBe('Completed')
    await until(async () => !(await hasSchedule(cycle)))
    expect(runs()).toHaveLength(1)
    await cycle.activate()
    await ran(2)
    await until(async () => (await cycle.view()).Status === 'Stopped')
    expect(await cycle.transactions()).toHaveLength(2)
    expect(await cycle.incidents()).toEqual([])
  })

  it('a run that falls due while the previous one runs is skipped, with a warning that says when and what ran', async () => {
    const { cycle, ran } = await scheduled('skips', { every: '1s' }, { pause: '3500ms' })
    await ran(2)
    await cycle.deactivate()
    const incidents = await until(async () => {
      const found = await cycle.incidents()
      return found.length >= 2 && found
    })
    const ids = (await cycle.transactions()).map(({ Id }) => Id)
    for (const incident of incidents) {
      expect(incident).toMatchObject({ Message: 'Trigger Skipped', IncidentLevel: 'Warning', StepId: 'tick', TransactionId: null })
      expect(ids.some(id => incident.Detail.includes(id))).toBe(true)
      expect(incident.Detail).toMatch(/fell due at \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.000Z/)
    }
    expect(new Set(incidents.map(({ Detail }) => Detail)).size).toBe(incidents.length)
    expect((await cycle.view()).WarningCount).toBe(incidents.length)
  })

  it('a response step answers nobody, and a mid-cycle webhook runs the transaction on', async () => {
    const cycle = await system.client.cycle({
      name: 'Mixed',
      steps: [
        { id: 'tick', type: 'schedule', every: '1s', runOnce: true, next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', body: '{{tick}}', next: 'more' },
        { id: 'more', type: 'webhook', match: { request: 'body.id', transaction: 'transaction.id' }, next: 'thanks' },
        { id: 'thanks', type: 'synchronousResponse', body: { due: '{{tick.scheduledAt}}' } },
      ],
    })
    made.push(cycle)
    await until(async () => (await cycle.view()).Status === 'Stopped')
    const [waiting] = await cycle.transactions('?status=Waiting')
    expect(await cycle.incidents()).toEqual([])
    const webhooks = (await cycle.view()).Webhooks.map(({ StepId }) => StepId)
    expect(webhooks).toEqual(['more'])
    await cycle.edit({
      name: 'Mixed',
      steps: [
        { id: 'tick', type: 'schedule', every: '1h', next: 'more' },
        { id: 'more', type: 'webhook', match: { request: 'body.id', transaction: 'transaction.id' } },
      ],
    })
    await cycle.activate()
    const reply = await cycle.post({ id: waiting?.Id }, { step: 'more' })
    expect(reply).toMatchObject({ status: 200, transaction: waiting?.Id })
  })
})

describe('starting and stopping a cycle on a timer', () => {
  it('a stop ends its runs; no further one is made, and nothing is queued', async () => {
    const { cycle, runs, ran } = await scheduled('stops', { every: '1s' })
    await ran(2)
    await cycle.deactivate()
    const count = runs().length
    await until(async () => !(await hasSchedule(cycle)))
    const other = await scheduled('meanwhile', { every: '1s' })
    await other.ran(3)
    expect(runs().length - count).toBeLessThanOrEqual(1)
    expect((await cycle.transactions('?status=Queued')).length).toBeLessThanOrEqual(1)
    expect((await cycle.view()).Status).toBe('Stopped')
    await cycle.activate()
    await ran(count + 3)
  })

  it('twenty quick stops and starts leave one schedule, that of the last start', async () => {
    const { cycle, runs, ran } = await scheduled('quick', { every: '1s' })
    for (let n = 0; n < 20; n++) {
      await cycle.deactivate()
      await cycle.activate()
    }
    const from = Date.now()
    await ran(5)
    await cycle.deactivate()
    const due = runs().map(({ scheduledAt }) => scheduledAt)
    expect(new Set(due).size).toBe(due.length)
    const later = due.filter(at => at > from + 3_000)
    expect(later.length).toBeLessThanOrEqual((Math.max(...due) - from) / 1_000)
    await until(async () => !(await hasSchedule(cycle)))
  })

  it('finish and stop lets the run end and takes no new one; deleting takes the schedule away', async () => {
    const { cycle, runs, ran } = await scheduled('finishes', { every: '1s' }, { pause: '2500ms' })
    await ran(1)
    expect((await cycle.deactivate(true)).Status).toBe('Stopping')
    await until(async () => (await cycle.view()).Status === 'Stopped')
    expect((await cycle.transactions()).map(({ Status }: TransactionView) => Status)).toEqual(['Completed'])
    expect(runs()).toHaveLength(1)
    await cycle.activate()
    await until(() => hasSchedule(cycle))
    await cycle.remove()
    await until(async () => !(await hasSchedule(cycle)))
  })

  it('a cycle whose trigger becomes a webhook has no schedule any more, and the other way round', async () => {
    const { cycle, runs, ran } = await scheduled('changes', { every: '1s' })
    await ran(1)
    await cycle.deactivate()
    const webhook = {
      name: 'changes',
      steps: [
        { id: 'tick', type: 'webhook', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${system.receiver.url}/changed`, body: '{{tick.body}}' },
      ],
    }
    expect((await cycle.edit(webhook)).Webhooks).toHaveLength(1)
    const { Webhooks } = await cycle.activate()
    await system.client.post(Webhooks[0]?.Url ?? '', { n: 1 })
    await system.receiver.waitFor('/changed')
    await until(async () => !(await hasSchedule(cycle)))
    await cycle.deactivate()
    const count = runs().length
    await cycle.edit({
      ...webhook,
      steps: [
        { id: 'tick', type: 'schedule', every: '1s', next: 'tell' },
        { ...webhook.steps[1], url: `${system.receiver.url}/changes`, body: '{{tick}}' },
      ],
    })
    await cycle.activate()
    await ran(count + 2)
  })
})

describe('while a worker or Temporal is away', () => {
  it('a killed worker loses no start and no stop, and what was missed is made up for once', { timeout: 420_000 }, async () => {
    const { cycle, runs, ran } = await scheduled('killed', { every: '1s' })
    await ran(2)
    await system.kill('worker')
    const killedAt = Date.now()
    await until(() => Date.now() - killedAt > 15_000, { everyMs: 500 })
    await system.start('worker')
    const since = await until(() => {
      const later = runs().filter(({ scheduledAt }) => scheduledAt > killedAt)
      return later.length >= 3 && later
    })
    // Of all that fell due while no worker was there only the last one is made up for.
    expect(since.filter(({ scheduledAt }) => scheduledAt < killedAt + 10_000)).toEqual([])
    expect(new Set(since.map(({ scheduledAt }) => scheduledAt)).size).toBe(since.length)
    await system.kill('worker')
    await cycle.deactivate()
    const other = await scheduled('activated', { every: '1s' })
    await system.start('worker')
    await until(async () => !(await hasSchedule(cycle)))
    await other.ran(2)
  })
})

import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Connection } from '@temporalio/client'
import { expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { until } from '../support/until.ts'
import { useOwnSystem } from './servers.ts'

const own = useOwnSystem({ ALLOW_VOLATILE_REDIS: 'false' })

const OUTAGE = 15_000

const every = (name: string, activate = true): Promise<TestCycle> =>
  own.system.client.cycle(
    {
      name,
      steps: [
        { id: 'tick', type: 'schedule', every: '1s', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${own.system.receiver.url}/${name}`, body: '{{tick.scheduledAt}}' },
      ],
    },
    { activate },
  )
/** What each run said that it fell due at. A call may be sent again after a crash, with its key (cycles.md 4): it counts once. */
const due = (name: string): number[] => {
  const runs = new Map(
    own.system.receiver.at(`/${name}`).map(({ headers, json, text }) => [String(headers['idempotency-key']), typeof json === 'string' ? json : text]),
  )
  return [...runs.values()].map(at => Date.parse(at))
}
const schedules = async (): Promise<string[]> => {
  const connection = await Connection.connect({ address: own.servers.temporalAddress })
  try {
    const ids = []
    for await (const { scheduleId } of new Client({ connection, namespace: 'flywheel' }).schedule.list()) ids.push(scheduleId)
    return ids.toSorted()
  } finally {
    await connection.close()
  }
}

it('starts and stops that come while Temporal is down hold when it is back, and what was missed is made up for once', async () => {
  const [kept, stopped, restarted, started] = [await every('kept'), await every('stopped'), await every('restarted'), await every('started', false)]
  for (const name of ['kept', 'stopped', 'restarted']) await own.system.receiver.waitFor(`/${name}`, 2)

  await own.servers.kill('temporal')
  const downAt = Date.now()
  await stopped.deactivate()
  for (let n = 0; n < 5; n++) {
    await restarted.deactivate()
    await restarted.activate()
  }
  expect((await started.activate()).Status).toBe('Active')
  await own.system.kill('worker')
  await sleep(OUTAGE)
  const missed = { from: downAt + 2_000, to: Date.now() - 2_000 }
  await Promise.all([own.servers.start('temporal'), own.system.start('worker')])

  const counts = new Map(['kept', 'restarted', 'started'].map(name => [name, due(name).length]))
  for (const [name, count] of counts) await own.system.receiver.waitFor(`/${name}`, count + 3, 120_000)
  const wanted = [kept, restarted, started].map(({ id }) => `schedule/${id}`).toSorted()
  await until(async () => JSON.stringify(await schedules()) === JSON.stringify(wanted), { what: 'the schedules of those that are Active' })
  for (const name of ['kept', 'restarted', 'started']) {
    expect(new Set(due(name)).size).toBe(due(name).length)
    expect(due(name).filter(at => at > missed.from && at < missed.to).length).toBeLessThanOrEqual(1)
  }
  expect(due('stopped').filter(at => at > missed.from)).toEqual([])

  for (const cycle of [kept, restarted, started]) await cycle.remove()
  await until(async () => (await schedules()).length === 0, { what: 'no schedule being left' })
}, 600_000)

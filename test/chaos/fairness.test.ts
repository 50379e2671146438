import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { telling } from '../e2e/documents.ts'
import { inParallel, sizeOf } from './senders.ts'

const BACKLOG = sizeOf('CHAOS_FAIR', 2_000)
const PROBES = 20

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

describe('many events of one account', () => {
  it('hold up a single event of another by less than 2 s (median of 20)', async () => {
    const { client, receiver } = system
    const busy = await client.cycle(telling(`${receiver.url}/busy`))
    const quiet = await client.cycle(telling(`${receiver.url}/quiet`))
    const probe = async (): Promise<number> => {
      const id = randomUUID()
      const began = performance.now()
      await quiet.post({ id })
      await until(() => receiver.at('/quiet/told').some(({ text }) => text.includes(id)), { everyMs: 10 })
      return performance.now() - began
    }
    await probe()
    const idle = []
    for (let n = 0; n < PROBES; n++) idle.push(await probe())

    await busy.deactivate()
    const replies = await inParallel(BACKLOG, 32, n => busy.post({ n }))
    expect(replies.every(({ status }) => status === 200)).toBe(true)
    await busy.activate()
    const among = []
    for (let n = 0; n < PROBES; n++) among.push(await probe())
    expect(median(among) - median(idle)).toBeLessThan(2_000)
    await until(() => receiver.at('/busy/told').length >= BACKLOG, { timeoutMs: 600_000, everyMs: 1_000 })
  }, 900_000)
})

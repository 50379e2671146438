import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TransactionView } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'
import { sizeOf } from './senders.ts'

const TIMES = sizeOf('CHAOS_RESTARTS', 100)

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

interface Timed extends TransactionView {
  readonly StartedAt?: string
}

describe('stopping and starting in quick succession under load', () => {
  it('loses nothing, runs nothing in a stopped cycle, and stops nothing that began after the start', async () => {
    const { client, receiver } = system
    const cycle = await client.cycle({
      name: 'Toggled',
      steps: [
        { id: 'order', type: 'webhook', next: 'pause' },
        { id: 'pause', type: 'delay', for: '200ms', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${receiver.url}/toggled`, body: { tx: '{{transaction.id}}' } },
      ],
    })
    let loading = true
    const accepted = new Set<string>()
    const load = async (): Promise<void> => {
      while (loading) {
        const reply = await cycle.post({})
        expect(reply).toMatchObject({ status: 200, body: 'Webhook accepted.' })
        accepted.add(reply.transaction ?? '')
        await sleep(25)
      }
    }
    const senders = [load(), load()]
    const stops: number[] = []
    for (let n = 0; n < TIMES; n++) {
      await sleep(Math.random() * 100)
      expect((await cycle.deactivate()).Status).toBe('Stopped')
      stops.push(Date.now())
      if (n % 2 === 0) await sleep(Math.random() * 50)
      expect((await cycle.activate()).Status).toBe('Active')
    }
    loading = false
    await Promise.all(senders)
    const last = await cycle.post({})
    accepted.add(last.transaction ?? '')

    const every = async (): Promise<Timed[]> => {
      const found: Timed[] = []
      for (;;) {
        const page: readonly Timed[] = await cycle.transactions(`?pageSize=500${found.length === 0 ? '' : `&after=${found.at(-1)?.Id}`}`)
        found.push(...page)
        if (page.length < 500) return found
      }
    }
    await until(async () => (await every()).every(({ Status }) => Status === 'Completed' || Status === 'Stopped'), { timeoutMs: 300_000, everyMs: 1_000 })
    const found = await every()
    expect(new Set(found.map(({ Id }) => Id))).toEqual(accepted)
    expect((await cycle.transaction(last.transaction ?? '')).Status).toBe('Completed')
    // What is stopped began before a stop; what came after the last stop was completed.
    const lastStop = Math.max(...stops)
    for (const { StartedAt, Status } of found) if (Status === 'Stopped') expect(Date.parse(StartedAt ?? '')).toBeLessThanOrEqual(lastStop)
    const completed = new Set(found.filter(({ Status }) => Status === 'Completed').map(({ Id }) => Id))
    const told = receiver.at('/toggled').map(({ text }) => {
      const { tx }: { tx: string } = JSON.parse(text)
      return tx
    })
    for (const id of completed) expect(told).toContain(id)
    expect((await cycle.view()).InProgressTransactionCount).toBe(0)
  }, 900_000)

  it('a stopped cycle runs nothing, whatever was accepted', async () => {
    const { client, receiver } = system
    const cycle = await client.cycle({
      name: 'Still',
      steps: [
        { id: 'order', type: 'webhook', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${receiver.url}/still` },
      ],
    })
    await cycle.deactivate()
    for (let n = 0; n < 20; n++) await cycle.post({ n })
    const other = await client.cycle({
      name: 'Other',
      steps: [
        { id: 'order', type: 'webhook', next: 'pause' },
        { id: 'pause', type: 'delay', for: '2s' },
      ],
    })
    const elsewhere = await other.post({})
    await other.settled(elsewhere.transaction ?? '', ['Completed'])
    expect(receiver.at('/still')).toEqual([])
    await cycle.activate()
    await receiver.waitFor('/still', 20)
  })
})

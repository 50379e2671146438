import { describe, expect, it } from 'vitest'
import { until } from '../support/until.ts'
import { asking, telling, waiting } from '../e2e/documents.ts'
import { inParallel, sizeOf } from './senders.ts'
import { useOwnSystem } from './servers.ts'

const COUNT = sizeOf('CHAOS_BACKLOG', 2_000)

const own = useOwnSystem()

/** ms that a request took, and its answer. */
async function timed<T>(run: () => Promise<T>): Promise<{ readonly ms: number; readonly got: T }> {
  const began = performance.now()
  const got = await run()
  return { ms: performance.now() - began, got }
}

describe('while Temporal is down', () => {
  it('asynchronous and mid-cycle webhooks are accepted, synchronous ones are 503, and all that was accepted runs when it is back', async () => {
    const { client, receiver } = own.system
    const told = await client.cycle(telling(receiver.url))
    const waits = await client.cycle(waiting(receiver.url))
    const asked = await client.cycle(asking(receiver.url))
    const order = await waits.post({ id: 'o' })
    await waits.settled(order.transaction ?? '', ['Waiting'])
    await own.servers.kill('temporal')

    const replies = await inParallel(COUNT, 32, n => told.post({ n }))
    expect(replies.filter(({ status, body }) => status !== 200 || body !== 'Webhook accepted.')).toEqual([])
    const ids = new Set(replies.map(({ transaction }) => transaction))
    expect(ids.size).toBe(COUNT)
    for (let n = 0; n < 3; n++) expect(await waits.post({ id: 'o', n }, { step: 'update' })).toMatchObject({ status: 200, transaction: order.transaction })
    const refused = await timed(() => asked.post({ id: 1 }, { key: 'k' }))
    expect(refused.got).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
    expect(Number(refused.got.headers['retry-after'])).toBeGreaterThan(0)
    expect(refused.ms).toBeLessThan(10_000)

    await own.servers.start('temporal')
    expect(await asked.post({ id: 1 }, { key: 'k' })).toMatchObject({ status: 201, replayed: true })
    expect(await asked.transactions()).toHaveLength(1)
    await until(() => new Set(receiver.at('/told').map(({ headers }) => headers['idempotency-key'])).size >= COUNT, {
      timeoutMs: 600_000,
      everyMs: 1_000,
      what: `${COUNT} transactions run`,
    })
    const ran = receiver.at('/told').map(({ text }) => {
      const { tx }: { tx: string } = JSON.parse(text)
      return tx
    })
    expect(new Set(ran)).toEqual(ids)
    const updates = await receiver.waitFor('/updates', 3)
    expect(updates.map(({ text }) => /"n":(\d)/.exec(text)?.[1])).toEqual(['0', '1', '2'])
  }, 900_000)

  it('the state of a cycle can be changed, and what was ordered completes', async () => {
    const { client, receiver } = own.system
    const cycle = await client.cycle({
      name: 'Long',
      steps: [
        { id: 'order', type: 'webhook', next: 'began' },
        { id: 'began', type: 'request', method: 'POST', url: `${receiver.url}/began`, next: 'pause' },
        { id: 'pause', type: 'delay', for: '1h', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: `${receiver.url}/long` },
      ],
    })
    const order = await cycle.post({})
    // One that had not begun would be none of this stop's, but of the next start's.
    await receiver.waitFor('/began')
    await own.servers.kill('temporal')
    expect((await cycle.deactivate()).Status).toBe('Stopped')
    expect((await cycle.activate()).Status).toBe('Active')
    await own.servers.start('temporal')
    await cycle.settled(order.transaction ?? '', ['Stopped'], 120_000)
    expect(receiver.at('/long')).toEqual([])
  })
})

describe('a server that hangs', () => {
  it('Redis: every webhook is 503 within 10 s, and accepted again when it goes on', async () => {
    const cycle = await own.system.client.cycle(telling(own.system.receiver.url))
    await cycle.post({ n: 1 })
    own.servers.hang('redis')
    try {
      for (const method of ['POST', 'GET']) {
        const { ms, got } = await timed(() => cycle.post(undefined, { method }))
        expect(got).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
        expect(ms).toBeLessThan(10_000)
      }
    } finally {
      own.servers.goOn('redis')
    }
    await until(async () => (await cycle.post({ n: 2 })).status === 200)
  })

  it('Redis that is gone: 503, and what was accepted before runs when it is back', async () => {
    const cycle = await own.system.client.cycle(telling(own.system.receiver.url))
    await cycle.deactivate()
    const before = await cycle.post({ n: 'before' }, { key: 'k' })
    await own.servers.kill('redis')
    const refused = await timed(() => cycle.post({}))
    expect(refused.got).toMatchObject({ status: 503 })
    expect(refused.ms).toBeLessThan(10_000)
    await own.servers.start('redis')
    const again = await until(async () => {
      const reply = await cycle.post({}, { key: 'k' })
      return reply.status === 200 && reply
    })
    expect(again).toMatchObject({ transaction: before.transaction, replayed: true })
    await cycle.activate()
    await cycle.settled(before.transaction ?? '', ['Completed'])
  })

  it('Temporal: a synchronous webhook is 503 within 10 s, an asynchronous one accepted', async () => {
    const asked = await own.system.client.cycle(asking(own.system.receiver.url))
    const told = await own.system.client.cycle(telling(own.system.receiver.url))
    await asked.post({ id: 0 })
    own.servers.hang('temporal')
    try {
      expect((await told.post({})).status).toBe(200)
      const { ms, got } = await timed(() => asked.post({ id: 1 }, { key: 'k' }))
      expect(got).toMatchObject({ status: 503, body: 'Webhook temporarily unavailable.' })
      expect(ms).toBeLessThan(10_000)
    } finally {
      own.servers.goOn('temporal')
    }
    expect(await asked.post({ id: 1 }, { key: 'k' })).toMatchObject({ status: 201 })
    expect(await asked.transactions()).toHaveLength(2)
  })
})

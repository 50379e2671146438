import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Redis } from 'ioredis'
import { blobsKey } from '../../storage/keys.ts'
import { startSystem, type TestSystem } from '../support/system.ts'

const MIB = 1024 * 1024

let system: TestSystem
let redis: Redis
beforeAll(async () => {
  system = await startSystem()
  redis = new Redis(system.redisUrl)
  system.receiver.respond(({ path }) => {
    if (path === '/big') return { body: { text: 'x'.repeat(10 * MIB - 11) } }
    if (path === '/over') return { body: 'x'.repeat(11 * MIB) }
    return { body: { ok: true } }
  })
})
afterAll(async () => {
  await redis?.quit()
  await system?.stop()
})

const request = (id: string, path: string, more: object = {}): object => ({
  id,
  type: 'request',
  method: 'POST',
  url: `${system.receiver.url}${path}`,
  ...more,
})

describe('an answer of megabytes, seen from outside', () => {
  it('of 10 MiB goes through two steps to a third system and to the sender, and is shown', async () => {
    const cycle = await system.client.cycle({
      name: 'Large',
      steps: [
        { id: 'order', type: 'webhook', next: 'big' },
        request('big', '/big', { next: 'told' }),
        request('told', '/told', { body: '{{big.body}}', next: 'answer' }),
        { id: 'answer', type: 'synchronousResponse', body: '{{big.body}}', next: 'again' },
        request('again', '/again', { body: { again: '{{big.body.text}}' } }),
      ],
    })
    const reply = await cycle.post({})
    expect(reply.status).toBe(200)
    expect(reply.body).toHaveLength(10 * MIB)
    const transaction = reply.transaction ?? ''
    const { Steps } = await cycle.settled(transaction, ['Completed'])
    expect(Steps?.find(({ StepId }) => StepId === 'big')?.Data).toMatchObject({ status: 200, body: { text: 'x'.repeat(10 * MIB - 11) } })
    for (const path of ['/told', '/again']) expect(system.receiver.at(path).map(({ text }) => text.length > 10 * MIB - 20)).toEqual([true])
    // The answer, the two calls' inputs, and the answer to the sender: each once, whatever was replayed or asked for.
    const key = blobsKey(`transaction/${cycle.id}/${transaction}`)
    const blobs = await redis.hlen(key)
    await cycle.transaction(transaction)
    expect(await redis.hlen(key)).toBe(blobs)
    expect(blobs).toBe(4)
  })

  it('over 10 MiB is a step error', async () => {
    const cycle = await system.client.cycle({ name: 'Over', steps: [{ id: 'order', type: 'webhook', next: 'over' }, request('over', '/over')] })
    const { transaction = '' } = await cycle.post({})
    await cycle.settled(transaction, ['Errored'])
    expect(await cycle.incidents()).toMatchObject([{ Message: 'Response data not in expected format', IncidentLevel: 'Error' }])
  })
})

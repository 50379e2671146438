import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { startSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.stop())

interface Shop {
  readonly id: string
  readonly name: string
  readonly url: string
}
async function connector(): Promise<Shop> {
  const name = `Shop ${randomUUID()}`
  const definition = {
    name,
    version: '1',
    baseUrl: system.receiver.url,
    authentication: { type: 'bearer' },
    externalIds: 'body.shops',
    methods: [{ id: 'newOrder', type: 'webhook' }],
  }
  const made = await system.client.call<{ Id: string; PartnerWebhookUrl: string }>('POST', '/connectors', { body: { Definition: definition } })
  return { id: made.Id, name, url: made.PartnerWebhookUrl }
}
/** An account with a cycle that tells what it got; `told` is the path. */
async function listener(
  shop: Shop,
  externalId: string,
): Promise<{ readonly cycle: TestCycle; readonly told: () => readonly unknown[]; readonly path: string }> {
  const account = await system.client.account()
  await system.client.call('POST', '/account/connectors', { account, body: { ConnectorId: shop.id, AuthValue: 'key', ExternalId: externalId } })
  const path = `/${randomUUID()}`
  const cycle = await system.client.cycle(
    {
      name: 'Orders',
      steps: [
        { id: 'order', type: 'webhook', connector: shop.name, method: 'newOrder', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: system.receiver.url + path, body: { n: '{{order.body.n}}' } },
      ],
    },
    { account },
  )
  return { cycle, path, told: () => system.receiver.at(path).map(({ json }) => Object(json).n) }
}

describe('a partner webhook (webhooks.md 9)', () => {
  it('reaches three accounts, one of them stopped, each once, however often it is repeated and whoever dies in between', async () => {
    const shop = await connector()
    const [a, b, c] = [await listener(shop, 'a'), await listener(shop, 'b'), await listener(shop, 'c')]
    const shops = ['a', 'b', 'c', 'nobody']
    await c.cycle.deactivate()
    const first = await system.client.post(shop.url, { shops, n: 0 }, { key: 'event-0' })
    expect(first).toMatchObject({ status: 200, body: 'Webhook accepted.', replayed: false })
    expect(await system.client.post(shop.url, { shops, n: 0 }, { key: 'event-0' })).toMatchObject({ status: 200, replayed: true })
    await Promise.all([a, b].map(({ path }) => system.receiver.waitFor(path)))

    // Accepted, and both are killed while they are handed out.
    const EVENTS = 60
    const sent = Array.from({ length: EVENTS }, (_, i) => i + 1)
    await Promise.all(sent.map(n => system.client.post(shop.url, { shops, n }, { key: `event-${n}` })))
    await Promise.all([system.kill('api'), system.kill('worker')])
    await Promise.all([system.start('api'), system.start('worker')])
    const repeated = await Promise.all(sent.map(n => system.client.post(shop.url, { shops, n }, { key: `event-${n}` })))
    expect(repeated.filter(({ status, replayed }) => status !== 200 || !replayed)).toEqual([])
    const all = [0, ...sent]
    for (const { path } of [a, b]) await system.receiver.waitFor(path, all.length)
    expect(c.told()).toEqual([])
    await c.cycle.activate()
    await system.receiver.waitFor(c.path, all.length)
    const sorted = (told: readonly unknown[]): readonly number[] => [...new Set(told.map(Number))].toSorted((x, y) => x - y)
    for (const { told, cycle } of [a, b, c]) {
      expect(sorted(told())).toEqual(all)
      // A call may be repeated when its worker is killed; a transaction is not.
      expect(await cycle.transactions('?pageSize=200')).toHaveLength(all.length)
    }
  })

  it('goes to accounts as they are now: after a delete of the account connector, or of the cycle, nothing comes', async () => {
    const shop = await connector()
    const [kept, gone, without] = [await listener(shop, 's'), await listener(shop, 's'), await listener(shop, 's')]
    const [held] = await system.client.call<readonly { Id: string }[]>('GET', '/account/connectors', { account: without.cycle.account })
    await system.client.call('DELETE', `/account/connectors/${held?.Id}`, { account: without.cycle.account })
    await gone.cycle.remove()
    await system.client.post(shop.url, { shops: 's', n: 1 })
    await system.receiver.waitFor(kept.path)
    await system.client.post(shop.url, { shops: ['s'], n: 2 })
    await system.receiver.waitFor(kept.path, 2)
    expect([kept.told(), gone.told(), without.told()]).toEqual([[1, 2], [], []])
  })

  it('wants a connector and a method of type webhook that there are', async () => {
    const shop = await connector()
    const save = (step: object) =>
      system.client.cycle({
        name: 'x',
        steps: [
          { id: 'order', type: 'webhook', ...step, next: 'end' },
          { id: 'end', type: 'delay', for: '1s' },
        ],
      })
    await expect(save({ connector: shop.name.slice(0, -1), method: 'newOrder' })).rejects.toThrow(/There is no connector .* Did you mean/)
    await expect(save({ connector: shop.name, method: 'newOrdre' })).rejects.toThrow(/has no method .*newOrdre.* Did you mean .*newOrder/)
    await expect(save({ connector: shop.name })).rejects.toThrow(/connector and method of a webhook go together/)
  })
})

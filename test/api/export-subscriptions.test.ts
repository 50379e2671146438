import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asCycleId } from '../../domain/ids.ts'
import type { SubscriptionTerms } from '../../domain/subscription.ts'
import { partitionOf } from '../../storage/keys.ts'
import { apiPair, at, smallCycle, type ApiHarness } from './harness.ts'

let api: ApiHarness
let other: ApiHarness
beforeAll(async () => {
  ;({ api, other } = await apiPair())
})
afterAll(() => Promise.all([api.close(), other.close()]))

describe('subscriptions in an export', () => {
  it('come back as they were, those that end with what they need for it, and their end is ordered anew', async () => {
    const name = await api.account()
    const account = (await api.registry.accounts.find(name))?.id
    if (account === undefined) throw new Error('no account')
    const { json } = await api.v1('POST', '/cycles', { account: name, body: { Definition: smallCycle } })
    const place = { account, cycle: asCycleId(String(at(json, 'Id'))) }
    const [connectorId, gone] = [randomUUID(), randomUUID()]
    const credentials = api.sealer.seal(JSON.stringify({ authValue: 'very-secret-key' }))
    const held = { connectorId, name: 'Shop', settings: { Sub: 'acme' }, status: 'Authenticated', credentials } as const
    await api.registry.accountConnectors.of(account).create(gone, held)
    const terms = (stepId: string, more: Partial<SubscriptionTerms> = {}): SubscriptionTerms => ({
      stepId,
      url: `http://hooks.example/${stepId}`,
      connectorId,
      connector: 'Shop',
      method: 'newOrder',
      settings: { Sub: 'acme' },
      baseUrl: 'http://shop.example',
      authentication: { type: 'apiKey', in: 'header', name: 'X-Key' },
      unsubscribe: { method: 'DELETE', path: '/hooks/{{subscription.id}}', headers: { 'X-A': 'b' } },
      fingerprint: 'f',
      ...more,
    })
    const [ending, made, asked] = [terms('a', { accountConnectorId: gone }), terms('b'), terms('c')]
    for (const [one, id] of [[ending, 'hook-a'] as const, [made, undefined] as const]) {
      const own = randomUUID()
      await api.registry.subscriptions.ask(place, own, one, 'me')
      await api.registry.subscriptions.made(place, own, one, id)
    }
    await api.registry.subscriptions.ask(place, randomUUID(), asked, 'me')
    await api.registry.accountConnectors.of(account).remove(gone)
    const exported = (await api.v1('GET', `/export?account=${name}`)).json
    expect(JSON.stringify(exported)).not.toContain('very-secret-key')

    const imported = await other.v1('POST', '/import', { body: exported })
    expect([imported.status, imported.json]).toEqual([200, expect.arrayContaining([{ Name: 'Subscriptions', Made: 3, Unchanged: 0 }])])
    const there = await other.registry.subscriptions.of(place)
    expect(there).toEqual(await api.registry.subscriptions.of(place))
    expect(there.map(({ state, terms: { stepId } }) => `${stepId} ${state}`).toSorted()).toEqual(['a ending', 'b made', 'c asked'])
    expect((await other.registry.subscriptions.retired(account).get(gone))?.value).toEqual(held)
    expect(await other.inbox.controls(partitionOf(account), 10)).toMatchObject([{ place, op: 'unsubscribe' }])
    const again = await other.v1('POST', '/import', { body: exported })
    expect(again.json).toEqual(expect.arrayContaining([{ Name: 'Subscriptions', Made: 0, Unchanged: 3 }]))
  })
})

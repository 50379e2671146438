import { afterAll, beforeAll, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

it('the rate limit of a connector delays calls, and credentials show nowhere (connectors.md 2 and 3)', async () => {
  const perMs = 1_500
  const definition = {
    name: 'Limited',
    version: '1',
    baseUrl: system.receiver.url,
    authentication: { type: 'apiKey', in: 'query', name: 'key' },
    rateLimit: { requests: 2, per: `${perMs}ms` },
    methods: [{ id: 'get', method: 'GET', path: '/limited/{{parameters.id}}', parameters: [{ name: 'id', required: true }] }],
  }
  system.receiver.respond(({ path, query }) => (path === '/limited/bad' ? { status: 400, body: { key: query.get('key') } } : undefined))
  const account = await system.client.account()
  const connector = await system.client.call<{ Id: string }>('POST', '/connectors', { body: { Definition: definition } })
  const key = 'the-key-of-the-account'
  await system.client.call('POST', '/account/connectors', { account, body: { ConnectorId: connector.Id, AuthValue: key } })
  const cycle = await system.client.cycle(
    {
      name: 'Limited',
      steps: [
        { id: 'order', type: 'webhook', next: 'ask' },
        { id: 'ask', type: 'method', connector: 'Limited', method: 'get', parameters: { id: '{{order.body.id}}' } },
      ],
    },
    { account },
  )
  const sent = await Promise.all([1, 2, 3, 4, 5].map(id => cycle.post({ id })))
  for (const { transaction } of sent) expect((await cycle.settled(transaction ?? '', ['Completed', 'Errored'])).Status).toBe('Completed')
  const times = system.receiver.requests.filter(({ path }) => path.startsWith('/limited/')).map(({ at }) => at)
  expect(times).toHaveLength(5)
  expect(Math.max(...times) - Math.min(...times)).toBeGreaterThan(2 * perMs - 500)

  const { transaction } = await cycle.post({ id: 'bad' })
  const failed = await cycle.settled(transaction ?? '', ['Errored'])
  expect(failed.Incidents).toMatchObject([{ Message: 'Failed to call the method', Detail: expect.stringContaining('answered 400') }])
  expect(JSON.stringify([failed, await cycle.incidents()])).not.toContain(key)
  expect(system.logs()).not.toContain(key)
})

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { shop } from '../domain/schema/connectors.ts'
import { startReceiver, type TestReceiver } from '../support/receiver.ts'
import { apiHarness, at, type ApiHarness, type Loose } from './harness.ts'

let api: ApiHarness
let application: TestReceiver
beforeAll(async () => {
  api = await apiHarness()
  application = await startReceiver()
  application.respond(({ headers }) => (headers['authorization'] === 'Bearer good' ? { status: 200 } : { status: 401 }))
  for (const name of ['Shop', 'Other']) {
    const settings = [{ name: 'subdomain', required: true }]
    const definition = { ...shop, name, settings, baseUrl: application.url, test: { method: 'GET', path: '/me' } }
    expect((await api.v1('POST', '/connectors', { body: { Definition: definition } })).status).toBe(201)
  }
})
afterAll(async () => {
  await api?.close()
  await application?.close()
})

/** Opens a link with these authentications; answers the account's connectors then. */
async function opened(account: string, ConnectorAuthentications: unknown): Promise<Loose> {
  const { json } = await api.v1('POST', `/accounts/${account}/launch`, { body: { ConnectorAuthentications } })
  const { pathname, search } = new URL(String(at(json, 'LaunchUrl')))
  const answer = await fetch(api.base + pathname + search, { redirect: 'manual' })
  expect(answer.status).toBe(303)
  return (await api.v1('GET', '/account/connectors', { account })).json
}
const properties = (subdomain: string) => [{ Name: 'subdomain', Value: subdomain }]

it('the connector authentications of a deploy call are applied when its link is opened (marketplace.md 5)', async () => {
  const account = randomUUID()
  const first = await opened(account, { Name: 'Shop', AuthValue: 'good', Properties: properties('acme') })
  expect(first).toMatchObject([{ Name: 'Shop', Status: 'Authenticated', Settings: { subdomain: 'acme' } }])
  // Another link changes the one that is there.
  const second = await opened(account, [{ Name: 'Shop', AuthValue: 'good', Properties: properties('new') }])
  expect(second).toMatchObject([{ Id: at(first, '[0].Id'), Settings: { subdomain: 'new' } }])
  expect(JSON.stringify(second)).not.toContain('good')
})

it('what an application does not take, what lacks a setting, and unknown connectors are passed over', async () => {
  const account = randomUUID()
  const list = await opened(account, [
    { Name: 'Unknown', AuthValue: 'good' },
    { Name: 'Other', AuthValue: 'good' },
    { Name: 'Shop', AuthValue: 'bad', Properties: properties('acme') },
  ])
  expect(list).toEqual([])
  await opened(account, { Name: 'Shop', AuthValue: 'good', Properties: properties('acme') })
  expect(await opened(account, { Name: 'Shop', AuthValue: 'bad' })).toMatchObject([{ Status: 'Authenticated', Settings: { subdomain: 'acme' } }])
})

it('no credentials stay in the session', async () => {
  await opened(randomUUID(), { Name: 'Shop', AuthValue: 'good', Properties: properties('acme') })
  const sessions = await Promise.all((await api.redis.keys('session:*')).map(key => api.redis.get(key)))
  expect(sessions.length).toBeGreaterThan(0)
  expect(sessions.join()).not.toContain('sealed:')
})

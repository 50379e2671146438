import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { CLIENT, startOAuthServer, type OAuthServer } from '../support/oauth-server.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import type { TestCycle, TransactionView } from '../support/client.ts'
import { until } from '../support/until.ts'

let system: TestSystem
let server: OAuthServer
let account: string
let cycle: TestCycle
let accountConnector: string

const ask = <T>(method: string, path: string, body?: unknown): Promise<T> =>
  system.client.call<T>(method, path, { account, ...(body === undefined ? {} : { body }) })
const refreshes = (): number => server.asked.filter(form => form.get('grant_type') === 'refresh_token').length
/** Whether a token, a code or the client's secret stands there. */
const open = (text: string): boolean => text.includes(CLIENT.secret) || /(access|refresh|code)-[0-9a-f]{8}-/.test(text)

/** A user of the account gives access: on the application's page, and back on ours. */
async function giveAccess(): Promise<void> {
  const { AuthorizeUrl } = await ask<{ AuthorizeUrl: string }>('POST', `/account/connectors/${accountConnector}/authorize`)
  const page = await fetch(server.visit(AuthorizeUrl))
  expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('<h1>Connected</h1>')])
}
const status = async (): Promise<unknown> => (await ask<{ Status: string; Reason?: string }>('GET', `/account/connectors/${accountConnector}`)).Status

async function run(count: number): Promise<readonly string[]> {
  const replies = await Promise.all(Array.from({ length: count }, (_, n) => cycle.post({ n })))
  return replies.map(({ transaction = '' }) => transaction)
}
const settled = (ids: readonly string[], wanted: string): Promise<readonly TransactionView[]> => Promise.all(ids.map(id => cycle.settled(id, [wanted])))

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'string':
      return (await redis.getBuffer(key))?.toString('latin1')
    case 'hash':
      return redis.hgetall(key)
    case 'list':
      return redis.lrange(key, 0, -1)
    case 'set':
      return redis.smembers(key)
    case 'zset':
      return redis.zrange(key, '0', '-1')
    case 'stream':
      return redis.xrange(key, '-', '+')
    default:
      return undefined
  }
}

beforeAll(async () => {
  server = await startOAuthServer()
  system = await startSystem()
  account = await system.client.account()
  const definition = {
    name: 'Shop',
    version: '1.0',
    baseUrl: `${server.url}/api`,
    authentication: { type: 'oauth2', grant: 'authorizationCode', authorizeUrl: `${server.url}/authorize`, tokenUrl: `${server.url}/token` },
    methods: [{ id: 'newOrder', type: 'create', method: 'POST', path: '/orders' }],
  }
  const client = { OAuthClientId: CLIENT.id, OAuthClientSecret: CLIENT.secret }
  const { Id: ConnectorId } = await system.client.call<{ Id: string }>('POST', '/connectors', { body: { Definition: definition, ...client } })
  const made = await ask<{ Id: string; Status: string; AuthorizeUrl: string }>('POST', '/account/connectors', { ConnectorId, Name: 'Main' })
  expect(made).toMatchObject({ Status: 'Unauthenticated', AuthorizeUrl: expect.stringContaining(`${server.url}/authorize?`) })
  accountConnector = made.Id
  const document = {
    name: 'Orders',
    steps: [
      { id: 'order', type: 'webhook', next: 'send' },
      { id: 'send', name: 'Send the order', type: 'method', connector: 'Shop', method: 'newOrder', fields: { n: '{{order.body.n}}' } },
    ],
  }
  cycle = await system.client.cycle(document, { account, activate: false })
})
afterAll(async () => {
  await system?.stop()
  await server?.close()
})
beforeEach(() => {
  server.rules.instead = undefined
  server.rules.expiresIn = 3600
})

describe('OAuth 2.0 (connectors.md 2)', () => {
  it('a connector that no user has authorised keeps its cycle from being activated; then it runs', async () => {
    await expect(cycle.activate()).rejects.toThrow(/422.*Shop/)
    await giveAccess()
    expect(await status()).toBe('Authenticated')
    await cycle.activate()
    await settled(await run(1), 'Completed')
    expect(server.calls.at(-1)?.json).toEqual({ n: 0 })
  })

  it('50 transactions at the moment of expiry make one refresh', async () => {
    server.rules.expiresIn = 2
    await giveAccess()
    const due = performance.now() + 1_100
    server.rules.expiresIn = 3600
    await until(() => performance.now() > due)
    const before = [refreshes(), server.calls.length] as const
    await settled(await run(50), 'Completed')
    expect(refreshes() - before[0]).toBe(1)
    expect(server.calls.length - before[1]).toBe(50)
  })

  it('50 transactions whose token is refused make one refresh, and each call is made once more', async () => {
    server.expire()
    const before = refreshes()
    await settled(await run(50), 'Completed')
    expect(refreshes() - before).toBe(1)
  })

  it('a token server that is down delays, and nothing is Unauthenticated', async () => {
    server.rules.instead = () => ({ status: 503, body: 'maintenance' })
    server.expire()
    const [asked, ids] = [server.asked.length, await run(3)]
    await until(() => server.asked.length > asked + 1)
    expect(await status()).toBe('Authenticated')
    server.rules.instead = undefined
    await settled(ids, 'Completed')
  })

  it('a refresh that is refused is an error of the step, and of the next activation, until a user gives access anew', async () => {
    server.expire()
    server.revoke()
    const [found] = await settled(await run(1), 'Errored')
    expect(found?.Incidents?.map(({ Message }) => Message)).toEqual(['Failed to authenticate the connector'])
    expect(found?.Incidents?.[0]?.Detail).toMatch(/invalid_grant: \*+ is over/)
    expect(await status()).toBe('Unauthenticated')
    await cycle.deactivate()
    await expect(cycle.activate()).rejects.toThrow(/422.*Shop/)
    await giveAccess()
    await cycle.activate()
    await settled(await run(1), 'Completed')
  })

  it('no token, code or secret of it is in Redis, in Temporal, in logs or in answers of the API', async () => {
    const answers = [
      await ask('GET', '/account/connectors'),
      await system.client.call('GET', '/connectors'),
      await cycle.incidents(),
      await cycle.transactions(),
    ]
    expect(open(JSON.stringify(answers))).toBe(false)
    for (const file of readdirSync(system.logFolder)) expect(open(readFileSync(join(system.logFolder, file), 'latin1')), file).toBe(false)
    const connection = await Connection.connect({ address: system.temporalAddress })
    const temporal = new Client({ connection, namespace: 'flywheel' })
    let seen = 0
    for await (const { workflowId } of temporal.workflow.list({ query: `WorkflowType = "transaction" AND TaskQueue = "${system.taskQueue}"` })) {
      const history = await temporal.workflow.getHandle(workflowId).fetchHistory()
      const text = JSON.stringify(history).replaceAll(/"data":"([\w+/=]*)"/g, (_, data: string) => Buffer.from(data, 'base64').toString('latin1'))
      expect(text).toContain('newOrder')
      expect(open(text), workflowId).toBe(false)
      if (++seen === 20) break
    }
    expect(seen).toBe(20)
    await connection.close()
    const redis = new Redis(system.redisUrl)
    for (const key of await redis.keys('*')) expect(open(`${key} ${JSON.stringify(await contentOf(redis, key))}`), key).toBe(false)
    await redis.quit()
  })
})

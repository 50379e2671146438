import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestCycle } from '../support/client.ts'
import { offer, tenant } from '../support/packages.ts'
import type { ReceiverAnswer } from '../support/receiver.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

const TTL_MS = 8_000

let system: TestSystem
beforeAll(async () => {
  system = await startSystem({ env: { STOPPED_QUEUE_TTL: `${TTL_MS}ms` } })
})
afterAll(() => system?.stop())

/** An application that knows idempotency keys, as far as a test lets it. */
interface Application {
  readonly name: string
  readonly id: string
  /** Ids of the subscriptions that it has now, with their addresses. */
  readonly hooks: Map<string, string>
  readonly asked: { readonly key: string; readonly token: string }[]
  readonly ended: string[]
  how: (number: number) => ReceiverAnswer | Promise<ReceiverAnswer> | undefined
  howToEnd: (number: number) => ReceiverAnswer | undefined
  definition(more?: object): object
}

const applications = new Map<string, Application>()
beforeEach(() =>
  system.receiver.respond(async ({ method, path, headers, json }) => {
    const [, base = '', , hook = ''] = path.split('/')
    const app = applications.get(base)
    if (app === undefined) return undefined
    const token = String(headers['authorization'] ?? '')
    if (method === 'DELETE') {
      app.ended.push(hook)
      const answer = app.howToEnd(app.ended.length)
      if (answer !== undefined) return answer
      return { status: app.hooks.delete(hook) && token === 'Bearer key' ? 204 : 404 }
    }
    const key = String(headers['idempotency-key'])
    app.asked.push({ key, token })
    const answer = await app.how(app.asked.length)
    if (answer !== undefined) return answer
    app.hooks.set(`hook-${key}`, String(Object(json).url))
    return { status: 201, body: { hook: { id: `hook-${key}` } } }
  }),
)

async function application(): Promise<Application> {
  const name = `Shop ${randomUUID()}`
  const base = randomUUID()
  const definition = (more: object = {}): object => ({
    name,
    version: '1',
    baseUrl: `${system.receiver.url}/${base}`,
    authentication: { type: 'bearer' },
    methods: [
      {
        id: 'newOrder',
        type: 'webhook',
        subscribe: { method: 'POST', path: '/hooks', body: { url: '{{webhook.url}}' }, id: 'body.hook.id', ...more },
        unsubscribe: { method: 'DELETE', path: '/hooks/{{subscription.id}}' },
      },
    ],
  })
  const { Id } = await system.client.call<{ Id: string }>('POST', '/connectors', { body: { Definition: definition() } })
  const app: Application = { name, id: Id, hooks: new Map(), asked: [], ended: [], how: () => undefined, howToEnd: () => undefined, definition }
  applications.set(base, app)
  return app
}

async function authenticated(app: Application): Promise<{ readonly account: string; readonly held: string }> {
  const account = await system.client.account()
  const { Id } = await system.client.call<{ Id: string }>('POST', '/account/connectors', { account, body: { ConnectorId: app.id, AuthValue: 'key' } })
  return { account, held: Id }
}
const document = (app: Application, more: object = {}): object => ({
  name: 'Orders',
  steps: [
    { id: 'order', name: 'New order', type: 'webhook', connector: app.name, method: 'newOrder', next: 'end', ...more },
    { id: 'end', type: 'delay', for: '1ms' },
  ],
})
async function subscribed(app: Application): Promise<{ readonly cycle: TestCycle; readonly account: string; readonly held: string }> {
  const of = await authenticated(app)
  return { ...of, cycle: await system.client.cycle(document(app), { account: of.account }) }
}
const ended = (app: Application, count: number): Promise<unknown> => until(() => app.hooks.size === 0 && app.ended.length >= count, { what: `${count} ends` })

describe('subscriptions of webhook steps (connectors.md 4)', () => {
  it('are made when the cycle starts, with the address of the step, and stay while it stops and starts', async () => {
    const app = await application()
    const { cycle } = await subscribed(app)
    expect([...app.hooks.values()]).toEqual([cycle.url()])
    await cycle.deactivate()
    await cycle.activate()
    await cycle.deactivate()
    await cycle.edit(document(app, { name: 'Another name' }))
    await cycle.activate()
    expect([app.asked.length, app.ended]).toEqual([1, []])
  })

  it('that the application refuses leave the cycle as it is, with its answer', async () => {
    const app = await application()
    app.how = () => ({ status: 403, body: { error: 'no hooks in your plan' } })
    const { account } = await authenticated(app)
    const cycle = await system.client.cycle(document(app), { account, activate: false })
    await expect(cycle.activate()).rejects.toThrow(/422.*subscription_failed.*Failed to subscribe the step .*New order.*answered 403.*no hooks in your plan/s)
    expect([(await cycle.view()).Status, app.asked.length]).toEqual(['Paused', 1])
    app.how = () => undefined
    expect((await cycle.activate()).Status).toBe('Active')
    expect(app.asked[1]?.key).not.toBe(app.asked[0]?.key)
  })

  it('are asked for with one key until the application has answered, also in the next start', async () => {
    const app = await application()
    app.how = () => ({ status: 500, body: 'down' })
    const { account } = await authenticated(app)
    const cycle = await system.client.cycle(document(app), { account, activate: false })
    await expect(cycle.activate()).rejects.toThrow(/subscription_failed.*answered 500/s)
    app.how = () => undefined
    await cycle.activate()
    expect([app.asked.length, new Set(app.asked.map(({ key }) => key)).size, app.hooks.size]).toEqual([4, 1, 1])
  })

  it('are asked for once more, with the same key, by a worker that comes after one that died while the application hung', async () => {
    const app = await application()
    const { account } = await authenticated(app)
    const cycle = await system.client.cycle(document(app), { account, activate: false })
    let release = (): void => undefined
    app.how = number => (number > 1 ? undefined : new Promise(resolve => (release = () => resolve({ status: 500 }))))
    const activating = cycle.activate().catch((error: unknown) => error)
    await until(() => app.asked.length === 1, { what: 'the first question' })
    await system.restart('worker')
    release()
    expect(await activating).toMatchObject({ Status: 'Active' })
    expect([app.asked.length, new Set(app.asked.map(({ key }) => key)).size, app.hooks.size]).toEqual([2, 1, 1])
  })

  it('are made anew where another request would be made now', async () => {
    const app = await application()
    const { cycle } = await subscribed(app)
    const [first] = app.hooks.keys()
    await cycle.deactivate()
    await system.client.call('PUT', `/connectors/${app.id}`, { body: { Definition: app.definition({ body: { url: '{{webhook.url}}', event: 'order' } }) } })
    await cycle.activate()
    expect([app.asked.length, app.ended, app.hooks.size]).toEqual([2, [first], 1])
  })

  it('end when the cycle has stood still for STOPPED_QUEUE_TTL, however often the application fails, and are made anew by the next start', async () => {
    const app = await application()
    const { cycle } = await subscribed(app)
    app.howToEnd = number => (number < 3 ? { status: 503 } : undefined)
    const stopped = performance.now()
    await cycle.deactivate()
    await ended(app, 3)
    expect(performance.now() - stopped).toBeGreaterThan(TTL_MS)
    app.howToEnd = () => undefined
    await cycle.activate()
    expect([app.asked.length, app.hooks.size]).toEqual([2, 1])
  })

  it('end when the cycle, the account connector or the account is deleted, with credentials that nothing shows any more', async () => {
    const app = await application()
    const [one, two, three] = [await subscribed(app), await subscribed(app), await subscribed(app)]
    expect(app.hooks.size).toBe(3)
    app.howToEnd = number => (number < 4 ? { status: 500 } : undefined)
    await system.client.call('DELETE', `/account/connectors/${one.held}`, { account: one.account })
    await two.cycle.remove()
    await system.client.call('DELETE', `/accounts/${three.account}`)
    expect(await system.client.call('GET', '/account/connectors', { account: one.account })).toEqual([])
    await ended(app, 6)
    expect((await one.cycle.view()).Status).toBe('Active')
  })

  it('that fail are errors of a package, whose cycle is Stopped', async () => {
    const app = await application()
    app.how = () => ({ status: 422, body: 'no such event' })
    const { account } = await authenticated(app)
    const one = tenant(system.client, account, await offer(system, [document(app)]))
    const { Status, Errors } = await one.run('install')
    expect(Status).toBe('Completed')
    expect(Errors).toEqual([
      expect.stringMatching(/^Failed to start cycle "Orders": Failed to subscribe the step "New order": POST .* answered 422\nno such event/),
    ])
    app.how = () => undefined
    expect((await one.run('start')).Status).toBe('Completed')
    expect(app.hooks.size).toBe(1)
    await one.run('uninstall')
    await ended(app, 1)
  })

  it('come with an import', async () => {
    const app = await application()
    const { cycle, account } = await subscribed(app)
    const exported = await system.client.call<{ Subscriptions: readonly { State: string; CycleId: string; SubscriptionId: string }[] }>(
      'GET',
      `/export?account=${account}`,
    )
    expect(exported.Subscriptions).toMatchObject([{ State: 'made', CycleId: cycle.id, SubscriptionId: [...app.hooks.keys()][0] }])
    const imported = await system.client.call<readonly { Name: string; Made: number; Unchanged: number }[]>('POST', '/import', { body: exported })
    expect(imported.find(({ Name }) => Name === 'Subscriptions')).toEqual({ Name: 'Subscriptions', Made: 0, Unchanged: 1 })
  })
})

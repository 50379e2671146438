import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectorDocument } from '../../../domain/connector.ts'
import type { CycleDocument } from '../../../domain/document.ts'
import type { AccountId } from '../../../domain/ids.ts'
import { newIdentifier } from '../../../storage/identifiers.ts'
import { cycleKey, cycleSuffix } from '../../../storage/keys.ts'
import type { PostOptions, WebhookReply } from '../../support/client.ts'
import { midCycle, simple, startEndpoint, type Harness, type HarnessCycle } from './harness.ts'

let rig: Harness
beforeAll(async () => {
  rig = await startEndpoint({ inbox: { inboxLimit: 3 } })
})
afterAll(() => rig.close())

/** A connector of its own for each test. */
let shop: Shop
interface Shop {
  readonly id: string
  readonly name: string
  readonly url: string
  post(body?: unknown, options?: PostOptions): Promise<WebhookReply>
  change(definition: Partial<ConnectorDocument>): Promise<void>
}
async function connector(given: Partial<ConnectorDocument> = {}): Promise<Shop> {
  const [id, partnerWebhook, name] = [randomUUID(), newIdentifier(), `Shop ${randomUUID()}`]
  const definition: ConnectorDocument = {
    name,
    version: '1',
    baseUrl: 'https://shop.example',
    authentication: { type: 'bearer' },
    externalIds: 'body.shop.id',
    methods: [{ id: 'newOrder', type: 'webhook' }],
    ...given,
  }
  const value = { name, version: '1', definition, partnerWebhook }
  await rig.registry.connectors.create(id, value)
  const url = `${rig.url}/api/partnerwebhook/${partnerWebhook}`
  return {
    id,
    name,
    url,
    post: (body, options) => rig.client.post(url, body, options),
    change: async more => {
      const { version = 0 } = (await rig.registry.connectors.get(id)) ?? {}
      await rig.registry.connectors.replace(id, { ...value, definition: { ...definition, ...more } }, version)
    },
  }
}
beforeEach(async () => {
  shop = await connector()
})

/** An account whose account connector has the external id. */
async function holder(externalId: string, account?: AccountId): Promise<{ readonly account: AccountId; readonly held: string }> {
  const owner = account ?? (await rig.account(randomUUID()))
  const held = randomUUID()
  const value = { connectorId: shop.id, name: held, settings: {}, status: 'Authenticated', credentials: '', externalId } as const
  await rig.registry.accountConnectors.of(owner).create(held, value)
  return { account: owner, held }
}
function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it was to be there')
  return value
}
const listening = (more: object = {}): CycleDocument => simple({ connector: shop.name, method: 'newOrder', ...more })
const handOut = async (): Promise<void> => {
  while (await rig.fanOut.turn()) {
    /* the next */
  }
}
const count = async ({ place }: HarnessCycle): Promise<number> => (await rig.inbox.list(place, { limit: 50 })).length
/** Step data of what waits in a cycle's inbox. */
async function waiting({ place }: HarnessCycle, what: 'starts' | 'deliveries' = 'starts'): Promise<readonly { readonly body: unknown }[]> {
  const entries = await rig.redis.xrange(`${cycleKey(place)}${cycleSuffix[what]}`, '-', '+')
  return entries.map(([, fields]) => JSON.parse(fields[fields.indexOf('d') + 1] ?? 'null'))
}
const bodies = async (cycle: HarnessCycle): Promise<readonly unknown[]> => (await waiting(cycle)).map(({ body }) => body)

describe('the URL of a partner webhook (webhooks.md 9)', () => {
  it('answers as other webhooks do', async () => {
    const answers = await Promise.all([
      shop.post({ shop: { id: 'nobody' } }),
      shop.post(undefined, { method: 'GET' }),
      shop.post(undefined, { method: 'DELETE' }),
      shop.post('{', { headers: { 'content-type': 'application/json' } }),
      shop.post('x'.repeat(1024 * 1024 + 1)),
      shop.post(gzipSync(Buffer.alloc(8 << 20)), { headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' } }),
      shop.post(`${'['.repeat(70)}${']'.repeat(70)}`, { headers: { 'content-type': 'application/json' } }),
      shop.post({}, { key: 'ä' }).catch(() => shop.post({}, { key: 'x'.repeat(256) })),
      rig.client.post(`${rig.url}/api/partnerwebhook/${newIdentifier()}`, {}),
      rig.client.post(`${rig.url}/api/partnerwebhook/short`, {}),
    ])
    expect(answers.map(({ status, body }) => `${status} ${body}`)).toEqual([
      '200 Webhook accepted.',
      '200 Webhook found.',
      '405 Method not allowed.',
      '400 Webhook payload could not be parsed.',
      '413 Webhook payload too large.',
      '413 Webhook payload too large.',
      '400 Webhook payload could not be parsed.',
      '400 Idempotency key is not valid.',
      '404 Webhook not found.',
      '404 Webhook not found.',
    ])
    expect(answers[0]?.transaction).toBeUndefined()
  })

  it('is unknown where the connector says no path to external ids', async () => {
    const stored = there(await rig.registry.connectors.get(shop.id))
    const { externalIds: _path, ...without } = stored.value.definition
    await rig.registry.connectors.replace(shop.id, { ...stored.value, definition: without }, stored.version)
    expect((await shop.post({})).status).toBe(404)
  })

  it('lets before_webhook of the connector answer verification challenges, and make an event of what it likes', async () => {
    await shop.change({
      script: `function before_webhook() {
        if (method_request_method === 'GET') { method_response = method_request_parameters.challenge; return false }
        if (method_request.type === 'url_verification') { method_response = { challenge: method_request.challenge }; return false }
        if (method_request.boom) throw new Error('no')
        method_request = { shop: { id: method_request.team } }
        return true }`,
    })
    const { account } = await holder('t1')
    const cycle = await rig.cycle(listening(), 'Active', account)
    expect(await rig.client.post(shop.url, undefined, { method: 'GET', query: '?challenge=abc' })).toMatchObject({ status: 200, body: 'abc' })
    expect(await shop.post({ type: 'url_verification', challenge: 'xyz' })).toMatchObject({ status: 200, body: '{"challenge":"xyz"}' })
    expect(await shop.post({ boom: true })).toMatchObject({ status: 500, body: 'Webhook failed.' })
    await shop.post({ team: 't1' })
    await handOut()
    expect(await bodies(cycle)).toEqual([{ shop: { id: 't1' } }])
  })

  it('is full at its limit, and takes a key once', async () => {
    const replies = [await shop.post({ n: 0 }, { key: 'k' }), await shop.post({ n: 1 }, { headers: { 'webhook-id': 'k' } })]
    expect(replies.map(({ status, replayed }) => [status, replayed])).toEqual([
      [200, false],
      [200, true],
    ])
    for (let n = 1; n < 20; n++) await shop.post({ n })
    expect(await shop.post({}, { key: 'l' })).toMatchObject({ status: 429, body: 'Too many webhooks waiting.', headers: { 'retry-after': '5' } })
    expect((await shop.post('{', { key: 'k', headers: { 'content-type': 'application/json' } })).replayed).toBe(true)
    await handOut()
    expect((await shop.post({}, { key: 'l' })).status).toBe(200)
    await handOut()
  })
})

describe('an event of a partner webhook', () => {
  it('goes to every step of the connector in accounts that have its external id, once however often it is repeated', async () => {
    const [one, two, other] = [await holder('s1'), await holder('s2'), await holder('s3')]
    const [a, b, c, d] = [
      await rig.cycle(listening(), 'Active', one.account),
      await rig.cycle(listening(), 'Active', one.account),
      await rig.cycle(listening(), 'Active', two.account),
      await rig.cycle(listening(), 'Active', other.account),
    ]
    await shop.change({ externalIds: 'body.shops' })
    for (let n = 0; n < 3; n++) await shop.post({ shops: ['s1', 's2', 's1', null] }, { key: 'once' })
    await handOut()
    expect(await Promise.all([a, b, c, d].map(cycle => count(cycle)))).toEqual([1, 1, 1, 0])
    const ownUrl = await a.post({ own: true })
    expect(ownUrl.status).toBe(200)
  })

  it('compares ids as values are compared: numbers in shortest form, and follows changes and deletes of account connectors and cycles', async () => {
    const { account, held } = await holder('10')
    const cycle = await rig.cycle(listening(), 'Active', account)
    const send = async (id: unknown): Promise<number> => {
      await shop.post({ shop: { id } })
      await handOut()
      return count(cycle)
    }
    expect(await send(10.0)).toBe(1)
    const records = rig.registry.accountConnectors.of(account)
    const stored = there(await records.get(held))
    await records.replace(held, { ...stored.value, externalId: '11' }, stored.version)
    expect(await send('10')).toBe(1)
    expect(await send('11')).toBe(2)
    await cycle.replace(simple())
    expect(await send('11')).toBe(2)
    await cycle.replace(listening())
    expect(await send('11')).toBe(3)
    await records.remove(held)
    expect(await send('11')).toBe(3)
  })

  it('goes to a cycle that says its account connector only where that one has the id', async () => {
    const { account, held } = await holder('x')
    const second = await holder('y', account)
    const cycle = await rig.cycle(listening(), 'Active', account)
    const stored = there(await rig.registry.cycles.get(cycle.place))
    await rig.inbox.deactivate(cycle.place)
    await rig.registry.cycles.replace({ ...stored, version: 2, accountConnectors: { [shop.name]: held } }, 1)
    await rig.inbox.activate(cycle.place)
    for (const id of ['x', 'y']) await shop.post({ shop: { id } })
    await handOut()
    expect(await bodies(cycle)).toEqual([{ shop: { id: 'x' } }])
    await rig.registry.accountConnectors.of(account).remove(second.held)
  })

  it('is queued in a cycle that stopped, and refused by one that was never started', async () => {
    const { account } = await holder('s')
    const [stopped, never] = [await rig.cycle(listening(), 'Active', account), await rig.cycle(listening(), 'Paused', account)]
    await rig.inbox.deactivate(stopped.place)
    await shop.post({ shop: { id: 's' } })
    await handOut()
    expect([await count(stopped), await count(never)]).toEqual([1, 0])
  })

  it('waits for a cycle whose inbox is full, while others have theirs', async () => {
    const { account } = await holder('s')
    const [full, free] = [await rig.cycle(listening(), 'Active', account), await rig.cycle(listening(), 'Active', account)]
    for (let n = 0; n < 3; n++) await full.post({ n })
    expect((await full.post({})).status).toBe(429)
    await shop.post({ shop: { id: 's' } })
    await handOut()
    expect([await count(full), await count(free)]).toEqual([3, 1])
    expect(await bodies(full)).toHaveLength(3)
  })

  it('runs a mid-cycle step by its match', async () => {
    const { account } = await holder('s')
    const cycle = await rig.cycle(midCycle({ connector: shop.name, method: 'newOrder' }), 'Active', account)
    await cycle.post({ id: 7 })
    await shop.post({ shop: { id: 's' }, id: 7 })
    await handOut()
    expect(await waiting(cycle, 'deliveries')).toMatchObject([{ body: { id: 7, shop: { id: 's' } }, method: 'POST' }])
    expect(await count(cycle)).toBe(1)
  })

  it('is for no account: accepted, and logged', async () => {
    await shop.post({ shop: { id: 'nobody' } })
    await handOut()
    expect(rig.logged).toContainEqual(expect.objectContaining({ connector: shop.id }))
  })

  it('passes the scripts of the step: after_webhook may ignore it, and one that fails is an incident of the cycle', async () => {
    const { account } = await holder('s')
    const ignoring = await rig.cycle(listening({ script: 'function after_webhook() { return method_response.keep === true }' }), 'Active', account)
    const failing = await rig.cycle(listening({ script: "function before_webhook() { throw new Error('broken') }" }), 'Active', account)
    for (const keep of [true, false]) await shop.post({ shop: { id: 's' }, keep })
    await handOut()
    expect([await count(ignoring), await count(failing)]).toEqual([1, 0])
    expect(await rig.registry.incidents.list(failing.place, { limit: 10 })).toMatchObject([{ detail: 'broken' }, { detail: 'broken' }])
  })
})

describe("a webhook step's own URL (connectors.md 4)", () => {
  it("runs the connector's script before its own", async () => {
    await shop.change({ script: "function before_webhook() { method_request = { by: ['connector'] } }" })
    const cycle = await rig.cycle(listening({ script: "function before_webhook() { method_request.by.push('step') }" }))
    expect((await cycle.post({})).status).toBe(200)
    expect(await bodies(cycle)).toEqual([{ by: ['connector', 'step'] }])
  })

  it('fails where the connector is gone: its script may have kept others out', async () => {
    const cycle = await rig.cycle(listening())
    await rig.registry.connectors.remove(shop.id)
    expect(await cycle.post({})).toMatchObject({ status: 500, body: 'Webhook failed.' })
  })
})

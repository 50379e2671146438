import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import type { NotificationMessage } from '../../workflows/messages.ts'
import { apiHarness, at, type ApiHarness, type Loose } from './harness.ts'

let api: ApiHarness
beforeAll(async () => {
  api = await apiHarness()
})
afterAll(() => api.close())

const DEFAULTS = {
  TransactionErrorWebhookUrl: null,
  IncludeWarnings: false,
  UserAgent: 'Flywheel',
  LaunchCompleteHtml: '',
  Css: '',
  EmbeddingOrigins: [],
}

describe('settings', () => {
  it('are read and changed by the partner; what is left out stays, null is the default (api.md)', async () => {
    expect((await api.v1('GET', '/settings')).json).toEqual(DEFAULTS)
    const set = { TransactionErrorWebhookUrl: 'https://errors.example/a?b=c', IncludeWarnings: true, UserAgent: 'Acme/1.0 (errors)' }
    expect(await api.v1('PUT', '/settings', { body: set })).toMatchObject({ status: 200, json: set })
    expect((await api.v1('PUT', '/settings', { body: { includewarnings: false } })).json).toEqual({ ...DEFAULTS, ...set, IncludeWarnings: false })
    expect((await api.v1('GET', '/settings')).json).toEqual({ ...DEFAULTS, ...set, IncludeWarnings: false })
    const cleared = { TransactionErrorWebhookUrl: null, IncludeWarnings: null, UserAgent: '' }
    expect((await api.v1('PUT', '/settings', { body: cleared })).json).toEqual(DEFAULTS)
  })

  it('say how LAUNCH looks, ends, and where it may be embedded (marketplace.md 4)', async () => {
    const set = { LaunchCompleteHtml: '<p>Done</p>', Css: 'body { color: red }', EmbeddingOrigins: ['https://App.example/', 'https://*.acme.example'] }
    const there = { ...DEFAULTS, ...set, EmbeddingOrigins: ['https://app.example', 'https://*.acme.example'] }
    expect((await api.v1('PUT', '/settings', { body: set })).json).toEqual(there)
    expect((await api.v1('PUT', '/settings', { body: { UserAgent: 'Flywheel' } })).json).toEqual(there)
    const cleared = { LaunchCompleteHtml: '', Css: null, EmbeddingOrigins: null }
    expect((await api.v1('PUT', '/settings', { body: cleared })).json).toEqual(DEFAULTS)
  })

  it('are not for a token that is restricted to an account', async () => {
    const token = await api.token(`account:${await api.account()}`)
    for (const [method, path] of [
      ['GET', '/settings'],
      ['PUT', '/settings'],
      ['GET', '/notifications'],
    ] as const) {
      expect((await api.v1(method, path, { token, ...(method === 'PUT' ? { body: {} } : {}) })).status).toBe(403)
    }
  })

  it.each([
    ['TransactionErrorWebhookUrl', 'ftp://x.example'],
    ['TransactionErrorWebhookUrl', 'javascript:alert(1)'],
    ['TransactionErrorWebhookUrl', 'errors.example/path'],
    ['TransactionErrorWebhookUrl', 'https://user:password@errors.example'],
    ['TransactionErrorWebhookUrl', `https://errors.example/${'x'.repeat(2_000)}`],
    ['TransactionErrorWebhookUrl', 7],
    ['IncludeWarnings', 'yes'],
    ['UserAgent', 'a\r\nX-Evil: 1'],
    ['UserAgent', 'ü'],
    ['Css', 'x'.repeat(131_073)],
    ['LaunchCompleteHtml', 7],
    ['EmbeddingOrigins', 'https://app.example'],
    ['EmbeddingOrigins[0]', ['*']],
    ['EmbeddingOrigins[0]', ['https://app.example; script-src *']],
  ])('%s does not take %j', async (name, value) => {
    const answer = await api.v1('PUT', '/settings', { body: { [name.replace('[0]', '')]: value } })
    expect(answer).toMatchObject({ status: 400, json: { Code: 'request_invalid', Errors: [{ Path: name }] } })
    expect((await api.v1('GET', '/settings')).json).toEqual(DEFAULTS)
    if (!['TransactionErrorWebhookUrl', 'IncludeWarnings'].includes(name)) return
    expect((await api.v1('POST', '/accounts', { body: { Name: 'A', [name]: value } })).status).toBe(400)
    expect((await api.v1('PUT', `/accounts/${await api.account()}`, { body: { [name]: value } })).status).toBe(400)
  })

  it("stand on an account too; null there is the partner's (api.md)", async () => {
    const none = { TransactionErrorWebhookUrl: null, IncludeWarnings: null }
    expect((await api.v1('POST', '/accounts', { body: { Name: 'A' } })).json).toMatchObject(none)
    const own = { TransactionErrorWebhookUrl: 'http://own.example', IncludeWarnings: false }
    const made = await api.v1('POST', '/accounts', { body: { Name: 'A', ...own } })
    expect(made).toMatchObject({ status: 201, json: own })
    const path = `/accounts/${String(at(made.json, 'Id'))}`
    expect((await api.v1('GET', path)).json).toMatchObject(own)
    expect((await api.v1('PUT', path, { body: { Name: 'B' } })).json).toMatchObject({ Name: 'B', ...own })
    expect((await api.v1('PUT', path, { body: { IncludeWarnings: true } })).json).toMatchObject({ ...own, IncludeWarnings: true })
    expect((await api.v1('PUT', path, { body: none })).json).toMatchObject(none)
    expect((await api.v1('GET', path)).json).toMatchObject({ Name: 'B', ...none })
  })
})

describe('the delivery log', () => {
  const account = asAccountId(randomUUID())
  const cycle = asCycleId(randomUUID())
  async function opened(): Promise<NotificationMessage> {
    const message = {
      kind: 'incident' as const,
      account,
      cycle,
      title: 'Error: Webhook failed · Orders',
      url: 'http://errors.example',
      userAgent: 'Flywheel',
      body: '{"Timestamp":"…"}',
    }
    const one = { id: randomUUID(), ...message }
    await api.registry.notifications.open(one)
    return one
  }
  const idsOf = (json: Loose): Loose[] => (Array.isArray(json) ? json.map((one: Loose) => at(one, 'Id') ?? null) : [])

  it('shows each notification with every try (marketplace.md 2)', async () => {
    const one = await opened()
    await api.registry.notifications.note(one.id, 'Pending', { at: 0, durationMs: 12, error: 'ECONNREFUSED' })
    await api.registry.notifications.note(one.id, 'Delivered', { at: 5_000, durationMs: 3, status: 200, answer: 'ok' })
    const listed = {
      Id: one.id,
      Kind: 'incident',
      Status: 'Delivered',
      Title: 'Error: Webhook failed · Orders',
      AccountId: account,
      CycleId: cycle,
      PackageId: null,
      MarketplaceId: null,
      Url: 'http://errors.example',
      CreatedOnUtc: expect.stringMatching(/Z$/),
      Tries: [
        { Time: '1970-01-01T00:00:00.000Z', Status: null, Duration: 12, Answer: null, Error: 'ECONNREFUSED' },
        { Time: '1970-01-01T00:00:05.000Z', Status: 200, Duration: 3, Answer: 'ok', Error: null },
      ],
      TemporalUrl: `http://temporal.example/namespaces/flywheel/workflows/notification%2F${one.id}`,
    }
    expect((await api.v1('GET', '/notifications?pageSize=1')).json).toEqual([listed])
    expect(await api.v1('GET', `/notifications/${one.id.toUpperCase()}`)).toMatchObject({
      status: 200,
      json: { ...listed, UserAgent: 'Flywheel', Body: one.body },
    })
  })

  it('shows what a marketplace was told of an installation', async () => {
    const message = {
      kind: 'started' as const,
      account,
      title: 'started · Shop',
      url: 'http://shop.example',
      userAgent: 'Flywheel',
      body: '{"Status":"started"}',
    }
    const one = { id: randomUUID(), ...message, installation: { account, package: '1234' }, marketplaceId: '7' }
    await api.registry.notifications.open(one)
    const listed = {
      Id: one.id,
      Kind: 'started',
      AccountId: account,
      CycleId: null,
      PackageId: 1_234,
      MarketplaceId: 7,
      Status: 'Pending',
      TemporalUrl: `http://temporal.example/namespaces/flywheel/workflows/notifications%2F${account}%2F1234`,
    }
    expect((await api.v1('GET', '/notifications?pageSize=1')).json).toMatchObject([listed])
    const { status, json } = await api.v1('GET', `/notifications/${one.id}`)
    expect([status, json]).toMatchObject([200, { ...listed, Body: one.body }])
    expect(json).not.toHaveProperty('Installation')
  })

  it('is listed newest first, by status, and from one on', async () => {
    const made = [await opened(), await opened(), await opened()].map(({ id }) => id).reverse()
    expect(idsOf((await api.v1('GET', '/notifications?pageSize=3')).json)).toEqual(made)
    expect(idsOf((await api.v1('GET', `/notifications?pageSize=1&after=${made[0]}`)).json)).toEqual([made[1]])
    await api.registry.notifications.note(made[1] ?? '', 'Failed', undefined)
    expect(idsOf((await api.v1('GET', '/notifications?status=Failed')).json)).toEqual([made[1]])
    expect((await api.v1('GET', '/notifications?status=Gone')).json).toEqual([])
    expect((await api.v1('GET', '/notifications?status=Sent')).status).toBe(400)
    expect(await api.v1('GET', `/notifications?after=${randomUUID()}`)).toMatchObject({ status: 400, json: { Errors: [{ Path: 'after' }] } })
  })

  it('replays: the notification goes to the outbox, to be sent under its own id', async () => {
    const one = await opened()
    await api.registry.notifications.note(one.id, 'Failed', undefined)
    expect(await api.v1('POST', `/notifications/${one.id}/replay`)).toMatchObject({ status: 202, json: { Id: one.id, Status: 'Pending' } })
    expect((await api.registry.notifications.outbox(partitionOf(account), 10)).map(({ what }) => what)).toEqual([{ again: one.id }])
  })

  it('does not know what is not there', async () => {
    for (const id of [randomUUID(), 'nonsense']) {
      expect(await api.v1('GET', `/notifications/${id}`)).toMatchObject({ status: 404, json: { Code: 'notification_not_found' } })
      expect((await api.v1('POST', `/notifications/${id}/replay`)).status).toBe(404)
    }
  })
})

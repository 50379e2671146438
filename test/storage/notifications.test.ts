import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Redis } from 'ioredis'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asAccountId, asCycleId, type Place } from '../../domain/ids.ts'
import type { Account, AccountChange, Registry, SettingsChange } from '../../storage/registry.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { Incident, NotificationMessage, NotificationStatus, NotificationTry } from '../../workflows/messages.ts'
import { freshRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'

let registry: Registry
const opened: Redis[] = []
/** A database of its own. */
async function own(): Promise<Redis> {
  const { client } = await freshRedis()
  opened.push(client)
  return client
}
beforeAll(async () => {
  registry = createRegistry(await own())
})
afterAll(async () => void (await Promise.all(opened.map(client => client.quit()))))

const DAY = 86_400_000

async function madePlace(name = 'Acme'): Promise<Place> {
  const account = asAccountId(randomUUID())
  await registry.accounts.create({ id: account, apiId: `api ${account}`, name, description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  const place = { account, cycle: asCycleId(randomUUID()) }
  const steps = [
    { id: 'order', name: 'Order received', type: 'webhook' as const, next: 'pause' },
    { id: 'pause', type: 'delay' as const, for: '1s' },
  ]
  await registry.cycles.create({ place, version: 1, createdAt: 0, updatedAt: 0, document: { name: 'Orders', steps }, identifiers: {} })
  return place
}

const incident = (more: Partial<Incident> = {}): Incident => ({
  at: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
  level: 'Error',
  stepId: 'order',
  message: 'Webhook failed',
  detail: 'why "so"',
  ...more,
})

/** The messages in the outbox that are about that account. */
async function outboxOf({ account }: Pick<Place, 'account'>): Promise<readonly NotificationMessage[]> {
  const entries = await registry.notifications.outbox(partitionOf(account), 1_000)
  return entries.flatMap(({ what }) => ('message' in what && what.message.account === account ? [what.message] : []))
}

describe('the transaction error webhook', () => {
  it("sends the incident's facts in exactly this order, compact, what is not known as null (cycles.md 5)", async () => {
    const place = await madePlace('Ac"me')
    await registry.accounts.update(place.account, { transactionErrorWebhookUrl: 'http://errors.example/a' })
    await registry.incidents.add(place, incident(), 'tx')
    await registry.incidents.add(place, { at: 0, level: 'Error', message: 'Trigger Skipped', detail: '' })
    const [first, second] = await outboxOf(place)
    const ids = `"AccountId":"${place.account}","AccountExternalId":"api ${place.account}","AccountName":"Ac\\"me","CycleId":"${place.cycle}","CycleName":"Orders"`
    expect(first).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      kind: 'incident',
      account: place.account,
      cycle: place.cycle,
      title: 'Error: Webhook failed · Orders',
      url: 'http://errors.example/a',
      userAgent: 'Flywheel',
      body: `{"Timestamp":"2026-01-02T03:04:05.006Z",${ids},"StepId":"order","StepName":"Order received","StepType":"webhook","TransactionId":"tx","Message":"Webhook failed","Detail":"why \\"so\\"","IncidentLevel":"Error"}`,
    })
    expect(second?.body).toBe(
      `{"Timestamp":"1970-01-01T00:00:00.000Z",${ids},"StepId":null,"StepName":null,"StepType":null,"TransactionId":null,"Message":"Trigger Skipped","Detail":"","IncidentLevel":"Error"}`,
    )
    const logged = await registry.incidents.list(place, { limit: 9 })
    expect(logged.map(({ notification }) => notification)).toEqual([second?.id, first?.id])
  })

  it('names the step as the document of the transaction does, and by its id where it has no name', async () => {
    const place = await madePlace()
    await registry.accounts.update(place.account, { transactionErrorWebhookUrl: 'http://errors.example' })
    await registry.incidents.add(place, incident({ stepId: 'gone', stepName: 'As it was', stepType: 'request' }))
    await registry.incidents.add(place, incident({ stepId: 'pause' }))
    const steps = (await outboxOf(place)).map(({ body }) => /"StepId".*?"StepType":[^,]*/.exec(body)?.[0])
    expect(steps).toEqual(['"StepId":"gone","StepName":"As it was","StepType":"request"', '"StepId":"pause","StepName":"pause","StepType":"delay"'])
  })

  it("is the account's own, or else the partner's; warnings where they are included (cycles.md 5)", async () => {
    const urlOf = fc.option(fc.constantFrom('http://one.example', 'https://two.example/x'), { nil: null })
    const includes = fc.option(fc.boolean(), { nil: null })
    const level = fc.constantFrom<Incident['level']>('Error', 'Warning')
    await fc.assert(
      fc.asyncProperty(urlOf, includes, urlOf, includes, level, async (partnerUrl, partnerIncludes, ownUrl, ownIncludes, of) => {
        const place = await madePlace()
        await registry.settings.update({ transactionErrorWebhookUrl: partnerUrl, includeWarnings: partnerIncludes, userAgent: 'Test/1' })
        await registry.accounts.update(place.account, { transactionErrorWebhookUrl: ownUrl, includeWarnings: ownIncludes })
        await registry.incidents.add(place, incident({ level: of }))
        const url = ownUrl ?? partnerUrl
        const wanted = url !== null && (of === 'Error' || (ownIncludes ?? partnerIncludes ?? false))
        expect((await outboxOf(place)).map(sent => [sent.url, sent.userAgent])).toEqual(wanted ? [[url, 'Test/1']] : [])
      }),
      { numRuns: 60 },
    )
    await registry.settings.update({ transactionErrorWebhookUrl: null, includeWarnings: null, userAgent: null })
  })

  it('is told once of an incident that is reported again, and never of what is only logged', async () => {
    const place = await madePlace()
    await registry.accounts.update(place.account, { transactionErrorWebhookUrl: 'http://errors.example', includeWarnings: true })
    for (let n = 0; n < 3; n++) await registry.incidents.add(place, incident({ seq: 1 }), 'tx', 'run')
    await registry.incidents.log(place, incident({ level: 'Warning' }))
    expect(await outboxOf(place)).toHaveLength(1)
  })
})

describe('settings', () => {
  it('keep what is left out, and put back what is null', async () => {
    const { settings } = registry
    const unset = { includeWarnings: false, userAgent: 'Flywheel', launchCompleteHtml: '', css: '', embeddingOrigins: [] }
    expect(await settings.get()).toEqual(unset)
    const change: SettingsChange = { transactionErrorWebhookUrl: 'https://x.example', includeWarnings: true, userAgent: 'Acme/1' }
    const look: SettingsChange = { launchCompleteHtml: '<h1>Done</h1>', css: 'h1{color:red}', embeddingOrigins: ['https://x.example'] }
    expect(await settings.update({ ...change, ...look })).toEqual({ ...change, ...look })
    expect(await settings.update({ userAgent: null, includeWarnings: undefined })).toEqual({ ...change, ...look, userAgent: 'Flywheel' })
    expect(await settings.update({})).toEqual({ ...change, ...look, userAgent: 'Flywheel' })
    const back = { transactionErrorWebhookUrl: null, includeWarnings: null, launchCompleteHtml: null, css: null, embeddingOrigins: null }
    expect(await settings.update(back)).toEqual(unset)
  })

  it('of an account stay with it', async () => {
    const { account } = await madePlace()
    const changed = async (change: AccountChange): Promise<Partial<Account>> => {
      const { transactionErrorWebhookUrl: url, includeWarnings: warnings } = (await registry.accounts.update(account, change)) ?? {}
      expect(await registry.accounts.get(account)).toMatchObject({ name: 'Acme' })
      return { ...(url === undefined ? {} : { transactionErrorWebhookUrl: url }), ...(warnings === undefined ? {} : { includeWarnings: warnings }) }
    }
    expect(await changed({ transactionErrorWebhookUrl: 'http://a.example' })).toEqual({ transactionErrorWebhookUrl: 'http://a.example' })
    expect(await changed({ includeWarnings: false })).toEqual({ transactionErrorWebhookUrl: 'http://a.example', includeWarnings: false })
    expect(await changed({ transactionErrorWebhookUrl: null, includeWarnings: null })).toEqual({})
  })
})

describe('the outbox', () => {
  it('keeps its entries, in order, until they are taken', async () => {
    const place = await madePlace()
    await registry.accounts.update(place.account, { transactionErrorWebhookUrl: 'http://errors.example' })
    for (const detail of ['1', '2']) await registry.incidents.add(place, incident({ detail }))
    await registry.notifications.sendAgain({ id: 'old', account: place.account })
    const mine = async () =>
      (await registry.notifications.outbox(partitionOf(place.account), 1_000)).filter(({ what }) =>
        'again' in what ? what.again === 'old' : what.message.account === place.account,
      )
    const entries = await mine()
    expect(entries.map(({ what }) => ('again' in what ? what.again : what.message.body.match(/"Detail":"(.)"/)?.[1]))).toEqual(['1', '2', 'old'])
    for (const entry of entries.slice(0, 2)) await registry.notifications.taken(entry)
    expect((await mine()).map(({ what }) => what)).toEqual([{ again: 'old' }])
  })
})

describe('the delivery log', () => {
  const message = (more: Partial<NotificationMessage> = {}): NotificationMessage => ({
    id: randomUUID(),
    kind: 'incident',
    account: asAccountId('account'),
    cycle: asCycleId('cycle'),
    title: 'title',
    url: 'http://test',
    userAgent: 'Flywheel',
    body: '{}',
    ...more,
  })
  const attempt = (n: number, more: Partial<NotificationTry> = {}): NotificationTry => ({
    at: 1_000 + n,
    durationMs: n,
    status: 500,
    answer: `no ${n}`,
    ...more,
  })

  it('knows a notification as it was opened first, and where it stands', async () => {
    const { notifications } = createRegistry(await own())
    const one = message()
    const first = await notifications.open(one)
    expect(first).toEqual({ status: 'Pending', order: expect.any(Number) })
    await notifications.note(one.id, 'Pending', attempt(1))
    await notifications.note(one.id, 'Pending', attempt(1))
    expect(await notifications.open({ ...one, body: 'another' })).toEqual(first)
    await notifications.note(one.id, 'Delivered', attempt(2, { status: 204 }))
    expect(await notifications.open(one)).toEqual({ ...first, status: 'Delivered' })
    expect((await notifications.open(message())).order).toBeGreaterThan(first.order)
    expect(await notifications.get(one.id)).toEqual({
      ...one,
      status: 'Delivered',
      createdAt: expect.any(Number),
      tries: [attempt(1), attempt(2, { status: 204 })],
    })
    expect(await notifications.reopen(one.id)).toMatchObject({ message: one, status: 'Pending' })
    expect((await notifications.get(one.id))?.status).toBe('Pending')
    expect(await notifications.get('unknown')).toBeUndefined()
    expect(await notifications.reopen('unknown')).toBeUndefined()
    await notifications.note('unknown', 'Failed', attempt(1))
    expect(await notifications.get('unknown')).toBeUndefined()
  })

  it('knows what installation it is about, and which marketplace is told', async () => {
    const { notifications } = createRegistry(await own())
    const { cycle: _none, ...about } = message({ kind: 'started', marketplaceId: '7' })
    const one = { ...about, installation: { account: about.account, package: '1234' } }
    await notifications.open(one)
    expect(await notifications.reopen(one.id)).toMatchObject({ message: one, status: 'Pending' })
    expect(await notifications.get(one.id)).toMatchObject(one)
  })

  it('keeps the latest 50 tries', async () => {
    const { notifications } = createRegistry(await own())
    const one = message()
    await notifications.open(one)
    for (let n = 1; n <= 60; n++) await notifications.note(one.id, 'Pending', attempt(n))
    const { tries = [] } = (await notifications.get(one.id)) ?? {}
    expect(tries.map(({ durationMs }) => durationMs)).toEqual(Array.from({ length: 50 }, (_, n) => n + 11))
  })

  it('lists the newest first, by status and from one on, whatever order things happen in', async () => {
    const statuses: readonly NotificationStatus[] = ['Pending', 'Delivered', 'Failed', 'Gone']
    const { notifications } = createRegistry(await own())
    const known: { id: string; status: NotificationStatus }[] = []
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(12), fc.constantFrom(...statuses)), { minLength: 1, maxLength: 8 }),
        fc.nat(12),
        fc.integer({ min: 1, max: 9 }),
        async (changes, from, limit) => {
          const one = message()
          await notifications.open(one)
          known.unshift({ id: one.id, status: 'Pending' })
          for (const [at, status] of changes) {
            const changed = known[at]
            if (changed === undefined) continue
            await notifications.note(changed.id, status, undefined)
            changed.status = status
          }
          const ids = async (query: object) => {
            const found = await notifications.list({ limit, ...query })
            return found === 'unknown' ? found : found.map(({ id }) => id)
          }
          const after = known[from]
          const rest = after === undefined ? known : known.slice(from + 1)
          const page = (all: typeof known) => all.slice(0, limit).map(({ id }) => id)
          const start = after === undefined ? {} : { after: after.id }
          expect(await ids(start)).toEqual(page(rest))
          for (const status of statuses) expect(await ids({ ...start, status })).toEqual(page(rest.filter(other => other.status === status)))
        },
      ),
      { numRuns: 40 },
    )
    expect(await notifications.list({ limit: 1, after: 'unknown' })).toBe('unknown')
  })

  it('forgets the oldest where there are too many, and all after their time', async () => {
    const log = await own()
    const { notifications } = createRegistry(log, { notificationsMax: 3 })
    const made = Array.from({ length: 6 }, () => message())
    for (const one of made) {
      await notifications.open(one)
      await notifications.note(one.id, 'Failed', attempt(1))
    }
    const left = made
      .slice(3)
      .reverse()
      .map(({ id }) => id)
    const found = await notifications.list({ limit: 9 })
    expect(found === 'unknown' ? found : found.map(({ id }) => id)).toEqual(left)
    expect((await log.keys('{notifications}:one:*')).length).toBe(3)
    expect((await log.keys('{notifications}:tries:*')).length).toBe(3)
    expect(await log.zcard('{notifications}:status:Failed')).toBe(3)
    for (const key of await log.keys('{notifications}:one:*')) expect(await log.pttl(key)).toBeGreaterThan(30.9 * DAY)

    const short = createRegistry(log, { notificationsTtlMs: 1 }).notifications
    await until(async () => {
      await short.open(message())
      return (await log.zcard('{notifications}:all')) === 1
    })
    expect(await log.keys('{notifications}:tries:*')).toEqual([])
  })
})

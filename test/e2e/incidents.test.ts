import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NotificationView, TestCycle } from '../support/client.ts'
import type { ReceivedRequest } from '../support/receiver.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem({ env: { NOTIFICATION_RETRIES: '500ms,1s,1s,1s' } })
})
afterAll(async () => system?.stop())
afterEach(async () => {
  system.receiver.respond(() => undefined)
  await settings({ TransactionErrorWebhookUrl: null, IncludeWarnings: null, UserAgent: null })
})

const settings = (body: object): Promise<unknown> => system.client.call('PUT', '/settings', { body })
/** A path of the receiver that no other test uses, and its URL. */
function place(): { readonly path: string; readonly url: string } {
  const path = `/errors/${randomUUID()}`
  return { path, url: system.receiver.url + path }
}

/** Its second step fails: nothing is there. `ß` and quotes, so that bytes count. */
const failing = (extra: object = {}): object => ({
  name: 'Größe "XL"',
  steps: [
    { id: 'order', type: 'webhook', next: 'tell' },
    { id: 'tell', name: 'Tell the shop', type: 'request', method: 'POST', url: `${system.receiver.url}/missing`, body: { id: '{{order.body.id}}' }, ...extra },
  ],
})
/** It answers twice in one run: the second answer is a warning. */
const warning = (): object => ({
  name: 'Twice',
  steps: [
    { id: 'order', type: 'webhook', next: 'one' },
    { id: 'one', type: 'synchronousResponse', next: 'two' },
    { id: 'two', type: 'synchronousResponse' },
  ],
})

const missing = ({ path }: ReceivedRequest) => (path === '/missing' ? { status: 404, body: { error: 'none' } } : undefined)

async function failed(cycle: TestCycle): Promise<string> {
  const { transaction = '' } = await cycle.post({ id: 7 })
  await cycle.settled(transaction, ['Errored'])
  return transaction
}

async function notificationOf(cycle: TestCycle, status: string): Promise<NotificationView> {
  return until(
    async () => {
      const id = (await cycle.incidents())[0]?.NotificationId
      const found = typeof id === 'string' && (await system.client.call<NotificationView>('GET', `/notifications/${id}`))
      return found && found.Status === status && found
    },
    { what: `the notification being ${status}`, everyMs: 100 },
  )
}

describe('the transaction error webhook', () => {
  it('gets each incident, byte for byte as the contract says (cycles.md 5)', async () => {
    const { path, url } = place()
    system.receiver.respond(missing)
    await settings({ TransactionErrorWebhookUrl: url, UserAgent: 'Acme/2' })
    const cycle = await system.client.cycle(failing())
    const transaction = await failed(cycle)
    const [sent] = await system.receiver.waitFor(path)
    const account = await system.client.call<{ AccountId: string }>('GET', `/accounts/${cycle.account}`)
    const [incident, ...more] = await cycle.incidents()
    expect(more).toEqual([])
    const detail = `POST ${system.receiver.url}/missing answered 404\n{"error":"none"}\nRequest: {"id":7}`
    expect(incident).toMatchObject({ Message: 'Failed to call the method', Detail: detail, IncidentLevel: 'Error', StepId: 'tell' })
    expect(sent?.text).toBe(
      `{"Timestamp":"${incident?.Timestamp}","AccountId":"${account.AccountId}","AccountExternalId":"${cycle.account}","AccountName":"${cycle.account}",` +
        `"CycleId":"${cycle.id}","CycleName":"Größe \\"XL\\"","StepId":"tell","StepName":"Tell the shop","StepType":"request","TransactionId":"${transaction}",` +
        `"Message":"Failed to call the method","Detail":${JSON.stringify(detail)},"IncidentLevel":"Error"}`,
    )
    expect(sent?.text).toMatch(/^\{"Timestamp":"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"/)
    expect(sent?.method).toBe('POST')
    expect(sent?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Acme/2', 'webhook-id': incident?.NotificationId })
  })

  it('that is down gets the incident when it is up again, under the same id; the log tells every try (marketplace.md 2)', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    const answers = [
      { status: 500, body: 'x'.repeat(3_000) },
      { status: 302, headers: { location: `${url}-else` } },
      { status: 200, body: 'thanks' },
    ]
    system.receiver.respond(request => (request.path === path ? answers.shift() : missing(request)))
    const cycle = await system.client.cycle(failing())
    await failed(cycle)
    const tries = await system.receiver.waitFor(path, 3)
    expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(new Set(tries.map(({ text }) => text)).size).toBe(1)
    expect((tries[1]?.at ?? 0) - (tries[0]?.at ?? 0)).toBeGreaterThan(450)
    expect((tries[2]?.at ?? 0) - (tries[1]?.at ?? 0)).toBeGreaterThan(950)
    const { Tries, Url } = await notificationOf(cycle, 'Delivered')
    expect(Url).toBe(url)
    expect(Tries.map(({ Status, Answer }) => [Status, Answer])).toEqual([
      [500, 'x'.repeat(1_024)],
      [302, '{}'],
      [200, 'thanks'],
    ])
    expect(system.receiver.at(`${path}-else`)).toEqual([])
  })

  it("is the account's own where it has one, and the partner's again where that is taken away", async () => {
    const [partner, own] = [place(), place()]
    system.receiver.respond(missing)
    await settings({ TransactionErrorWebhookUrl: partner.url })
    const cycle = await system.client.cycle(failing())
    await system.client.call('PUT', `/accounts/${cycle.account}`, { body: { TransactionErrorWebhookUrl: own.url } })
    await failed(cycle)
    await system.receiver.waitFor(own.path)
    await system.client.call('PUT', `/accounts/${cycle.account}`, { body: { TransactionErrorWebhookUrl: null } })
    await failed(cycle)
    await system.receiver.waitFor(partner.path)
    expect([system.receiver.at(own.path).length, system.receiver.at(partner.path).length]).toEqual([1, 1])
  })

  it('gets warnings where they are included, by the account or by the partner', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    const cycle = await system.client.cycle(warning())
    const change = (body: object) => system.client.call('PUT', `/accounts/${cycle.account}`, { body })
    const warned = async (count: number): Promise<void> => {
      await cycle.post({})
      await until(async () => (await cycle.incidents()).length === count)
    }
    await warned(1)
    await settings({ IncludeWarnings: true })
    await warned(2)
    await change({ IncludeWarnings: false })
    await warned(3)
    await settings({ IncludeWarnings: false })
    await change({ IncludeWarnings: true })
    await warned(4)
    const sent = await system.receiver.waitFor(path, 2)
    const incidents = await cycle.incidents()
    expect(incidents.map(({ NotificationId }) => NotificationId !== null)).toEqual([true, false, true, false])
    expect(sent[0]?.json).toMatchObject({ IncidentLevel: 'Warning', StepId: 'two', Message: 'Failed to return the webhook response' })
    // Side by side: whichever came first.
    const wanted = incidents.flatMap(({ NotificationId, TransactionId }) => (NotificationId === null ? [] : [TransactionId]))
    for (const transaction of wanted) expect(sent.map(({ json }) => json)).toContainEqual(expect.objectContaining({ TransactionId: transaction }))
  })

  it('that answers 410 gets that incident no more', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    system.receiver.respond(request => (request.path === path ? { status: 410, body: 'gone' } : missing(request)))
    const cycle = await system.client.cycle(failing())
    await failed(cycle)
    expect((await notificationOf(cycle, 'Gone')).Tries).toMatchObject([{ Status: 410, Answer: 'gone' }])
    expect(system.receiver.at(path)).toHaveLength(1)
  })

  it('that never takes it is given up after the schedule, without a further incident; replay sends it again', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    system.receiver.respond(request => (request.path === path ? { status: 503 } : missing(request)))
    const cycle = await system.client.cycle(failing())
    await failed(cycle)
    const given = await notificationOf(cycle, 'Failed')
    expect(given.Tries).toHaveLength(5)
    expect(await cycle.incidents()).toHaveLength(1)
    expect(await cycle.view()).toMatchObject({ ErrorCount: 1, WarningCount: 0 })
    const listed = await system.client.call<readonly NotificationView[]>('GET', '/notifications?status=Failed')
    expect(listed.map(({ Id }) => Id)).toContain(given.Id)

    system.receiver.respond(missing)
    expect(await system.client.call('POST', `/notifications/${given.Id}/replay`)).toMatchObject({ Id: given.Id, Status: 'Pending' })
    expect((await notificationOf(cycle, 'Delivered')).Tries).toHaveLength(6)
    const tries = await system.receiver.waitFor(path, 6)
    expect(new Set(tries.map(({ headers, text }) => `${String(headers['webhook-id'])} ${text}`)).size).toBe(1)
  })

  it('gets each incident once, whichever moment a worker is killed at', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    let down = true
    system.receiver.respond(request => (request.path === path && down ? { status: 500 } : missing(request)))
    const cycle = await system.client.cycle(failing())
    const transactions: string[] = []
    for (let n = 0; n < 3; n++) {
      const { transaction = '' } = await cycle.post({ id: n })
      transactions.push(transaction)
      if (n === 1) await system.restart('worker')
    }
    await until(async () => (await cycle.incidents()).length === transactions.length)
    down = false
    await system.receiver.waitFor(path, transactions.length)
    const delivered = await until(async () => {
      const all = await system.client.call<readonly NotificationView[]>('GET', '/notifications')
      const mine = all.filter(({ Url }) => Url === url)
      return mine.length === transactions.length && mine.every(({ Status }) => Status === 'Delivered') && mine
    })
    expect(await cycle.incidents()).toHaveLength(transactions.length)
    expect(await cycle.view()).toMatchObject({ ErrorCount: transactions.length })
    const told = system.receiver.at(path).map(({ json, headers }) => [headers['webhook-id'], json])
    for (const { Id } of delivered) expect(told.some(([id]) => id === Id)).toBe(true)
    const named = new Set(told.map(([, json]) => (typeof json === 'object' && json !== null && 'TransactionId' in json ? json.TransactionId : undefined)))
    expect(named).toEqual(new Set(transactions))
  })

  it('gets what went wrong in the api while no worker was there', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    const cycle = await system.client.cycle({
      name: 'Scripted',
      steps: [
        { id: 'order', type: 'webhook', script: 'function after_webhook() { console.log("seen"); throw new Error("no good") }', next: 'pause' },
        { id: 'pause', type: 'delay', for: '1s' },
      ],
    })
    await system.kill('worker')
    expect(await cycle.post({})).toMatchObject({ status: 500 })
    await until(async () => (await cycle.incidents()).length === 1)
    await system.start('worker')
    const [sent] = await system.receiver.waitFor(path)
    expect(sent?.json).toMatchObject({ StepId: 'order', StepType: 'webhook', TransactionId: null, Message: 'Webhook failed', IncidentLevel: 'Error' })
  })
})

describe('what an incident tells', () => {
  const told = async (cycle: TestCycle, path: string): Promise<string> => {
    const [sent] = await system.receiver.waitFor(path)
    const [incident] = await cycle.incidents()
    const notification = await system.client.call('GET', `/notifications/${incident?.NotificationId}`)
    const transactions = await Promise.all((await cycle.transactions()).map(({ Id }) => cycle.transaction(Id)))
    return `${sent?.text}\n${JSON.stringify([incident, notification, transactions.map(({ Incidents }) => Incidents)])}\n${system.logs()}`
  }
  /** Echoes what it got, as services do in their error pages. */
  const echo = ({ path, query, headers, text }: ReceivedRequest) =>
    path === '/echo'
      ? { status: 400, body: { query: query.toString(), raw: [...query.values()], headers, text, again: JSON.stringify({ headers, text }) } }
      : undefined

  it('holds no secret and no credentials, in whatever form they come back (cycles.md 5)', async () => {
    const { path, url } = place()
    system.receiver.respond(echo)
    await settings({ TransactionErrorWebhookUrl: url })
    const secret = `s3cr3t/"${randomUUID()}& more`
    const password = `pa55-${randomUUID()}`
    const cycle = await system.client.cycle({
      name: 'Secretive',
      variables: [{ name: 'key', secret: true, value: secret }],
      steps: [
        { id: 'order', type: 'webhook', verify: { scheme: 'header', header: 'X-Key', value: `verify-${secret}` }, next: 'call' },
        {
          id: 'call',
          type: 'request',
          method: 'POST',
          url: `${system.receiver.url}/echo`,
          query: { key: '{{variables.key}}' },
          headers: { 'X-Api-Key': '{{variables.key}}' },
          body: { key: '{{variables.key}}', order: '{{order.body.id}}' },
          auth: { type: 'basic', username: 'me', password },
        },
      ],
    })
    const { transaction = '' } = await cycle.post({ id: 'visible' }, { headers: { 'x-key': `verify-${secret}` } })
    await cycle.settled(transaction, ['Errored'])
    const text = await told(cycle, path)
    expect(text).toContain('visible')
    for (const part of ['s3cr3t', secret.slice(8, 44), password, Buffer.from(`me:${password}`).toString('base64')]) expect(text).not.toContain(part)
  })

  it('holds no credentials of a sender whom a script tells about', async () => {
    const { path, url } = place()
    await settings({ TransactionErrorWebhookUrl: url })
    const value = `h34der-${randomUUID()}`
    const script =
      'function before_webhook() { console.log(JSON.stringify(method_request_headers)); throw new Error(method_request_headers["x-key"] + " it was") }'
    const cycle = await system.client.cycle({
      name: 'Talkative',
      steps: [
        { id: 'order', type: 'webhook', verify: { scheme: 'header', header: 'X-Key', value }, script, next: 'pause' },
        { id: 'pause', type: 'delay', for: '1s' },
      ],
    })
    expect((await cycle.post({}, { headers: { 'x-key': value } })).status).toBe(500)
    const text = await told(cycle, path)
    expect(text).toContain('******** it was')
    expect(text).not.toContain(value)
  })

  it('holds no payload where the cycle says log: none', async () => {
    const { path, url } = place()
    system.receiver.respond(echo)
    await settings({ TransactionErrorWebhookUrl: url })
    const cycle = await system.client.cycle({
      name: 'Discreet',
      settings: { log: 'none' },
      steps: [
        { id: 'order', type: 'webhook', next: 'call' },
        { id: 'call', type: 'request', method: 'POST', url: `${system.receiver.url}/echo?id={{order.body.id}}`, body: '{{order.body}}' },
      ],
    })
    const { transaction = '' } = await cycle.post({ id: 'private-7' })
    await cycle.settled(transaction, ['Errored'])
    const [sent] = await system.receiver.waitFor(path)
    expect(sent?.json).toMatchObject({ Detail: `POST ${system.receiver.url}/echo answered 400` })
    expect(await told(cycle, path)).not.toContain('private-7')
  })
})

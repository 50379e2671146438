import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createBrowser, type Page } from '../api/pages/browser.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { template } from '../support/packages.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(() => system?.stop())

const orders = (tag: string, extra: object = {}): object => ({
  name: 'Orders',
  tags: [tag, 'shop'],
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'despatched' },
    { id: 'despatched', name: 'Despatched', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' } },
  ],
  ...extra,
})

interface Result {
  readonly cycleId: string
  readonly status: string
  readonly webhooks: readonly string[]
}
interface Launched {
  readonly account: string
  readonly template: string
  readonly complete: Page
  readonly result: Result
}

/** What the complete page has as its global `result`. */
const resultOf = ({ text }: Page): Result => JSON.parse(/window\.result = (.*?)<\/script>/s.exec(text)?.[1] ?? 'null')

/** From the deploy call to the complete page. */
async function launch(how: object = {}, document: object = {}): Promise<Launched> {
  const tag = `tag-${randomUUID()}`
  const id = await template(system.client, orders(tag, document))
  await system.client.call('PUT', `/templates/${id}/publish`, { body: {} })
  const account = await system.client.account()
  return { account, template: id, ...(await again(account, tag, how)) }
}
async function again(account: string, tag: string, how: object): Promise<Pick<Launched, 'complete' | 'result'>> {
  const link = await system.client.call<{ LaunchUrl: string }>('POST', `/accounts/${account}/launch`, { body: { Tags: [tag], ...how } })
  const browser = createBrowser({ base: system.apiUrl }, system.apiUrl)
  // The link works once: from there on the operation's page is looked at.
  const first = await browser.follow(await browser.get(link.LaunchUrl.replace(system.apiUrl, '')))
  const complete = await until(
    async () => {
      const page = first.text.includes('window.result') ? first : await browser.follow(await browser.get(first.path))
      return page.text.includes('window.result') && page
    },
    { what: 'the complete page' },
  )
  return { complete, result: resultOf(complete) }
}
const cycle = (account: string, id: string) => system.client.call<{ Status: string }>('GET', `/cycles/${id}`, { account })

describe('LAUNCH (marketplace.md 3, 4)', () => {
  it('installs the only one by itself, and gives the result, property by property, in its order', async () => {
    const { account, template: id, result, complete } = await launch({ CompleteParameter: 'example' })
    const { AccountId, UserId } = await system.client.call<{ AccountId: string; UserId?: string }>('GET', `/accounts/${account}`)
    const shown = await system.client.call<{ TemplateReleaseId: string; Webhooks: { Url: string }[]; Tags: string[] }>('GET', `/cycles/${result.cycleId}`, {
      account,
    })
    const { userId } = Object(result)
    expect(userId).toMatch(/^[0-9a-f-]{36}$/)
    if (UserId !== undefined) expect(userId).toBe(UserId)
    expect(JSON.stringify(result)).toBe(
      JSON.stringify({
        accountId: AccountId,
        accountApiId: account,
        cycleId: result.cycleId,
        status: 'Active',
        userId,
        webhooks: shown.Webhooks.map(({ Url }) => Url),
        errors: [],
        completeParameter: 'example',
        templateId: id,
        templateReleaseId: shown.TemplateReleaseId,
        templateTags: shown.Tags,
      }),
    )
    expect(complete.text).toContain('Orders is installed')
    expect(await system.client.call('GET', '/notifications', {})).toEqual([])
  })

  it('with Start: false leaves the cycle Paused, and leaves completeParameter out where there is none', async () => {
    const { account, result } = await launch({ Start: false })
    expect(result.status).toBe('Paused')
    expect(Object.keys(result)).not.toContain('completeParameter')
    expect(await cycle(account, result.cycleId)).toMatchObject({ Status: 'Paused' })
  })

  it('with RunOnce the cycle stops by itself after its first run; what comes later waits for the next start', async () => {
    const { account, result } = await launch({ RunOnce: true })
    expect(result.status).toBe('Active')
    const [webhook = ''] = result.webhooks
    const post = (id: number) => fetch(webhook, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id }) })
    expect((await post(1)).status).toBe(200)
    expect((await post(2)).status).toBe(200)
    await until(async () => (await cycle(account, result.cycleId)).Status === 'Stopped', { what: 'the end of the first run' })
    expect(await cycle(account, result.cycleId)).toMatchObject({ WaitingTransactionCount: 1, QueuedTransactionCount: 1 })
    await system.client.call('PUT', `/cycles/${result.cycleId}/activate`, { account })
    await until(async () => Number(Object(await cycle(account, result.cycleId)).WaitingTransactionCount) === 2, { what: 'the second run' })
    expect(await cycle(account, result.cycleId)).toMatchObject({ Status: 'Active' })
  })

  it('with RunOnce a held sender gets the answer of the only run, and the next one waits', async () => {
    const document = {
      steps: [
        { id: 'order', name: 'Order received', type: 'webhook', next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', body: { order: '{{order.body.id}}' } },
      ],
    }
    const { account, result } = await launch({ RunOnce: true }, document)
    const post = (id: number) =>
      fetch(result.webhooks[0] ?? '', { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ id }) })
    expect(await (await post(1)).json()).toEqual({ order: 1 })
    await until(async () => (await cycle(account, result.cycleId)).Status === 'Stopped', { what: 'the end of the first run' })
    expect((await post(2)).status).toBe(200)
    expect(await cycle(account, result.cycleId)).toMatchObject({ Status: 'Stopped', QueuedTransactionCount: 1 })
  })

  it('tells of a cycle that failed to start, which is Stopped', async () => {
    const verified = {
      id: 'order',
      name: 'Order received',
      type: 'webhook',
      verify: { scheme: 'header', header: 'X-Key', value: '{{variables.key}}' },
      next: 'work',
    }
    const document = {
      variables: [{ name: 'key', label: 'Key', secret: true }],
      steps: [verified, { id: 'work', type: 'script', source: 'function run() { return 1 }' }],
    }
    const { account, result, complete } = await launch({}, document)
    expect(result).toMatchObject({ status: 'Stopped', errors: [expect.stringContaining('Failed to start cycle "Orders"')] })
    expect(await cycle(account, result.cycleId)).toMatchObject({ Status: 'Stopped' })
    expect(complete.text).toContain('not all of it could be started')
  })
})

/** The pictures of README.md and docs/operators.md: orders, one that failed and is mended by the UI's own signal form. */
import { createServer } from 'node:http'
import type { Browser, Page } from 'playwright-core'
import { z } from 'zod'
import type { ApiClient } from '../start/api-client.ts'
import { waitFor } from '../start/wait.ts'
import { fillSignal, submitSignal } from '../temporal-ui/signal-form.ts'
import { photograph, WAIT } from './photograph.ts'

const ACCOUNT = 'demo'

const Cycle = z.object({ Id: z.string(), Webhooks: z.array(z.object({ StepId: z.string(), Url: z.string() })) })
const Transactions = z.array(z.object({ Id: z.string(), Status: z.string() }))
const Transaction = z.object({ TemporalUrl: z.string() })

const COLUMNS = ['Status', 'CycleName', 'TransactionStatus', 'TriggerStep', 'Start', 'Workflow ID'].map((label, i) => ({ label, pinned: i === 0 }))

const DOCUMENT = {
  name: 'Order fulfilment',
  description: 'Answers the shop, and waits for the warehouse.',
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'enough' },
    {
      id: 'enough',
      name: 'Enough in stock?',
      type: 'decision',
      left: '{{order.body.quantity}}',
      condition: 'lessThanOrEqual',
      right: 5,
      true: 'price',
      false: 'sorry',
    },
    { id: 'sorry', name: 'Sold out', type: 'synchronousResponse', status: 409, body: { error: 'sold out' } },
    {
      id: 'price',
      name: 'Work out the price',
      type: 'script',
      source: 'function run(order) { return { total: order.quantity * 19.9 } }',
      input: '{{order.body}}',
      next: 'confirm',
    },
    {
      id: 'confirm',
      name: 'Order confirmed',
      type: 'synchronousResponse',
      status: 201,
      body: { order: '{{order.body.id}}', total: '{{price.body.total}}' },
      next: 'despatched',
    },
    { id: 'despatched', name: 'Despatched', type: 'webhook', match: { request: 'body.order', transaction: 'order.body.id' }, next: 'parcel' },
    {
      id: 'parcel',
      name: 'Label of the parcel',
      type: 'script',
      source: "function run(parcel) { return { label: 'PARCEL ' + parcel } }",
      input: '{{despatched.body.parcel}}',
      next: 'thanks',
    },
    { id: 'thanks', name: 'Thank the warehouse', type: 'synchronousResponse', body: { label: '{{parcel.body.label}}' } },
  ],
}

/** Its warehouse answers 500 at first: an operator has the step tried again. */
const failing = (warehouse: string): object => ({
  name: 'Stock reservation',
  description: 'Reserves in the warehouse, then tells the shop.',
  steps: [
    { id: 'order', name: 'Order received', type: 'webhook', next: 'reserve' },
    {
      id: 'reserve',
      name: 'Reserve in the warehouse',
      type: 'request',
      method: 'POST',
      url: `${warehouse}/reservations`,
      body: '{{order.body}}',
      next: 'tell',
    },
    { id: 'tell', name: 'Tell the shop', type: 'request', method: 'POST', url: `${warehouse}/shop`, body: '{{reserve.body}}' },
  ],
})

/** A warehouse that is down for its first request. */
async function openWarehouse(): Promise<{ readonly url: string; close(): void }> {
  let requests = 0
  const server = createServer((request, response) => {
    request.resume()
    const down = requests++ === 0
    response.writeHead(down ? 500 : 200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(down ? { error: 'the database is locked' } : { reservation: 4711 }))
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`, close: () => void server.close() }
}

async function post(url: string, body: object): Promise<void> {
  await (await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })).arrayBuffer()
}

/** Twelve orders, some of them too large; the warehouse calls for some of the others. Answers the page of one that was resumed. */
async function act(api: ApiClient): Promise<{ readonly cycle: string; readonly transaction: string }> {
  const cycle = Cycle.parse(await api.call('POST', '/cycles', { account: ACCOUNT, json: { Definition: DOCUMENT } }))
  await api.call('PUT', `/cycles/${cycle.Id}/activate`, { account: ACCOUNT })
  const url = new Map(cycle.Webhooks.map(webhook => [webhook.StepId, webhook.Url]))
  for (let id = 1; id <= 12; id++) await post(url.get('order') ?? '', { id, quantity: id % 3 === 0 ? 9 : 2, customer: 'Ada' })
  for (const order of [8, 10, 11]) await post(url.get('despatched') ?? '', { order, parcel: `RM-${order}` })
  const waiting = async () => Transactions.parse(await api.call('GET', `/cycles/${cycle.Id}/transactions?status=Waiting`, { account: ACCOUNT }))
  let found: z.infer<typeof Transactions> = []
  const late = await waitFor(async () => {
    found = await waiting()
    return found.length === 8
  }, WAIT)
  if (late !== undefined) throw new Error(`the transactions do not come to rest: ${late}`)
  const resumed = found[0]?.Id ?? ''
  const { TemporalUrl } = Transaction.parse(await api.call('GET', `/cycles/${cycle.Id}/transactions/${resumed}`, { account: ACCOUNT }))
  return { cycle: cycle.Id, transaction: TemporalUrl }
}

/** A transaction that stands failed: its page. */
async function fail(api: ApiClient, warehouse: string): Promise<string> {
  const cycle = Cycle.parse(await api.call('POST', '/cycles', { account: ACCOUNT, json: { Definition: failing(warehouse) } }))
  await api.call('PUT', `/cycles/${cycle.Id}/activate`, { account: ACCOUNT })
  await post(cycle.Webhooks[0]?.Url ?? '', { id: 'A-1001', sku: 'MUG', quantity: 2 })
  let found: z.infer<typeof Transactions> = []
  const late = await waitFor(async () => {
    found = Transactions.parse(await api.call('GET', `/cycles/${cycle.Id}/transactions?status=Errored`, { account: ACCOUNT }))
    return found.length === 1
  }, WAIT)
  if (late !== undefined) throw new Error(`no transaction failed: ${late}`)
  return Transaction.parse(await api.call('GET', `/cycles/${cycle.Id}/transactions/${found[0]?.Id ?? ''}`, { account: ACCOUNT })).TemporalUrl
}

/** From what the details say over the form to the transaction that went on. */
async function mend(page: Page, transaction: string): Promise<void> {
  await page.setViewportSize({ width: 1400, height: 780 })
  await page.goto(transaction, { waitUntil: 'domcontentloaded' })
  await open(page, 'User Metadata')
  await photograph(page, at => at.frameLocator('#user-metadata-current-details').getByText('retryStep'), 'failed.png')
  const form = await fillSignal(page, 'retryStep', { stepId: 'reserve' })
  await photograph(page, () => form.getByText('stepId'), 'signal.png')
  await submitSignal(form)
  await page.getByText('Completed', { exact: true }).filter({ visible: true }).first().waitFor({ timeout: WAIT })
  await page.goto(page.url().replace('user-metadata', 'history'), { waitUntil: 'domcontentloaded' })
  await open(page, 'Compact')
  await page.setViewportSize({ width: 1400, height: 1000 })
  await photograph(page, at => at.getByText('Tell the shop', { exact: true }), 'mended.png')
}

const open = (page: Page, tab: string): Promise<void> => page.getByText(tab, { exact: true }).first().click({ timeout: WAIT })

/** Makes cycles and transactions in the account `demo`, mends one that failed, and photographs what the Temporal UI shows of them. */
export async function photographTemporalUi(browser: Browser, api: ApiClient, temporalUrl: string): Promise<void> {
  const { cycle, transaction } = await act(api)
  const warehouse = await openWarehouse()
  const page = await browser.newPage({ viewport: { width: 1400, height: 780 } })
  try {
    const failed = await fail(api, warehouse.url)
    // What the UI itself keeps there when an operator chooses columns.
    const kept = JSON.stringify(JSON.stringify({ flywheel: COLUMNS }))
    await page.addInitScript({ content: `localStorage.setItem('namespace-workflow-table-columns', ${kept})` })
    const list = new URL('workflows', `${temporalUrl}/namespaces/flywheel/`)
    list.searchParams.set('query', `CycleId="${cycle}"`)
    await page.goto(list.href, { waitUntil: 'domcontentloaded' })
    await photograph(page, at => at.getByText('Waiting', { exact: true }), 'transactions.png')
    await page.goto(transaction, { waitUntil: 'domcontentloaded' })
    await open(page, 'User Metadata')
    await photograph(page, at => at.frameLocator('#user-metadata-current-details').getByText('Despatched'), 'details.png')
    await page.goto(page.url().replace('user-metadata', 'history'), { waitUntil: 'domcontentloaded' })
    await open(page, 'Compact')
    await page.setViewportSize({ width: 1400, height: 1100 })
    await photograph(page, at => at.getByText('Label of the parcel', { exact: true }), 'transaction.png')
    await mend(page, failed)
  } finally {
    await page.close()
    warehouse.close()
  }
}

/**
 * The pictures of README.md and docs/operations.md: `npx tsx scripts/screenshots.ts` beside a running `npm start`. It makes a cycle in
 * the account `demo`, sends it some orders, and photographs the Temporal UI with the system's Chromium.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { chromium, type Locator, type Page } from 'playwright-core'
import { z } from 'zod'
import { createApiClient, type ApiClient } from './start/api-client.ts'
import { ensureCredentials } from './start/credentials.ts'
import { waitFor } from './start/wait.ts'

const ROOT = resolve(import.meta.dirname, '..')
const IMAGES = join(ROOT, 'docs/images')
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium'
const ACCOUNT = 'demo'
const WAIT = 60_000

const Lock = z.object({ url: z.string(), temporalUrl: z.string() })
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

/** The words that show that a picture is complete. */
type Sign = (page: Page) => Locator

async function photograph(page: Page, sign: Sign, file: string): Promise<void> {
  await sign(page).first().waitFor({ timeout: WAIT })
  await page.screenshot({ path: join(IMAGES, file) })
  process.stdout.write(`docs/images/${file}\n`)
}

const open = (page: Page, tab: string): Promise<void> => page.getByText(tab, { exact: true }).first().click({ timeout: WAIT })

async function main(): Promise<void> {
  const folder = resolve(ROOT, process.env.DATA_DIR ?? '.data')
  const { url, temporalUrl } = Lock.parse(JSON.parse(readFileSync(join(folder, 'lock.json'), 'utf8')))
  const { clientId, clientSecret } = ensureCredentials(folder, process.env)
  const { cycle, transaction } = await act(await createApiClient(url, clientId, clientSecret))
  mkdirSync(IMAGES, { recursive: true })
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 780 } })
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
    await page.setViewportSize({ width: 1400, height: 1300 })
    await photograph(page, at => at.getByText('Label of the parcel', { exact: true }), 'transaction.png')
  } finally {
    await browser.close()
  }
}

await main()

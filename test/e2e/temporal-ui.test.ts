import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Client, Connection } from '@temporalio/client'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { CHROMIUM_ADVICE, provideChromium } from '../../scripts/provision/chromium.ts'
import { createReport } from '../../scripts/provision/report.ts'
import { fillSignal, submitSignal } from '../../scripts/temporal-ui/signal-form.ts'
import { startServers, type Servers } from '../../scripts/test/servers.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import type { TestCycle } from '../support/client.ts'
import { until } from '../support/until.ts'

const report = createReport(process.stderr)
const program = await provideChromium(report)
if (program === undefined) report.line(`The tests of the Temporal UI are skipped. ${CHROMIUM_ADVICE}.`)

describe.skipIf(program === undefined)("the Temporal UI's own signal form, in a real browser (operations.md 5)", () => {
  let servers: Servers
  let system: TestSystem
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    servers = await startServers(report, { FLYWHEEL_TEST_REDIS_URL: inject('redisUrl') }, { ui: true })
    system = await startSystem({ temporalAddress: servers.temporalAddress })
    browser = await chromium.launch({ ...(program && { executablePath: program }), args: ['--no-sandbox'] })
    page = await browser.newPage({ viewport: { width: 1400, height: 900 } })
  })
  afterAll(async () => {
    await browser?.close()
    await system?.stop()
    await servers?.stop()
  })

  /** A transaction whose first call failed for good; the next one will not. Its page is open. */
  async function failed(): Promise<{ readonly cycle: TestCycle; readonly id: string }> {
    let calls = 0
    system.receiver.respond(() => (++calls === 1 ? { status: 500 } : { body: { reservation: 7 } }))
    const cycle = await system.client.cycle({
      name: 'Reserving',
      steps: [
        { id: 'order', type: 'webhook', next: 'reserve' },
        { id: 'reserve', name: 'Reserve stock', type: 'request', method: 'POST', url: `${system.receiver.url}/reserve`, next: 'told' },
        { id: 'told', type: 'script', input: { got: '{{reserve.body.reservation}}' }, source: 'function run(input) { return input }' },
      ],
    })
    const { transaction: id = '' } = await cycle.post({})
    await cycle.settled(id, ['Errored'])
    const workflow = encodeURIComponent(`transaction/${cycle.id}/${id}`)
    await page.goto(`${servers.temporalUiUrl}/namespaces/flywheel/workflows/${workflow}`, { waitUntil: 'domcontentloaded' })
    return { cycle, id }
  }
  const stepsOf = async (cycle: TestCycle, id: string) =>
    Object.fromEntries(((await cycle.transaction(id)).Steps ?? []).map(({ StepId, Status, Data }) => [StepId, { Status, Data }]))

  it('retryStep: the failed step runs again, and the transaction goes on', async () => {
    const { cycle, id } = await failed()
    await submitSignal(await fillSignal(page, 'retryStep', { stepId: 'reserve' }))
    await cycle.settled(id, ['Completed'])
    expect(await stepsOf(cycle, id)).toMatchObject({ reserve: { Status: 'Completed' }, told: { Data: { body: { got: 7 } } } })
  })
  it('skipStep, without any input: the transaction goes on behind the step', async () => {
    const { cycle, id } = await failed()
    await submitSignal(await fillSignal(page, 'skipStep'))
    await cycle.settled(id, ['Completed'])
    expect(await stepsOf(cycle, id)).toMatchObject({ reserve: { Status: 'Skipped' }, told: { Data: { body: {} } } })
  })
  it('failStep: the transaction has failed for good, and the UI shows it', async () => {
    const { cycle, id } = await failed()
    await submitSignal(await fillSignal(page, 'failStep', 'reserve'))
    await page.getByText('Failed', { exact: true }).filter({ visible: true }).first().waitFor()
    expect((await cycle.transaction(id)).Status).toBe('Errored')
  })
  it('a signal for a step that did not fail changes nothing, and the details say so', async () => {
    const { cycle, id } = await failed()
    await submitSignal(await fillSignal(page, 'retryStep', { stepId: 'told' }))
    await page.getByText('User Metadata', { exact: true }).filter({ visible: true }).first().click()
    await page.frameLocator('#user-metadata-current-details').getByText('ignored signal').waitFor({ timeout: 60_000 })
    expect((await cycle.transaction(id)).Status).toBe('Errored')
  })

  it('takes every query of docs/operators.md, and finds the transactions that stand failed', async () => {
    const { id } = await failed()
    const text = readFileSync(resolve(import.meta.dirname, '../../docs/operators.md'), 'utf8')
    const queries = [...text.matchAll(/^\| [^|`]+\| `([A-Z][A-Za-z]+ = [^`]+)` +\|$/gm)].map(([, query]) => query ?? '')
    expect(queries.length).toBeGreaterThanOrEqual(14)
    const connection = await Connection.connect({ address: servers.temporalAddress })
    const { workflow } = new Client({ connection, namespace: 'flywheel' })
    for (const query of queries) expect(await workflow.count(query)).toMatchObject({ count: expect.any(Number) })
    const standing = queries.find(query => query.includes('TransactionStatus = "Errored"')) ?? ''
    await until(
      async () => {
        for await (const found of workflow.list({ query: standing })) if (found.workflowId.endsWith(id)) return true
        return false
      },
      { what: 'the transaction being found' },
    )
    await connection.close()
  })
})

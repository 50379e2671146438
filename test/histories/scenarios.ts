/** Transactions whose histories are recorded: together they use every step type and every way a run can go. */
import { randomUUID } from 'node:crypto'
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client'
import { asAccountId, asRequestId } from '../../domain/ids.ts'
import type { Step } from '../../domain/document.ts'
import type { Json } from '../../domain/json.ts'
import { failureOf } from '../../activities/failures.ts'
import { StepError } from '../../domain/errors.ts'
import {
  AWAIT_RESPONSE,
  CHECK_STOP,
  DELIVER,
  RETRY_STEP,
  SEND_NOW,
  SKIP_STEP,
  STATE,
  STOP,
  type Delivery,
  type ResponseResult,
  type TransactionState,
} from '../../workflows/messages.ts'
import { installationNotificationsStart, notificationStart, transactionStart } from '../../workflows/start.ts'
import { installationNotificationsWorkflowId } from '../../workflows/messages-installation.ts'
import type { transaction } from '../../workflows/transaction.ts'
import { until } from '../support/until.ts'
import { documentOf, webhookData } from '../workflows/interpreter/memory.ts'
import type { Rig } from '../workflows/real.ts'
import { packageScenarios } from './package-scenarios.ts'
import { ended, type Scenario } from './scenario.ts'

const trigger = (next: string | string[]): Step => ({ id: 'order', name: 'Order received', type: 'webhook', next })
const wait = (next: string): Step => ({
  id: 'despatched',
  name: 'Order despatched',
  type: 'webhook',
  match: { request: 'body.id', transaction: 'reserve.body.id' },
  next,
})
const reserve: Step = { id: 'reserve', name: 'Reserve stock', type: 'request', method: 'POST', url: 'http://warehouse/{{order.body.id}}', body: '{{order.body}}', next: 'inStock' }
const inStock: Step = { id: 'inStock', type: 'decision', left: '{{reserve.body.id}}', condition: 'exists', true: 'confirm', false: 'sorry' }
const sorry: Step = { id: 'sorry', type: 'synchronousResponse', status: 409, body: { error: 'out of stock' } }
const confirm: Step = { id: 'confirm', type: 'synchronousResponse', status: 201, body: { order: '{{order.body.id}}', total: '= {{order.body.id}} * 2' }, next: ['despatched', 'pause'] }
const pause: Step = { id: 'pause', type: 'delay', for: '100ms', next: 'script' }
const script: Step = { id: 'script', type: 'script', source: 'function run(input) { return input }', input: { at: '{{transaction.id}}' } }
const shop: Step = { id: 'shop', type: 'request', method: 'POST', url: 'http://shop', body: '{{despatched.body}}', next: 'thanks' }
const thanks: Step = { id: 'thanks', type: 'synchronousResponse', body: 'thank you' }
const shopping = documentOf([trigger('reserve'), reserve, inStock, sorry, confirm, wait('shop'), pause, script, shop, thanks])

const delivery = (id: number): Delivery => ({ stepId: 'despatched', deliveryId: id, requestId: asRequestId(`request-${id}`), data: webhookData({ id: 7, n: id }) })

async function ask(rig: Rig, steps: typeof shopping, body: Json): Promise<WorkflowHandle> {
  const input = rig.input(steps, body)
  const { workflowType, ...options } = transactionStart(input, rig.taskQueue)
  const start = new WithStartWorkflowOperation(workflowType, { ...options, workflowIdConflictPolicy: 'USE_EXISTING' })
  await rig.client.workflow.executeUpdateWithStart<typeof transaction, ResponseResult, [string]>(AWAIT_RESPONSE, {
    updateId: 'first',
    args: [input.transaction],
    startWorkflowOperation: start,
  })
  return rig.client.workflow.getHandle(options.workflowId)
}

const statusOf = async (handle: WorkflowHandle): Promise<string> => (await handle.query<TransactionState>(STATE)).status

export const scenarios: readonly Scenario[] = [
  {
    name: 'synchronous-then-waits',
    async play(rig) {
      rig.activities.callHttp = async call => ({ status: 200, headers: {}, body: call.stepId === 'reserve' ? { id: 7 } : null })
      const handle = await ask(rig, shopping, { id: 7 })
      await until(async () => (await statusOf(handle)) === 'Waiting')
      await handle.signal(CHECK_STOP)
      for (const id of [1, 2]) {
        await handle.signal(DELIVER, delivery(id))
        await handle.executeUpdate<ResponseResult, [string]>(AWAIT_RESPONSE, { args: [`request-${id}`], updateId: `request-${id}` })
      }
      await until(async () => (await statusOf(handle)) === 'Waiting')
      return handle
    },
  },
  {
    name: 'early-request-then-stopped',
    async play(rig) {
      rig.activities.callHttp = async () => ({ status: 200, headers: {}, body: { id: 7 } })
      const handle = await rig.start(rig.input(shopping, { id: 7 }))
      await handle.signal(DELIVER, delivery(1))
      await until(async () => (await handle.query<TransactionState>(STATE)).responses['request-1'] !== undefined)
      await until(async () => (await statusOf(handle)) === 'Waiting')
      await handle.signal(STOP)
      return ended(handle)
    },
  },
  {
    name: 'notification-tried-again',
    async play(rig) {
      let tries = 0
      rig.activities.sendNotification = async () => ({ at: Date.now(), durationMs: 1, status: ++tries > 2 ? 204 : 503, answer: '' })
      const account = asAccountId('00000000-0000-4000-8000-00000000000a')
      const message = { id: randomUUID(), kind: 'incident', account, title: 'Error: Webhook failed', url: 'http://errors', userAgent: 'Flywheel', body: '{}' } as const
      const { workflowType, ...options } = notificationStart({ ...message, retries: [100, 3_600_000] }, rig.taskQueue)
      const handle = await rig.client.workflow.start(workflowType, options)
      await until(async () => tries === 2)
      await handle.signal(SEND_NOW)
      return ended(handle)
    },
  },
  {
    name: 'installation-notifications',
    async play(rig) {
      let tries = 0
      rig.activities.sendNotification = async ({ id }) => ({ at: Date.now(), durationMs: 1, status: { first: ++tries > 2 ? 204 : 503, second: 410, third: 500 }[id] ?? 200, answer: '' })
      const installation = { account: asAccountId('00000000-0000-4000-8000-00000000000a'), package: randomUUID() }
      const notify = (order: number, id: string, more: object = {}) => {
        const about = { kind: 'started', account: installation.account, installation, marketplaceId: '7', title: `Shop started ${id}`, url: 'http://shop' } as const
        const message = { id, ...about, userAgent: 'Flywheel', body: '{}', retries: id === 'third' ? [] : [100, 3_600_000], order, ...more }
        const { workflowType, ...options } = installationNotificationsStart(installation, message, rig.taskQueue)
        return rig.client.workflow.signalWithStart(workflowType, options)
      }
      const handle = rig.client.workflow.getHandle(installationNotificationsWorkflowId(installation))
      for (const [order, id] of ['first', 'second', 'third'].entries()) await notify(order + 1, id)
      await until(async () => tries === 2)
      await notify(0, 'older', { again: true })
      await until(async () => tries === 3)
      await handle.signal(SEND_NOW)
      return ended(handle)
    },
  },
  {
    name: 'decision-false',
    async play(rig) {
      rig.activities.callHttp = async () => ({ status: 200, headers: {}, body: {} })
      return ended(await ask(rig, shopping, { id: 7 }))
    },
  },
  {
    name: 'step-error-ends-the-run',
    play: async rig =>
      ended(
        await rig.start(
          rig.input(
            documentOf([trigger(['slow', 'bad']), { id: 'slow', type: 'delay', for: '1h' }, { id: 'bad', type: 'synchronousResponse', status: 'none' }], {
              settings: { retention: { errored: '0s' } },
            }),
          ),
        ),
      ),
  },
  {
    name: 'loop-with-limit',
    play: async rig =>
      ended(
        await rig.start(
          rig.input(documentOf([trigger('again'), { id: 'again', type: 'delay', for: '10ms', next: 'call' }, { id: 'call', type: 'request', method: 'GET', url: 'http://test', next: 'again' }]), {}, { maxStepExecutions: 8 }),
        ),
      ),
  },
  {
    name: 'removed-when-its-time-is-over',
    async play(rig) {
      rig.activities.callHttp = async () => ({ status: 200, headers: {}, body: { id: 7 } })
      return ended(await rig.start(rig.input(shopping, { id: 7 }, { retentionMs: 1_000 })))
    },
  },
  {
    name: 'retried-failed-and-mended',
    async play(rig) {
      let fails = 4
      rig.activities.callHttp = async ({ stepId }) => {
        if (stepId === 'call' && fails-- > 0) throw failureOf(new StepError('callFailed', 'answered 503', { status: 503, ...(fails === 3 ? { throttled: { afterMs: 0 } } : {}) }))
        return { status: 200, headers: {}, body: null }
      }
      const steps: Step[] = [
        trigger(['call', 'other']),
        { id: 'call', type: 'request', method: 'GET', url: 'http://test', onError: 'retry', maxRetries: 2, retryDelays: ['10ms'], next: 'last' },
        { id: 'other', type: 'delay', for: '20s' },
        { id: 'last', type: 'waitUntil', at: 'never' },
      ]
      const handle = await rig.start(rig.input(documentOf(steps)))
      for (const signal of [RETRY_STEP, SKIP_STEP]) {
        await until(async () => (await statusOf(handle)) === 'Errored', { timeoutMs: 30_000 })
        await handle.signal(signal)
        await until(async () => (await statusOf(handle)) === 'InProgress' || (await statusOf(handle)) === 'Errored', { timeoutMs: 30_000 })
      }
      return ended(handle)
    },
  },
  {
    name: 'split-and-joined',
    async play(rig) {
      rig.activities.callHttp = async ({ url }) => {
        if (url.endsWith('bad')) throw failureOf(new StepError('callFailed', 'answered 404', { status: 404 }))
        return { status: 200, headers: {}, body: null }
      }
      const steps: Step[] = [
        { id: 'order', type: 'webhook', split: 'body.items', next: 'which' },
        { id: 'which', type: 'switch', value: '{{order.item}}', cases: [{ equals: 'none' }], default: 'call' },
        { id: 'call', type: 'request', method: 'GET', url: 'http://test/{{order.item}}', next: 'all' },
        { id: 'all', type: 'waitAll', next: 'after' },
        { id: 'after', type: 'script', source: '', input: '{{all}}' },
      ]
      return ended(await rig.start(rig.input(documentOf(steps, { settings: { retention: { errored: '0s' } } }), { items: ['a', 'bad', 'none', 'c'] })))
    },
  },
  {
    name: 'method-tried-again',
    async play(rig) {
      let tries = 0
      rig.activities.callMethod = async () => {
        if (++tries === 1) throw failureOf(new StepError('callFailed', 'answered 404', { status: 404 }))
        return { status: 200, headers: {}, body: [{ id: 1 }], cut: 'The list was cut' }
      }
      const steps: Step[] = [
        trigger('list'),
        {
          id: 'list',
          type: 'method',
          connector: 'Shop',
          method: 'listOrders',
          parameters: { of: '{{order.body.id}}' },
          onError: 'retry',
          retryDelays: ['1s'],
          next: 'after',
        },
        { id: 'after', type: 'script', source: '', input: '{{list.body}}' },
      ]
      return ended(await rig.start(rig.input(documentOf(steps, { settings: { retention: { success: '0s' } } }), { id: 7 })))
    },
  },
  ...packageScenarios,
]

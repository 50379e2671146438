import { WithStartWorkflowOperation } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asRequestId } from '../../domain/ids.ts'
import type { Step } from '../../domain/document.ts'
import {
  AWAIT_RESPONSE,
  CHECK_STOP,
  DELIVER,
  STATE,
  STOP,
  type Delivery,
  type ResponseResult,
  type TransactionInput,
  type TransactionState,
} from '../../workflows/messages.ts'
import type { transaction } from '../../workflows/transaction.ts'
import { transactionStart } from '../../workflows/start.ts'
import { until } from '../support/until.ts'
import { documentOf, webhookData } from './interpreter/memory.ts'
import { createRig, type Rig } from './real.ts'

let rig: Rig
beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
})
afterAll(() => rig.close())

const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const wait = (next?: string): Step => ({
  id: 'despatched',
  name: 'Order despatched',
  type: 'webhook',
  match: { request: 'body.id', transaction: 'order.body.id' },
  ...(next === undefined ? {} : { next }),
})
const answer = (id: string, next?: string | string[]): Step => ({
  id,
  type: 'synchronousResponse',
  status: 201,
  body: { from: id },
  ...(next === undefined ? {} : { next }),
})
const delivery = (id: number, body: object = {}): Delivery => ({
  stepId: 'despatched',
  deliveryId: id,
  requestId: asRequestId(`request-${id}`),
  data: webhookData({ ...body, id: 7 }),
})

async function held(input: TransactionInput): Promise<ResponseResult> {
  const { workflowType, ...options } = transactionStart(input, rig.taskQueue)
  return rig.client.workflow.executeUpdateWithStart<typeof transaction, ResponseResult, [string]>(AWAIT_RESPONSE, {
    updateId: input.transaction,
    args: [input.transaction],
    startWorkflowOperation: new WithStartWorkflowOperation(workflowType, { ...options, workflowIdConflictPolicy: 'USE_EXISTING' }),
  })
}

describe('a transaction', () => {
  it('takes no stacks of its promises (docs/decisions/0011)', async () => {
    const input = rig.input(documentOf([trigger('pause'), { id: 'pause', type: 'delay', for: '1h' }]))
    const handle = await rig.start(input)
    await until(async () => (await handle.query<TransactionState>(STATE)).steps.some(({ stepId }) => stepId === 'pause'))
    expect(await handle.query<string>('__stack_trace')).not.toContain(' at ')
    await handle.signal(STOP)
    await expect(handle.result()).rejects.toThrow()
  })

  it('runs its steps and closes as Completed', async () => {
    const input = rig.input(documentOf([trigger('call'), { id: 'call', name: 'Tell the shop', type: 'request', method: 'POST', url: 'http://test' }]))
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    expect(rig.index(input.transaction).calls).toEqual(['begin', 'end Completed {}'])
    const state = await handle.query<TransactionState>(STATE)
    expect(state).toMatchObject({
      status: 'Completed',
      steps: [{ stepId: 'order' }, { stepId: 'call', stepName: 'Tell the shop', data: { body: { called: 'http://test' } } }],
    })
    const history = await handle.fetchHistory()
    const scheduled = history.events?.find(event => event.activityTaskScheduledEventAttributes)
    expect(scheduled?.activityTaskScheduledEventAttributes?.activityId).toBe('call')
  })

  it('answers a held sender in the first workflow task, and its steps go on after the answer', async () => {
    const input = rig.input(documentOf([trigger('first'), answer('first', 'pause'), { id: 'pause', type: 'delay', for: '1s', next: 'late' }, answer('late')]))
    expect(await held(input)).toEqual({
      kind: 'response',
      status: 201,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: '{"from":"first"}',
    })
    const handle = rig.client.workflow.getHandle(`transaction/${input.snapshot.cycle.id}/${input.transaction}`)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    expect(rig.index(input.transaction).incidents).toMatchObject([{ level: 'Warning', stepId: 'late' }])
    const history = await handle.fetchHistory()
    const kinds = (history.events ?? []).map(event => Object.keys(event).find(key => key.endsWith('Attributes')))
    const answered = kinds.indexOf('workflowExecutionUpdateCompletedEventAttributes')
    expect(kinds.slice(0, answered).filter(kind => kind === 'workflowTaskCompletedEventAttributes')).toHaveLength(1)
    expect(kinds.filter(kind => kind === 'workflowTaskCompletedEventAttributes')).toHaveLength(2)
    // The same update gives the same answer again, after the transaction closed (webhooks.md 5).
    expect(await held(input)).toMatchObject({ kind: 'response', body: '{"from":"first"}' })
  })

  it('that fails answers its held sender with failed, and closes as failed with the error code', async () => {
    const settings = { retention: { errored: '0s' } }
    const input = rig.input(documentOf([trigger('bad'), { id: 'bad', type: 'synchronousResponse', status: 'nothing' }], { settings }))
    expect(await held(input)).toEqual({ kind: 'failed' })
    const handle = rig.client.workflow.getHandle(`transaction/${input.snapshot.cycle.id}/${input.transaction}`)
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'responseNotBuilt' } })
    expect(rig.index(input.transaction).calls.at(-1)).toBe('end Errored {}')
    expect((await handle.query<TransactionState>(STATE)).status).toBe('Errored')
  })

  it('waits at a mid-cycle webhook and is run from there for each request, in order', async () => {
    const input = rig.input(
      documentOf([trigger('despatched'), wait('tell'), { id: 'tell', type: 'request', method: 'POST', url: 'http://test/{{despatched.body.n}}' }]),
      { id: 7 },
    )
    const handle = await rig.start(input)
    const { calls } = rig.index(input.transaction)
    await until(() => calls.at(-1) === 'register despatched 7')
    await until(async () => (await handle.query<TransactionState>(STATE)).status === 'Waiting')
    for (const n of [1, 2, 3]) await handle.signal(DELIVER, delivery(n, { n }))
    await handle.signal(DELIVER, delivery(2, { n: 'a repeat' }))
    await until(() => calls.filter(call => call.startsWith('resume')).length === 3)
    await until(() => calls.at(-1) === 'park {"despatched":3}')
    // They are there with the end of the task in which it parked.
    await expect
      .poll(async () => (await handle.describe()).searchAttributes, { timeout: 10_000 })
      .toMatchObject({ TransactionStatus: ['Waiting'], WaitingFor: ['despatched:hash-7'] })
    expect((await handle.query<TransactionState>(STATE)).steps.find(step => step.stepId === 'tell')).toMatchObject({
      data: { body: { called: 'http://test/3' } },
      attempts: 3,
    })
    await handle.signal(STOP)
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'transactionStopped' } })
    expect(calls.at(-1)).toBe('end Stopped {"despatched":3}')
  })

  it('answers a held mid-cycle request with the response of its own run', async () => {
    const input = rig.input(documentOf([trigger('despatched'), wait('reply'), answer('reply')]), { id: 7 })
    const handle = await rig.start(input)
    const asked = handle.executeUpdate<ResponseResult, [string]>(AWAIT_RESPONSE, { args: ['request-1'], updateId: 'request-1' })
    await handle.signal(DELIVER, delivery(1))
    expect(await asked).toMatchObject({ kind: 'response', body: '{"from":"reply"}' })
    const left = handle.executeUpdate<ResponseResult, [string]>(AWAIT_RESPONSE, { args: ['elsewhere'], updateId: 'elsewhere' })
    await until(async () => (await handle.query<TransactionState>(STATE)).status === 'Waiting')
    await handle.signal(STOP)
    expect(await left).toEqual({ kind: 'moved' })
  })

  it('asks the index at a stop signal, and is stopped only where that says so', async () => {
    const input = rig.input(documentOf([trigger('pause'), { id: 'pause', type: 'delay', for: '1h' }]))
    const handle = await rig.start(input)
    const index = rig.index(input.transaction)
    await until(() => index.calls.length === 1)
    await handle.signal(CHECK_STOP)
    await until(() => index.calls.includes('check'))
    expect((await handle.query<TransactionState>(STATE)).status).toBe('InProgress')
    index.stopped = true
    await handle.signal(CHECK_STOP)
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'transactionStopped' } })
    expect(index.calls.at(-1)).toBe('end Stopped {}')
    expect((await handle.describe()).searchAttributes).toMatchObject({ TransactionStatus: ['Stopped'] })
  })

  it('is stopped by a cancellation in Temporal, and closes as canceled', async () => {
    const input = rig.input(documentOf([trigger('slow'), { id: 'slow', type: 'request', method: 'GET', url: 'http://slow' }]))
    let finish: (() => void) | undefined
    rig.activities.callHttp = () =>
      new Promise(resolve => {
        finish = () => resolve({ status: 200, headers: {}, body: null })
      })
    const handle = await rig.start(input)
    await until(() => finish !== undefined)
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(rig.index(input.transaction).calls.at(-1)).toBe('end Stopped {}')
    finish?.()
    delete rig.activities.callHttp
  })

  it('that the index does not let begin runs nothing and is Stopped', async () => {
    const input = rig.input(documentOf([trigger('reply'), answer('reply')]))
    rig.index(input.transaction).stopped = true
    expect(await held(input)).toEqual({ kind: 'failed' })
    expect(rig.index(input.transaction).calls).toEqual(['begin', 'end Stopped {}'])
  })

  it('that waits is removed when its time is over', async () => {
    const input = rig.input(documentOf([trigger('despatched'), wait()]), { id: 7 }, { retentionMs: 1_500 })
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    expect(rig.index(input.transaction).calls.at(-1)).toBe('end Completed {}')
  })
})

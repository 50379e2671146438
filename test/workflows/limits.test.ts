import { ApplicationFailure } from '@temporalio/common'
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Step } from '../../domain/document.ts'
import { asRequestId } from '../../domain/ids.ts'
import { CYCLE_OPERATION, DELIVER, STATE, STOP, type CycleOperationInput, type TransactionState } from '../../workflows/messages.ts'
import { until } from '../support/until.ts'
import { documentOf, inputOf, webhookData } from './interpreter/memory.ts'
import { createRig, type Rig } from './real.ts'

let rig: Rig
beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
})
afterAll(() => rig.close())
afterEach(() => {
  delete rig.activities.callHttp
  delete rig.activities.evaluate
  delete rig.activities.stopDoomed
  delete rig.activities.removeAll
  delete rig.activities.followCycle
  delete rig.activities.fire
})

const trigger = (next: string | string[]): Step => ({ id: 'order', type: 'webhook', next })
const call = (id: string, more: Partial<Extract<Step, { type: 'request' }>> = {}): Step => ({
  id,
  type: 'request',
  method: 'POST',
  url: 'http://test',
  ...more,
})

describe('a long transaction', () => {
  it('goes on in a new history with its data, its answers and the highest delivery (architecture.md 4)', async () => {
    const wait: Step = { id: 'w', type: 'webhook', match: { request: 'body.id', transaction: 'order.body.id' }, next: 'tell' }
    const input = rig.input(documentOf([trigger('w'), wait, call('tell')]), { id: 7 })
    // What a history may refer to is bounded: some answers of this size make a new one.
    rig.activities.callHttp = async call => ({ status: 200, headers: {}, body: `${call.idempotencyKey} ${'x'.repeat(6_000_000)}` })
    const handle = await rig.start(input)
    const first = (await handle.describe()).runId
    const { calls } = rig.index(input.transaction)
    const deliver = async (n: number): Promise<void> => {
      await handle.signal(DELIVER, { stepId: 'w', deliveryId: n, requestId: asRequestId(`r-${n}`), data: webhookData({ id: 7, n }) })
      await until(() => calls.at(-1) === `park {"w":${n}}`)
    }
    for (const n of [1, 2, 3, 4, 5, 6]) await deliver(n)
    await handle.signal(DELIVER, { stepId: 'w', deliveryId: 6, requestId: asRequestId('repeat'), data: webhookData({ id: 7 }) })
    await deliver(7)
    expect(calls.filter(entry => !entry.startsWith('park'))).toEqual(['begin', 'register w 7', ...[1, 2, 3, 4, 5, 6, 7].map(n => `resume w ${n}`)])
    const state = await handle.query<TransactionState>(STATE)
    expect(state.responses).toEqual({ [input.transaction]: { kind: 'none' } })
    expect(state.steps.find(({ stepId }) => stepId === 'tell')).toMatchObject({ attempts: 7 })
    const description = await handle.describe()
    expect(description.runId).not.toBe(first)
    expect(description.searchAttributes).toMatchObject({ TransactionStatus: ['Waiting'], WaitingFor: ['w:hash-7'] })
    await handle.signal(STOP)
    await handle.result().catch(() => undefined)
    expect(calls.at(-1)).toBe('end Stopped {"w":7}')
  })
})

describe('sizes (architecture.md 5)', () => {
  it('of calls that begin together never come to more than one workflow task may send', async () => {
    const ids = ['a', 'b', 'c', 'd', 'e']
    const body = 'x'.repeat(1_200_000)
    const input = rig.input(documentOf([trigger(ids), ...ids.map(id => call(id, { body: '{{order.body}}' }))]), body)
    rig.activities.callHttp = async () => ({ status: 200, headers: {}, body: null })
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
  })

  it('of a call that no receiver takes are a step error', async () => {
    const twice = ['{{order.body}}', '{{order.body}}']
    const settings = { retention: { errored: '0s' } }
    const input = rig.input(documentOf([trigger('a'), call('a', { body: [twice, twice, twice] })], { settings }), 'x'.repeat(6_000_000))
    const handle = await rig.start(input)
    await expect(handle.result()).rejects.toMatchObject({ cause: { type: 'buildFailed' } })
    expect(rig.index(input.transaction).incidents).toMatchObject([{ message: 'Failed to build the request' }])
  })

  it('of many results just under what is stored never come to more than one workflow task may send', async () => {
    const ids = Array.from({ length: 100 }, (_, n) => `s${n}`)
    const answers = ids.map((id): Step => ({ id, type: 'decision', left: `= "${id}"`, condition: 'exists' }))
    const input = rig.input(documentOf([trigger(ids), ...answers]))
    rig.activities.evaluate = async () => [{ value: 'x'.repeat(64_000) }]
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    expect((await handle.fetchHistory()).events?.filter(event => event.workflowTaskFailedEventAttributes)).toEqual([])
  })
})

describe('inline scripts', () => {
  it('before the answer are local activities, after it regular ones, which hold no answer back', async () => {
    const input = rig.input(documentOf([trigger('one'), { id: 'one', type: 'synchronousResponse', body: '= 1', next: 'two' }, call('two', { body: '= 2' })]))
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    const { events } = await handle.fetchHistory()
    const scheduled = (events ?? []).flatMap(event => event.activityTaskScheduledEventAttributes?.activityType?.name ?? [])
    expect(scheduled).toEqual(['evaluate', 'callHttp'])
  })

  it('that throw are an error of their step, before the answer and after it (cycles.md 5)', async () => {
    rig.activities.evaluate = () => Promise.reject(ApplicationFailure.nonRetryable('The script threw: no', 'script'))
    const steps: Step[] = [
      trigger('early'),
      call('early', { body: '= no', onError: 'ignore', next: 'answer' }),
      { id: 'answer', type: 'synchronousResponse', next: 'late' },
      call('late', { body: '= no', onError: 'ignore', next: 'last' }),
      { id: 'last', type: 'decision', left: '= no', condition: 'exists' },
    ]
    const handle = await rig.start(rig.input(documentOf(steps)))
    const state = await until(async () => {
      const now = await handle.query<TransactionState>(STATE)
      return now.steps.some(({ stepId, status }) => stepId === 'last' && status === 'Errored') && now
    })
    expect(state.incidents.map(({ stepId, message }) => [stepId, message]).toSorted()).toEqual(
      ['early', 'last', 'late'].map(id => [id, 'Failed to build the request']),
    )
    await handle.signal(STOP)
    await handle.result().catch(() => undefined)
  })
})

describe('cycleOperation (cycles.md 7)', () => {
  const { cycle, account } = inputOf(documentOf([trigger([])])).snapshot
  const run = (op: CycleOperationInput['op']) =>
    rig.client.workflow.execute(CYCLE_OPERATION, {
      workflowId: `${CYCLE_OPERATION}/test/${rig.taskQueue}/${op}`,
      taskQueue: rig.taskQueue,
      args: [{ account: account.id, cycle: cycle.id, op, epoch: 1 } satisfies CycleOperationInput],
    })

  it('carries a stop out, and tries again until it is done', async () => {
    let tries = 0
    rig.activities.stopDoomed = async place => {
      expect(place).toEqual({ account: account.id, cycle: cycle.id })
      if (++tries < 3) throw new Error('Redis is away')
    }
    await run('stop')
    expect(tries).toBe(3)
  })

  it('makes a schedule follow its cycle', async () => {
    const followed: unknown[] = []
    rig.activities.followCycle = async place => void followed.push(place)
    await run('schedule')
    expect(followed).toEqual([{ account: account.id, cycle: cycle.id }])
  })

  it('takes a run that fell due; one that was begun by hand falls due now', async () => {
    const fired: { activation: number; dueAt: number }[] = []
    rig.activities.fire = async (_place, activation, dueAt) => void fired.push({ activation, dueAt })
    const before = Date.now()
    await run('trigger')
    expect(fired).toMatchObject([{ activation: 1 }])
    expect(Math.abs((fired[0]?.dueAt ?? 0) - before)).toBeLessThan(60_000)
  })

  it('carries a delete out', async () => {
    let removed = 0
    rig.activities.removeAll = async () => void removed++
    await run('delete')
    expect(removed).toBe(1)
  })
})

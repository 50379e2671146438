import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import type { Step } from '../../domain/document.ts'
import { StepError } from '../../domain/errors.ts'
import { failureOf } from '../../activities/failures.ts'
import { FAIL_STEP, itemId, RETRY_STEP, SKIP_STEP, STATE, STOP, TRANSACTION, transactionWorkflowId, type TransactionState } from '../../workflows/messages.ts'
import { until } from '../support/until.ts'
import { documentOf } from './interpreter/memory.ts'
import { createRig, type Rig } from './real.ts'

let rig: Rig
beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
})
afterAll(() => rig.close())

const trigger: Step = { id: 'order', type: 'webhook', split: 'body.items', next: 'call' }
const call = (next?: string): Step => ({ id: 'call', type: 'request', method: 'GET', url: 'http://test/{{order.item}}', ...(next !== undefined && { next }) })
const join: Step = { id: 'all', type: 'waitAll', next: 'after' }
const after: Step = { id: 'after', type: 'script', source: '', input: '{{all}}' }

async function eventsOf(workflowId: string): Promise<{ readonly runs: number; readonly longest: number }> {
  let runs = 0
  let longest = 0
  for (let runId: string | undefined; ;) {
    const handle = rig.client.workflow.getHandle(workflowId, runId)
    const { raw } = await handle.describe()
    runs++
    longest = Math.max(longest, Number(raw.workflowExecutionInfo?.historyLength ?? 0))
    const events = (await handle.fetchHistory()).events ?? []
    const before = events[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId
    if (before === undefined || before === null || before === '') return { runs, longest }
    runId = before
  }
}

describe('a list that is split, in Temporal', () => {
  it('each element is a child workflow with a readable id, and the join tells how all ended', async () => {
    rig.activities.callHttp = async ({ url }) => {
      if (url.endsWith('/2')) throw failureOf(new StepError('callFailed', 'no'))
      return { status: 200, headers: {}, body: null }
    }
    const input = rig.input(documentOf([trigger, call('all'), join, after], { settings: { retention: { errored: '0s' } } }), { items: [1, 2, 3, 4] })
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    const state = await handle.query<TransactionState>(STATE)
    expect(state.steps.find(step => step.stepId === 'after')?.data).toEqual({ body: { completed: 3, errored: 1, stopped: 0 } })
    const item = rig.client.workflow.getHandle(transactionWorkflowId(input.snapshot.cycle.id, input.transaction) + '.order.1.1')
    const { raw, parentExecution, type } = await item.describe()
    expect(type).toBe(TRANSACTION)
    expect(parentExecution?.workflowId).toBe(handle.workflowId)
    expect(raw.executionConfig?.userMetadata?.summary).toBeDefined()
    await expect(item.result()).rejects.toThrow()
    delete rig.activities.callHttp
  })
  it('many items go on over new histories of the parent, each of which stays short', async () => {
    const input = rig.input(documentOf([trigger, { id: 'call', type: 'decision', left: 1, condition: 'equals', right: 1, true: 'all' }, join, after]), {
      items: Array.from({ length: 600 }, (_, i) => i),
    })
    const handle = await rig.start(input)
    expect(await handle.result()).toEqual({ status: 'Completed' })
    const state = await handle.query<TransactionState>(STATE)
    expect(state.steps.find(step => step.stepId === 'all')?.data).toEqual({ completed: 600, errored: 0, stopped: 0 })
    const { longest } = await eventsOf(handle.workflowId)
    expect(longest).toBeLessThan(10_000)
  }, 240_000)
  it('a stop of the parent stops the items that run', async () => {
    const slow: Step = { id: 'call', type: 'delay', for: '1h' }
    const input = rig.input(documentOf([trigger, slow]), { items: [1, 2, 3] })
    const handle = await rig.start(input)
    const ids = [0, 1, 2].map(index => itemId(input.transaction, 'order.1', index))
    await until(() => ids.every(id => rig.index(id).calls.length > 0), { what: 'all items having begun' })
    await handle.signal(STOP)
    await expect(handle.result()).rejects.toThrow()
    await until(() => ids.every(id => rig.index(id).calls.includes('end Stopped {}')), { what: 'all items being stopped' })
  })
})

describe("operators' signals, in Temporal (operations.md 5)", () => {
  const steps: Step[] = [{ id: 'order', type: 'webhook', next: 'call' }, call('after'), { id: 'after', type: 'script', source: '' }]
  async function failed() {
    let fails = 1
    rig.activities.callHttp = async () => {
      if (fails-- > 0) throw failureOf(new StepError('callFailed', 'answered 404', { status: 404 }))
      return { status: 200, headers: {}, body: 'good' }
    }
    const handle = await rig.start(rig.input(documentOf(steps)))
    await until(async () => (await handle.query<TransactionState>(STATE)).status === 'Errored', { what: 'the transaction standing failed' })
    return handle
  }
  it('retryStep with the id of the step, or without where one can be meant', async () => {
    for (const about of [[], ['call'], [{ StepId: 'call' }]] as [string?][]) {
      const handle = await failed()
      await handle.signal<[string?]>(RETRY_STEP, ...about)
      expect(await handle.result()).toEqual({ status: 'Completed' })
    }
  })
  it('skipStep goes on behind it; failStep closes it as failed', async () => {
    const skipped = await failed()
    await skipped.signal(SKIP_STEP)
    expect(await skipped.result()).toEqual({ status: 'Completed' })
    const over = await failed()
    await over.signal(FAIL_STEP)
    await expect(over.result()).rejects.toMatchObject({ cause: { type: 'callFailed' } })
  })
})

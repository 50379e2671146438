import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startSystem, type TestSystem } from '../support/system.ts'
import type { TestCycle, TransactionView } from '../support/client.ts'
import { until } from '../support/until.ts'

let system: TestSystem
beforeAll(async () => {
  system = await startSystem()
})
afterAll(async () => system?.stop())

/** A cycle that calls `/ask/{id}`, whose answers are given in order (the last one stays), then `/after/{id}`. */
async function asking(
  answers: readonly { readonly status: number; readonly headers?: { [name: string]: string }; readonly body?: unknown }[],
  settings: object = {},
  ask: object = {},
) {
  const id = randomUUID()
  const path = `/ask/${id}`
  const respond = (at: number) => answers[Math.min(at, answers.length) - 1]
  const others = system.receiver
  responders.set(path, () => respond(others.at(path).length))
  system.receiver.respond(request => responders.get(request.path)?.())
  const cycle = await system.client.cycle({
    name: 'Asking',
    settings,
    steps: [
      { id: 'order', type: 'webhook', next: 'ask' },
      {
        id: 'ask',
        name: 'Ask the warehouse',
        type: 'request',
        method: 'POST',
        url: `${system.receiver.url}${path}`,
        body: '{{order.body}}',
        next: 'after',
        ...ask,
      },
      { id: 'after', type: 'request', method: 'POST', url: `${system.receiver.url}/after/${id}`, body: { ask: '{{ask}}' } },
    ],
  })
  return { cycle, asked: () => system.receiver.at(path), after: () => system.receiver.at(`/after/${id}`) }
}
const responders = new Map<string, () => { readonly status: number } | undefined>()

const incidentsOf = ({ Incidents = [] }: TransactionView): string[] => Incidents.map(({ IncidentLevel, Message }) => `${IncidentLevel} ${Message}`).reverse()
const stepOf = ({ Steps = [] }: TransactionView, id: string) => Steps.find(step => step.StepId === id)

async function settled(cycle: TestCycle, body: unknown, status: string): Promise<TransactionView> {
  const { transaction = '' } = await cycle.post(body)
  return cycle.settled(transaction, [status])
}

describe('step errors (cycles.md 5)', () => {
  it('stopTransaction: an incident with the answer and the request, and the transaction is Errored', async () => {
    const { cycle, after } = await asking([{ status: 404, body: { no: 'such order' } }])
    const found = await settled(cycle, { n: 1 }, 'Errored')
    expect(incidentsOf(found)).toEqual(['Error Failed to call the method'])
    expect(found.Incidents?.[0]?.Detail).toMatch(/answered 404\n\{"no":"such order"\}\nRequest: \{"n":1\}/)
    expect(stepOf(found, 'ask')?.Status).toBe('Errored')
    expect(after()).toEqual([])
    expect(await cycle.view()).toMatchObject({ ErrorCount: 1, InProgressTransactionCount: 0, Status: 'Active' })
  })
  it('ignore: the error is the step data, and the path goes on', async () => {
    const { cycle, after } = await asking([{ status: 500, body: { oh: 'no' } }], { onStepError: 'ignore' })
    const found = await settled(cycle, {}, 'Completed')
    expect(incidentsOf(found)).toEqual(['Error Failed to call the method'])
    expect(after()[0]?.json).toEqual({ ask: { error: { message: 'Failed to call the method', status: 500, body: { oh: 'no' } } } })
  })
  it('retry: with the same idempotency key until it succeeds; each failed try is a warning', async () => {
    const { cycle, asked } = await asking([{ status: 500 }, { status: 502 }, { status: 200 }], { onStepError: 'retry', retryDelays: ['1s'] })
    const found = await settled(cycle, {}, 'Completed')
    expect(incidentsOf(found)).toEqual(['Warning Failed to call the method', 'Warning Failed to call the method'])
    expect(new Set(asked().map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
    expect(asked()).toHaveLength(3)
  })
  it('retry: out of retries the transaction is Errored', async () => {
    const { cycle, asked } = await asking([{ status: 500 }], {}, { onError: 'retry', maxRetries: 2, retryDelays: ['1s'] })
    const found = await settled(cycle, {}, 'Errored')
    expect(incidentsOf(found)).toEqual(['Warning Failed to call the method', 'Warning Failed to call the method', 'Error Out of retries'])
    expect(asked()).toHaveLength(3)
  })
  it('429 with Retry-After: waits, warns, and goes on', async () => {
    const { cycle, asked } = await asking([{ status: 429, headers: { 'retry-after': '2' } }, { status: 200 }])
    const found = await settled(cycle, {}, 'Completed')
    expect(incidentsOf(found)).toEqual(['Warning Failed to call the method'])
    const [first, second] = asked()
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(1_900)
  })
  it('503 without Retry-After waits a minute; meanwhile the transaction is in progress, and a stop ends it', async () => {
    const { cycle } = await asking([{ status: 503 }])
    const { transaction = '' } = await cycle.post({})
    await until(async () => stepOf(await cycle.transaction(transaction), 'ask')?.Status === 'Retrying', { what: 'the step waiting for its next try' })
    await cycle.deactivate()
    expect(incidentsOf(await cycle.settled(transaction, ['Stopped']))).toEqual(['Warning Failed to call the method'])
  })
  it('stopCycle: the transaction is Errored and the cycle Stopped; what was queued waits for the next start', async () => {
    const { cycle, asked } = await asking([{ status: 500 }], { maxConcurrency: 1 }, { onError: 'stopCycle' })
    const replies = [await cycle.post({ n: 1 }), await cycle.post({ n: 2 }), await cycle.post({ n: 3 })]
    const [first = '', ...rest] = replies.map(({ transaction }) => transaction ?? '')
    await cycle.settled(first, ['Errored'])
    await until(async () => (await cycle.view()).Status === 'Stopped', { what: 'the cycle being stopped' })
    for (const id of rest) expect(['Queued', 'Stopped']).toContain((await cycle.transaction(id)).Status)
    expect(asked().length).toBeLessThanOrEqual(2)
  })
  it('a held sender is told 500 when the transaction fails', async () => {
    const cycle = await system.client.cycle({
      name: 'Failing',
      steps: [
        { id: 'order', type: 'webhook', next: 'wait' },
        { id: 'wait', type: 'waitUntil', at: '{{order.body.at}}', next: 'answer' },
        { id: 'answer', type: 'synchronousResponse', body: 'good' },
      ],
    })
    expect(await cycle.post({ at: 'never' })).toMatchObject({ status: 500, body: 'Webhook failed.' })
    expect(await cycle.post({ at: new Date(Date.now() + 1_000).toISOString() })).toMatchObject({ status: 200, body: 'good' })
    const { transaction = '' } = await cycle.post({ at: '2099-01-01' })
    expect(incidentsOf(await cycle.settled(transaction, ['Errored']))).toEqual(['Error Wait Until is over retention period'])
  })
})

describe('an operator mends a failed transaction over the API (cycles.md 5)', () => {
  const order = (cycle: TestCycle, id: string, what: string, body: object = {}) =>
    system.client.call('POST', `/cycles/${cycle.id}/transactions/${id}/${what}`, { account: cycle.account, body })

  it('retry runs the step again, as a new execution', async () => {
    const { cycle, asked, after } = await asking([{ status: 500 }, { status: 200, body: { now: 'good' } }])
    const failed = await settled(cycle, {}, 'Errored')
    await order(cycle, failed.Id, 'retry', { StepId: 'ask' })
    const found = await cycle.settled(failed.Id, ['Completed'])
    expect(asked()).toHaveLength(2)
    expect(new Set(asked().map(({ headers }) => headers['idempotency-key'])).size).toBe(2)
    expect(after()).toHaveLength(1)
    expect(found).toMatchObject({ Status: 'Completed' })
    expect(stepOf(found, 'ask')).toMatchObject({ Status: 'Completed', Attempts: 2 })
  })
  it('skip goes on behind it; fail ends it for good', async () => {
    const skipped = await asking([{ status: 500 }])
    const first = await settled(skipped.cycle, {}, 'Errored')
    await order(skipped.cycle, first.Id, 'skip')
    expect(stepOf(await skipped.cycle.settled(first.Id, ['Completed']), 'ask')?.Status).toBe('Skipped')
    expect(skipped.after()[0]?.json).toEqual({})

    const failed = await asking([{ status: 500 }])
    const second = await settled(failed.cycle, {}, 'Errored')
    await order(failed.cycle, second.Id, 'fail')
    await until(
      async () => {
        const answer = await order(failed.cycle, second.Id, 'retry').catch((error: unknown) => String(error))
        return typeof answer === 'string' && answer.includes('409')
      },
      { what: 'the transaction being closed' },
    )
    expect((await failed.cycle.transaction(second.Id)).Status).toBe('Errored')
  })
  it('a retry takes a place: the limit holds', async () => {
    const { cycle } = await asking([{ status: 500 }, { status: 200 }], { maxConcurrency: 1 })
    const failed = await settled(cycle, {}, 'Errored')
    const { InProgressTransactionCount } = await cycle.view()
    expect(InProgressTransactionCount).toBe(0)
    await order(cycle, failed.Id, 'retry')
    await cycle.settled(failed.Id, ['Completed'])
  })
  it('is kept through a restart of everything', async () => {
    const { cycle } = await asking([{ status: 500 }, { status: 200 }])
    const failed = await settled(cycle, {}, 'Errored')
    await system.restart('worker')
    await system.restart('api')
    await order(cycle, failed.Id, 'retry')
    await cycle.settled(failed.Id, ['Completed'])
  })
})

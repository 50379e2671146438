import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { asCycleId, asTransactionId, type Place } from '../../domain/ids.ts'
import type { TransactionState } from '../../workflows/messages.ts'
import type { Order } from '../../workflows/messages.ts'
import { apiHarness, at, smallCycle, type ApiHarness, type Loose, type Reply } from './harness.ts'

let api: ApiHarness
let account: string
let state: TransactionState | 'unknown' | 'unreachable' = 'unknown'
let asked: 'asked' | 'unknown' | 'unreachable' = 'asked'
let ordered: [Order, string][] = []
beforeAll(async () => {
  api = await apiHarness({
    temporal: {
      state: () => Promise.resolve(state),
      outline: () => Promise.resolve(state),
      stop: () => Promise.resolve(asked),
      order: async (_place, _transaction, order, step) => {
        ordered.push([order, step])
        return asked
      },
    },
  })
  account = await api.account()
})
afterAll(() => api.close())

/** An active cycle with so many transactions accepted, oldest first. */
async function cycleWith(count: number): Promise<{ id: string; place: Place; transactions: string[] }> {
  const made = await api.v1('POST', '/cycles', { account, body: { Definition: smallCycle } })
  const id = String(at(made.json, 'Id'))
  await api.v1('PUT', `/cycles/${id}/activate`, { account })
  const owner = await api.registry.accounts.find(account)
  if (owner === undefined) throw new Error('the account is gone')
  const place: Place = { account: owner.id, cycle: asCycleId(id) }
  const transactions: string[] = []
  for (let n = 0; n < count; n++) {
    const transaction = asTransactionId(randomUUID())
    const answer = await api.inbox.acceptTrigger({ place, version: 1, transaction, stepId: 'order', data: '{}', values: [], held: false })
    expect(answer.outcome).toBe('accepted')
    transactions.push(transaction)
  }
  return { id, place, transactions }
}

const ids = (list: Loose): Loose[] => (Array.isArray(list) ? list.map(one => at(one, 'Id') ?? null) : [])

/** Takes the first start of the cycle in turn and begins it, as a worker does. */
async function beginOne(place: Place, transaction: string): Promise<void> {
  for (;;) {
    const turn = await api.inbox.take('worker')
    if (turn === undefined) throw new Error('nothing is ready')
    if (turn.place.cycle === place.cycle) {
      expect((await api.inbox.claim(turn, 1, undefined)).state).toBe('ok')
      await api.inbox.release(turn)
      break
    }
    await api.inbox.release(turn)
  }
  expect(await api.inbox.begin(place, asTransactionId(transaction), [], 'worker')).toBe('go')
}

describe('transactions', () => {
  it('are listed newest first, going on after the last one seen, and before one', async () => {
    const { id, transactions } = await cycleWith(5)
    const newest = [...transactions].reverse()
    const all = await api.v1('GET', `/cycles/${id}/transactions`, { account })
    expect(ids(all.json)).toEqual(newest)
    expect(at(all.json, '[0]')).toEqual({
      Id: newest[0],
      Status: 'Queued',
      AcceptedAt: expect.stringMatching(/Z$/),
      StartedAt: null,
      EndedAt: null,
      ErrorCount: 0,
      WarningCount: 0,
    })
    expect(ids((await api.v1('GET', `/cycles/${id}/transactions?pageSize=2`, { account })).json)).toEqual(newest.slice(0, 2))
    expect(ids((await api.v1('GET', `/cycles/${id}/transactions?pageSize=2&after=${newest[1]}`, { account })).json)).toEqual(newest.slice(2, 4))
    expect(ids((await api.v1('GET', `/cycles/${id}/transactions?before=${newest[2]}`, { account })).json)).toEqual(newest.slice(0, 2))
  })

  it('are filtered by status, and refuse one that does not exist', async () => {
    const { id, transactions } = await cycleWith(2)
    expect(ids((await api.v1('GET', `/cycles/${id}/transactions?status=Queued`, { account })).json)).toHaveLength(transactions.length)
    expect((await api.v1('GET', `/cycles/${id}/transactions?status=Completed`, { account })).json).toEqual([])
    const replies = ['status=Done', `after=${randomUUID()}`, 'after=x', 'pageSize=0', 'pageSize=501'].map(query =>
      api.v1('GET', `/cycles/${id}/transactions?${query}`, { account }),
    )
    for (const reply of await Promise.all(replies)) expect(reply.status).toBe(400)
  })

  it('that are queued are shown without asking Temporal', async () => {
    const { id, transactions } = await cycleWith(1)
    state = 'unreachable'
    const reply = await api.v1('GET', `/cycles/${id}/transactions/${transactions[0]}`, { account })
    expect(reply.json).toMatchObject({ Id: transactions[0], Status: 'Queued', Steps: [], Incidents: [] })
    expect(at(reply.json, 'TemporalUrl')).toContain(`transaction%2F${id}%2F${transactions[0]}`)
  })

  it('are listed the same with an empty status, after and before', async () => {
    const { id } = await cycleWith(2)
    const plain = await api.v1('GET', `/cycles/${id}/transactions`, { account })
    const empty = await api.v1('GET', `/cycles/${id}/transactions?status=&after=&before=`, { account })
    expect([empty.status, empty.json]).toEqual([200, plain.json])
    expect((await api.v1('GET', `/cycles/${id}/transactions?pageSize=`, { account })).status).toBe(400)
  })

  it("that began are shown with their steps' data, free in its names", async () => {
    const { id, place, transactions } = await cycleWith(1)
    const transaction = transactions[0] ?? ''
    await beginOne(place, transaction)
    const step = { stepId: 'order', stepName: 'Order received', status: 'Completed' as const, startedAt: 1_000, endedAt: 2_000, attempts: 1, retries: 2 }
    state = { status: 'InProgress', steps: [{ ...step, data: { body: { camelCase: [{ x: null }] } } }], incidents: [], responses: {} }
    await api.registry.incidents.add(place, { at: 5, level: 'Error', stepId: 'order', message: 'Webhook failed', detail: 'why' }, transaction)
    const { json } = await api.v1('GET', `/cycles/${id}/transactions/${transaction}`, { account })
    expect(at(json, 'Status')).toBe('InProgress')
    expect(at(json, 'StartedAt')).toEqual(expect.stringMatching(/Z$/))
    expect(at(json, 'Steps')).toEqual([
      {
        StepId: 'order',
        StepName: 'Order received',
        Status: 'Completed',
        StartedAt: '1970-01-01T00:00:01.000Z',
        EndedAt: '1970-01-01T00:00:02.000Z',
        Attempts: 3,
        Data: { body: { camelCase: [{ x: null }] } },
      },
    ])
    expect(at(json, 'Incidents[0]')).toMatchObject({
      IncidentLevel: 'Error',
      StepId: 'order',
      Message: 'Webhook failed',
      Detail: 'why',
      TransactionId: transaction,
    })
  })

  it('are shown without steps, and with a note, while Temporal does not answer', async () => {
    const { id, place, transactions } = await cycleWith(1)
    await beginOne(place, transactions[0] ?? '')
    state = 'unreachable'
    const { status, json } = await api.v1('GET', `/cycles/${id}/transactions/${transactions[0]}`, { account })
    expect(status).toBe(200)
    expect(at(json, 'Steps')).toBeUndefined()
    expect(at(json, 'Note')).toContain('Temporal does not answer')
  })

  it('that split a list have items, listed in its order, and shown and stopped by their ids', async () => {
    const { id, place, transactions } = await cycleWith(1)
    const parent = asTransactionId(transactions[0] ?? '')
    await beginOne(place, parent)
    const items = [0, 1, 2].map(index => asTransactionId(`${parent}.order.1.${index}`))
    for (const item of items) expect(await api.inbox.beginItem(place, item, parent, 'order.1', [])).toBe('go')
    const path = `/cycles/${id}/transactions`
    expect(ids((await api.v1('GET', `${path}/${parent}/items`, { account })).json)).toEqual(items)
    expect(ids((await api.v1('GET', `${path}/${parent}/items?pageSize=1&after=${items[0]}`, { account })).json)).toEqual([items[1]])
    expect((await api.v1('GET', `${path}/${parent}/items?after=${parent}.order.1.9`, { account })).status).toBe(400)
    expect(ids((await api.v1('GET', path, { account })).json)).toEqual([parent])
    state = 'unknown'
    const shown = await api.v1('GET', `${path}/${(items[1] ?? '').toUpperCase().replace('ORDER', 'order')}`, { account })
    expect([shown.status, at(shown.json, 'Id'), at(shown.json, 'Status')]).toEqual([200, items[1], 'InProgress'])
    asked = 'asked'
    expect((await api.v1('POST', `${path}/${items[1]}/stop`, { account })).status).toBe(202)
    for (const unknown of [`${parent}.order.1.7`, `${parent}.order.1`, `${parent}.order.x.1`, `${parent}.`]) {
      expect((await api.v1('GET', `${path}/${unknown}`, { account })).status, unknown).toBe(404)
    }
  })

  it('that are not there, or of another cycle, answer 404', async () => {
    const [one, other] = [await cycleWith(1), await cycleWith(0)]
    for (const id of [randomUUID(), 'x', one.transactions[0]]) {
      const reply = await api.v1('GET', `/cycles/${other.id}/transactions/${id}`, { account })
      expect([reply.status, at(reply.json, 'Code')]).toEqual([404, 'transaction_not_found'])
      expect((await api.v1('POST', `/cycles/${other.id}/transactions/${id}/stop`, { account })).status).toBe(404)
    }
  })

  it('that are queued are taken out by stop, and a second stop changes nothing', async () => {
    const { id, transactions } = await cycleWith(1)
    for (const _ of [1, 2]) {
      const reply = await api.v1('POST', `/cycles/${id}/transactions/${transactions[0]}/stop`, { account })
      expect([reply.status, at(reply.json, 'Status')]).toEqual([202, 'Stopped'])
    }
  })

  it('that run are asked to stop, and it says so where Temporal cannot be asked', async () => {
    const { id, place, transactions } = await cycleWith(1)
    await beginOne(place, transactions[0] ?? '')
    const stop = () => api.v1('POST', `/cycles/${id}/transactions/${transactions[0]}/stop`, { account })
    asked = 'asked'
    expect((await stop()).status).toBe(202)
    asked = 'unreachable'
    const reply = await stop()
    expect([reply.status, at(reply.json, 'Code')]).toEqual([503, 'service_unavailable'])
    expect(at(reply.json, 'Message')).toContain('Temporal')
    expect(reply.headers.get('retry-after')).not.toBeNull()
  })
})

describe('orders about a failed step', () => {
  const step = (stepId: string, status: TransactionState['steps'][number]['status']) => ({ stepId, stepName: stepId, status, startedAt: 1, attempts: 1 })
  /** What the workflow says: at which step it stands failed, and which wait for their next try. */
  const standing = (failed: string | undefined, ...retrying: readonly string[]): TransactionState => ({
    status: failed === undefined ? 'InProgress' : 'Errored',
    ...(failed === undefined ? {} : { failed }),
    steps: [step('order', 'Completed'), ...(failed === undefined ? [] : [step(failed, 'Errored')]), ...retrying.map(id => step(id, 'Retrying'))],
    incidents: [],
    responses: {},
  })
  const refusal = (reply: Reply) => [reply.status, at(reply.json, 'Code')]

  let path: string
  let cycle: string
  beforeEach(async () => {
    const { id, place, transactions } = await cycleWith(1)
    await beginOne(place, transactions[0] ?? '')
    cycle = id
    path = `/cycles/${id}/transactions/${transactions[0]}`
    asked = 'asked'
    ordered = []
  })

  it('are signalled with the step that is meant, which need not be said where it is the only one', async () => {
    state = standing('work')
    for (const order of ['retry', 'skip', 'fail'] as const) {
      for (const sent of [{ body: { StepId: 'work' } }, { body: { stepid: 'work' } }, { body: { StepId: null } }, { body: {} }, {}]) {
        ordered = []
        const reply = await api.v1('POST', `${path}/${order}`, { account, ...sent })
        expect([reply.status, ordered]).toEqual([202, [[order, 'work']]])
        expect(at(reply.json, 'Id')).toBe(path.split('/').at(-1))
      }
    }
  })

  it('are taken for a step that waits for its next try, also while the cycle finishes', async () => {
    state = standing(undefined, 'work')
    await api.v1('PUT', `/cycles/${cycle}/deactivate?finishQueuedTransactions=true`, { account })
    for (const order of ['retry', 'skip', 'fail']) expect((await api.v1('POST', `${path}/${order}`, { account })).status).toBe(202)
  })

  it('are refused where no step has failed', async () => {
    state = standing(undefined)
    expect(refusal(await api.v1('POST', `${path}/retry`, { account }))).toEqual([409, 'step_not_failed'])
    expect(refusal(await api.v1('POST', `${path}/retry`, { account, body: { StepId: 'order' } }))).toEqual([409, 'step_not_failed'])
    const { id, transactions } = await cycleWith(1)
    const queued = await api.v1('POST', `/cycles/${id}/transactions/${transactions[0]}/retry`, { account })
    expect([...refusal(queued), ordered]).toEqual([409, 'step_not_failed', []])
    state = 'unknown'
    expect(refusal(await api.v1('POST', `${path}/skip`, { account }))).toEqual([409, 'step_not_failed'])
  })

  it('say which steps can be meant where there are several', async () => {
    state = standing('work', 'call')
    const reply = await api.v1('POST', `${path}/skip`, { account })
    expect(refusal(reply)).toEqual([400, 'request_invalid'])
    expect(at(reply.json, 'Errors[0]')).toEqual({ Path: 'StepId', Message: 'Say which step is meant: work, call' })
    expect((await api.v1('POST', `${path}/skip`, { account, body: { StepId: 'call' } })).status).toBe(202)
  })

  it('are refused for a step that the document does not have, and for a body that is none', async () => {
    state = standing('work')
    const reply = await api.v1('POST', `${path}/retry`, { account, body: { StepId: 'wrok' } })
    expect([...refusal(reply), at(reply.json, 'Errors[0].Message')]).toEqual([400, 'request_invalid', 'There is no step "wrok"'])
    expect(refusal(await api.v1('POST', `${path}/retry`, { account, body: { StepId: 1 } }))).toEqual([400, 'request_invalid'])
    expect(refusal(await api.v1('POST', `${path}/retry`, { account, raw: 'work' }))).toEqual([400, 'request_invalid'])
  })

  it('that let a failed transaction go on want an Active cycle', async () => {
    state = standing('work')
    await api.v1('PUT', `/cycles/${cycle}/deactivate`, { account })
    for (const order of ['retry', 'skip']) expect(refusal(await api.v1('POST', `${path}/${order}`, { account }))).toEqual([409, 'cycle_not_running'])
    expect((await api.v1('POST', `${path}/fail`, { account })).status).toBe(202)
  })

  it('answer 503 where Temporal cannot be asked, and 409 where the workflow closed meanwhile', async () => {
    state = 'unreachable'
    expect(refusal(await api.v1('POST', `${path}/retry`, { account }))).toEqual([503, 'service_unavailable'])
    state = standing('work')
    asked = 'unreachable'
    expect(refusal(await api.v1('POST', `${path}/retry`, { account }))).toEqual([503, 'service_unavailable'])
    asked = 'unknown'
    expect(refusal(await api.v1('POST', `${path}/retry`, { account }))).toEqual([409, 'step_not_failed'])
  })

  it('answer 404 for a transaction that is not there', async () => {
    expect(refusal(await api.v1('POST', `/cycles/${cycle}/transactions/${randomUUID()}/retry`, { account }))).toEqual([404, 'transaction_not_found'])
  })
})

describe('incidents', () => {
  it('are listed newest first, after and before an id', async () => {
    const { id, place } = await cycleWith(0)
    for (const n of [1, 2, 3]) await api.registry.incidents.add(place, { at: n, level: 'Warning', message: `no ${n}`, detail: '' })
    const all = await api.v1('GET', `/cycles/${id}/incidents`, { account })
    expect(at(all.json, '[0]')).toEqual({
      Id: expect.any(String),
      Timestamp: '1970-01-01T00:00:00.003Z',
      IncidentLevel: 'Warning',
      StepId: null,
      TransactionId: null,
      Message: 'no 3',
      Detail: '',
      NotificationId: null,
    })
    const [newest, middle] = ids(all.json)
    expect(ids((await api.v1('GET', `/cycles/${id}/incidents?after=${newest}&pageSize=1`, { account })).json)).toEqual([middle])
    expect(ids((await api.v1('GET', `/cycles/${id}/incidents?before=${middle}`, { account })).json)).toEqual([newest])
    expect((await api.v1('GET', `/cycles/${id}/incidents?after=x`, { account })).status).toBe(400)
  })
})

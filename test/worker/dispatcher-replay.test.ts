import { expect, test } from 'vitest'
import type { CycleDocument } from '../../domain/document.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { ReplayEntry } from '../../storage/inbox.ts'
import { replayed } from '../../worker/dispatcher-replay.ts'

const more = { id: 'more', type: 'webhook', match: { request: 'body.id', transaction: 'start.scheduledAt' } } as const
const cycle = (trigger: CycleDocument['steps'][0]): CachedCycle => {
  const account = asAccountId('a')
  return {
    place: { account, cycle: asCycleId('c') },
    version: 1,
    createdAt: 0,
    updatedAt: 0,
    document: { name: 'Test', steps: [trigger, more] },
    identifiers: {},
    account: { id: account, apiId: 'api', name: 'A', description: '', timezone: 'UTC', createdAt: 0, userId: '' },
    hash: '',
  }
}
const start = (data: object, stepId = 'start'): ReplayEntry => ({
  kind: 'start',
  id: 1,
  transaction: asTransactionId('t'),
  stepId,
  data: JSON.stringify(data),
})
const webhook = start({ body: {}, headers: {}, query: {}, method: 'POST' })
const scheduled = start({ scheduledAt: '2030-01-01T00:00:00.000Z', startedAt: '2030-01-01T00:00:00.100Z' })

test('a run of a schedule that was queued is registered anew', () => {
  expect(replayed(scheduled, cycle({ id: 'start', type: 'schedule', every: '1h' }), 'http://localhost')).toEqual({
    id: 1,
    gone: false,
    values: [{ stepId: 'more', value: '2030-01-01T00:00:00.000Z' }],
  })
})

test('a webhook that has become a schedule is gone, and the other way round', () => {
  expect(replayed(webhook, cycle({ id: 'start', type: 'schedule', every: '1h' }), 'http://localhost')).toEqual({ id: 1, gone: true })
  expect(replayed(scheduled, cycle({ id: 'start', type: 'webhook' }), 'http://localhost')).toEqual({ id: 1, gone: true })
  expect(replayed(webhook, cycle({ id: 'start', type: 'webhook' }), 'http://localhost')).toMatchObject({ gone: false })
})

/** Transactions of a cycle, and its incidents. */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import type { Place, TransactionId } from '../../domain/ids.ts'
import type { Order } from '../../workflows/messages.ts'
import type { TransactionRecord } from '../../storage/inbox.ts'
import { findCycle } from '../cycles/view.ts'
import { accountRoute, noBody, noQuery, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { mendStep } from '../transactions/mend.ts'
import { showTransaction } from '../transactions/show.ts'
import { stopTransaction } from '../transactions/stop.ts'
import { incidentView, recordView } from '../transactions/view.ts'
import { newestFirstQuery, transactionIdOf } from './lists.ts'

const TAG = 'Transactions'
const path = '/v1.0/cycles/{id}'
const cycleParam = { id: 'GUID of the cycle.' }
const params = { ...cycleParam, tx: 'Id of the transaction, or of a split item: `{transaction}.{step}.{execution}.{index}`.' }

async function recordOf({ inbox }: Services, place: Place, id: string | undefined): Promise<TransactionRecord> {
  const transaction = transactionIdOf(id)
  const record = transaction === undefined ? undefined : await inbox.transaction(place, transaction)
  if (record === undefined) throw new ApiError('transaction_not_found', 'There is no such transaction in this cycle.')
  return record
}

/** An id to start from has to be one of the list; undefined where none was given. */
async function markerOf(services: Services, place: Place, name: string, id: string | undefined): Promise<TransactionId | undefined> {
  if (id === undefined) return undefined
  const transaction = transactionIdOf(id)
  const record = transaction === undefined ? undefined : await services.inbox.transaction(place, transaction)
  if (record === undefined) throw new ApiError('request_invalid', 'The query is not right.', [{ path: name, message: 'is no transaction of this cycle' }])
  return record.id
}

const incidentId = z.string().regex(/^\d{1,15}-\d{1,15}$/, 'must be the id of an incident')

const orders = [
  { order: 'retry', summary: 'Tries a failed step again', description: 'The transaction goes on from it, with what its other paths had left.' },
  { order: 'skip', summary: 'Goes on behind a failed step', description: 'The step has no data then.' },
  {
    order: 'fail',
    summary: 'Gives up a failed step',
    description: 'The transaction ends Errored for good, or, where the step waited for its next try, as if that had been the last one.',
  },
] as const satisfies readonly { readonly order: Order; readonly summary: string; readonly description: string }[]

const orderRoutes: readonly Route[] = orders.map(({ order, summary, description }) =>
  accountRoute({
    method: 'POST',
    path: `${path}/transactions/{tx}/${order}`,
    tag: TAG,
    summary,
    description: `Of a transaction that stands failed, for as long as it is retained, or of a step that waits for its next try. ${description}`,
    params,
    query: noQuery,
    body: z.object({ stepId: z.string().min(1).max(200).nullish().describe('May be left out where one step can be meant.') }),
    bodyKind: 'optional',
    answers: { 202: { description: 'It is about to be done.', schema: schemas.transaction } },
    errors: ['cycle_not_found', 'transaction_not_found', 'step_not_failed', ...(order === 'fail' ? [] : ['cycle_not_running' as const])],
    handler: async (services, { account, params: { id, tx }, body }) => {
      const cycle = await findCycle(services, account, id)
      const record = await recordOf(services, cycle.stored.place, tx)
      await mendStep(services, cycle, record, order, body.stepId ?? undefined)
      return { status: 202, body: recordView(record) }
    },
  }),
)

export const transactionRoutes: readonly Route[] = [
  accountRoute({
    method: 'GET',
    path: `${path}/transactions`,
    tag: TAG,
    summary: 'Lists the transactions of a cycle, the newest first',
    params: cycleParam,
    query: newestFirstQuery.extend({ status: schemas.transactionStatus.optional() }),
    body: noBody,
    answers: { 200: { description: 'The transactions.', schema: z.array(schemas.transaction) } },
    errors: ['cycle_not_found'],
    handler: async (services, { account, params: { id }, query }) => {
      const { place } = (await findCycle(services, account, id)).stored
      const after = await markerOf(services, place, 'after', query.after)
      const before = await markerOf(services, place, 'before', query.before)
      const records = await services.inbox.list(place, {
        limit: query.pageSize,
        ...(query.status === undefined ? {} : { status: query.status }),
        ...(after === undefined ? {} : { after }),
        ...(before === undefined ? {} : { before }),
      })
      return { status: 200, body: records.map(recordView) }
    },
  }),
  accountRoute({
    method: 'GET',
    path: `${path}/transactions/{tx}`,
    tag: TAG,
    summary: 'Shows a transaction with its steps and incidents',
    description: 'Steps and their data come from Temporal; where that does not answer, what is known without it is shown, with a note.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The transaction.', schema: schemas.transactionDetails } },
    errors: ['cycle_not_found', 'transaction_not_found'],
    handler: async (services, { account, params: { id, tx } }) => {
      const { place } = (await findCycle(services, account, id)).stored
      return { status: 200, body: await showTransaction(services, place, await recordOf(services, place, tx)) }
    },
  }),
  accountRoute({
    method: 'GET',
    path: `${path}/transactions/{tx}/items`,
    tag: TAG,
    summary: 'Lists the items of a transaction that split a list',
    description: 'In order of its splits and of the list. An item is a transaction, shown and stopped by its id; the list of the cycle does not have it.',
    params,
    query: newestFirstQuery.pick({ pageSize: true }).extend({ after: newestFirstQuery.shape.after.describe('The last id seen: the list goes on behind it.') }),
    body: noBody,
    answers: { 200: { description: 'The items.', schema: z.array(schemas.transaction) } },
    errors: ['cycle_not_found', 'transaction_not_found'],
    handler: async (services, { account, params: { id, tx }, query }) => {
      const { place } = (await findCycle(services, account, id)).stored
      const parent = await recordOf(services, place, tx)
      const after = await markerOf(services, place, 'after', query.after)
      const records = await services.inbox.items(place, parent.id, { limit: query.pageSize, ...(after === undefined ? {} : { after }) })
      return { status: 200, body: records.map(recordView) }
    },
  }),
  accountRoute({
    method: 'POST',
    path: `${path}/transactions/{tx}/stop`,
    tag: TAG,
    summary: 'Stops a transaction',
    description: 'A queued one is taken out; another stops where it is. One that is over stays as it is.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 202: { description: 'It is stopped, or about to be.', schema: schemas.transaction } },
    errors: ['cycle_not_found', 'transaction_not_found'],
    handler: async (services, { account, params: { id, tx } }) => {
      const { place } = (await findCycle(services, account, id)).stored
      const { id: transaction } = await recordOf(services, place, tx)
      await stopTransaction(services, place, transaction)
      return { status: 202, body: recordView(await recordOf(services, place, transaction)) }
    },
  }),
  ...orderRoutes,
  accountRoute({
    method: 'GET',
    path: `${path}/incidents`,
    tag: TAG,
    summary: 'Lists the incidents of a cycle, the newest first',
    description: 'The last 1,000 or so, for 31 days.',
    params: cycleParam,
    query: newestFirstQuery.extend({ after: incidentId.optional(), before: incidentId.optional() }),
    body: noBody,
    answers: { 200: { description: 'The incidents.', schema: z.array(schemas.incident) } },
    errors: ['cycle_not_found'],
    handler: async (services, { account, params: { id }, query }) => {
      const { place } = (await findCycle(services, account, id)).stored
      const incidents = await services.registry.incidents.list(place, {
        limit: query.pageSize,
        ...(query.after === undefined ? {} : { after: query.after }),
        ...(query.before === undefined ? {} : { before: query.before }),
      })
      return { status: 200, body: incidents.map(incidentView) }
    },
  }),
]

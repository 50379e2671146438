/** Cycles of an account: documents, start and stop. */
import { z } from 'zod'
import { deleteCycle } from '../../storage/cycle-life.ts'
import { activateCycle, missingNow } from '../cycles/activate.ts'
import { createCycle, replaceCycle } from '../cycles/save.ts'
import { cycleView, findCycle, freshView, unlessDeleted, withStatus } from '../cycles/view.ts'
import { accountRoute, noBody, noQuery, type AnswerSpec, type Route } from '../route.ts'
import { queryFlag } from './fields.ts'
import * as schemas from '../schemas.ts'
import { pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Cycles'
const path = '/v1.0/cycles'
const params = { id: 'GUID of the cycle.' }
const theCycle: AnswerSpec = { description: 'The cycle.', schema: schemas.cycle }

const document = z.object({ definition: schemas.definition.refine(isObject, 'must be a cycle document') })

const change = z.object({
  definition: schemas.definition.optional(),
  accountConnectorId: z
    .union([z.guid(), z.array(z.guid()).max(100)], { error: 'must be the GUID of an account connector, or a list of them' })
    .optional()
    .describe('Which account connector its steps use, where the account has several of one connector; a list where it uses several connectors.'),
})

export const cycleRoutes: readonly Route[] = [
  accountRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the cycles of the account, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The cycles.', schemas.cycle) },
    handler: async (services, { account, query }) => {
      const { items, total } = await services.registry.cycles.list(account.id, query)
      const live = await Promise.all(items.map(stored => withStatus(services, stored)))
      const views = live.flatMap(cycle => (cycle === undefined ? [] : [cycleView(cycle, services.settings.publicUrl)]))
      return { status: 200, body: views, headers: { 'Total-Pages': String(Math.ceil(total / query.pageSize)) } }
    },
  }),
  accountRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes a cycle',
    description: 'From `{ Definition }` as JSON, or from the document itself as application/yaml. It is Paused; all problems of the document are told at once.',
    query: noQuery,
    body: document,
    bodyKind: 'document',
    answers: { 201: { ...theCycle, headers: { Location: 'Its address.' } } },
    errors: ['document_invalid', 'document_too_large'],
    handler: async (services, { account, body }) => {
      const place = await createCycle(services, account, body.definition)
      return { status: 201, body: await freshView(services, place), headers: { Location: `${path}/${place.cycle}` } }
    },
  }),
  accountRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows a cycle',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theCycle },
    errors: ['cycle_not_found'],
    handler: async (services, call) => ({
      status: 200,
      body: cycleView(await findCycle(services, call.account, call.params.id), services.settings.publicUrl),
    }),
  }),
  accountRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: "Replaces a cycle's document",
    description:
      'Not while it is Active or Stopping. Webhook steps that stay keep their URLs; a secret sent as ******** stays as it is. The document may be left out where AccountConnectorId is given: it stays.',
    params,
    query: noQuery,
    body: change.refine(
      ({ definition, accountConnectorId }) => isObject(definition) || (definition === undefined && accountConnectorId !== undefined),
      'must have a Definition, which is a cycle document, or an AccountConnectorId',
    ),
    bodyKind: 'document',
    answers: { 200: theCycle },
    errors: ['document_invalid', 'document_too_large', 'cycle_not_found', 'cycle_running', 'cycle_changed'],
    handler: async (services, call) => {
      const cycle = await findCycle(services, call.account, call.params.id)
      const ids = call.body.accountConnectorId ?? []
      await replaceCycle(services, cycle, { definition: call.body.definition, accountConnectorIds: typeof ids === 'string' ? [ids] : ids })
      return { status: 200, body: await freshView(services, cycle.stored.place) }
    },
  }),
  accountRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Deletes a cycle',
    description: 'Its webhooks answer 404 at once; all its transactions are stopped and removed.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['cycle_not_found'],
    handler: async (services, call) => {
      const { stored } = await findCycle(services, call.account, call.params.id)
      await deleteCycle(services, stored.place)
      return { status: 204 }
    },
  }),
  accountRoute({
    method: 'PUT',
    path: `${path}/{id}/activate`,
    tag: TAG,
    summary: 'Starts a cycle',
    description:
      'What was queued runs, in the order it was accepted. 422 with the list where a prerequisite is missing. Webhook steps whose method has `subscribe` are subscribed first: 422 with the answer of an application that refuses, 503 where it has to be asked and Temporal does not answer.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theCycle },
    errors: ['cycle_not_found', 'prerequisites_missing', 'subscription_failed', 'service_unavailable'],
    handler: async (services, call) => {
      const { stored } = await findCycle(services, call.account, call.params.id)
      await activateCycle(services, stored)
      return { status: 200, body: await freshView(services, stored.place) }
    },
  }),
  accountRoute({
    method: 'PUT',
    path: `${path}/{id}/deactivate`,
    tag: TAG,
    summary: 'Stops a cycle',
    description: 'At once, or after everything in progress and queued has ended.',
    params,
    query: z.object({
      finishQueuedTransactions: queryFlag.describe('true: Stopping until all in-progress and queued transactions have ended, then Stopped.'),
    }),
    body: noBody,
    answers: { 200: theCycle },
    errors: ['cycle_not_found'],
    handler: async (services, call) => {
      const { stored } = await findCycle(services, call.account, call.params.id)
      const finish = call.query.finishQueuedTransactions === 'true'
      unlessDeleted(await (finish ? services.inbox.finish(stored.place) : services.inbox.deactivate(stored.place)))
      return { status: 200, body: await freshView(services, stored.place) }
    },
  }),
  accountRoute({
    method: 'GET',
    path: `${path}/{id}/prerequisites`,
    tag: TAG,
    summary: 'Lists what is missing before the cycle can start',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'Empty: it can start.', schema: z.array(schemas.prerequisite) } },
    errors: ['cycle_not_found'],
    handler: async (services, call) => {
      const { stored } = await findCycle(services, call.account, call.params.id)
      return { status: 200, body: await missingNow(services, stored) }
    },
  }),
]

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

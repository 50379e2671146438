/** Connectors: the partner's adapters to applications. */
import { z } from 'zod'
import { createConnector, deleteConnector, replaceConnector } from '../connectors/save.ts'
import { connectorView, findConnector } from '../connectors/view.ts'
import { noBody, noQuery, partnerRoute, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import { paged, pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Connectors'
const path = '/v1.0/connectors'
const params = { id: 'GUID of the connector.' }
const theConnector: AnswerSpec = { description: 'The connector.', schema: schemas.connector }

const document = z.object({
  definition: z
    .unknown()
    .refine(value => typeof value === 'object' && value !== null, 'must be a connector document')
    .describe('The connector document, as described by /schemas/connector.json.'),
  oAuthClientId: z.string().min(1).max(2_000).nullish().describe("The partner's client id at the application, for OAuth 2.0."),
  oAuthClientSecret: z.string().min(1).max(10_000).nullish().describe('Its secret: sealed, and never shown again.'),
})

export const connectorRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the connectors, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The connectors.', schemas.connector) },
    handler: async ({ registry, settings }, { query }) =>
      paged(await registry.connectors.list(query), query, stored => connectorView(stored, settings.publicUrl)),
  }),
  partnerRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes a connector',
    description: 'From `{ Definition }` as JSON, or from the document itself as application/yaml; all problems of the document are told at once.',
    query: noQuery,
    body: document,
    bodyKind: 'document',
    answers: { 201: { ...theConnector, headers: { Location: 'Its address.' } } },
    errors: ['document_invalid', 'document_too_large', 'name_taken'],
    handler: async (services, { body }) => {
      const made = await createConnector(services, body)
      return { status: 201, body: connectorView(made, services.settings.publicUrl), headers: { Location: `${path}/${made.id}` } }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows a connector',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theConnector },
    errors: ['connector_not_found'],
    handler: async (services, call) => ({ status: 200, body: connectorView(await findConnector(services, call.params.id), services.settings.publicUrl) }),
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: "Replaces a connector's document",
    description:
      'It counts for every call from now on, of transactions in progress too. Its name cannot be changed. Client id and secret stay where they are left out; null takes them away.',
    params,
    query: noQuery,
    body: document,
    bodyKind: 'document',
    answers: { 200: theConnector },
    errors: ['document_invalid', 'document_too_large', 'connector_not_found', 'record_changed'],
    handler: async (services, call) => {
      const before = await findConnector(services, call.params.id)
      return { status: 200, body: connectorView(await replaceConnector(services, before, call.body), services.settings.publicUrl) }
    },
  }),
  partnerRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Deletes a connector',
    description: 'Only where no account has authenticated it. Cycles that name it can no longer be activated, and their steps fail.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['connector_not_found', 'connector_in_use'],
    handler: async (services, call) => {
      await deleteConnector(services, await findConnector(services, call.params.id))
      return { status: 204 }
    },
  }),
]

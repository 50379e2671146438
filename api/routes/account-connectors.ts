/** Account connectors: connectors as an account authenticated them. Credentials go in and never come out. */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { accountConnectorView, changeAccountConnector, createAccountConnector, findAccountConnector } from '../connectors/account-connectors.ts'
import { findConnector } from '../connectors/view.ts'
import { accountRoute, noBody, noQuery, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import { pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Account connectors'
const path = '/v1.0/account/connectors'
const params = { id: 'GUID of the account connector.' }
const theOne: AnswerSpec = { description: 'The account connector.', schema: schemas.accountConnector }

const credential = z.string().max(20_000)
const input = {
  name: z.string().trim().min(1).max(200).nullish().describe("Tells those of one connector apart; left out: the connector's name."),
  settings: z.record(z.string(), z.string().max(2_000)).nullish().describe('What the document asks for.'),
  authValue: credential.nullish().describe('Key or token.'),
  username: credential.nullish(),
  password: credential.nullish(),
  externalId: z.string().min(1).max(500).nullish().describe('What the application calls the account: partner webhooks go by it.'),
}

export const accountConnectorRoutes: readonly Route[] = [
  accountRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the account connectors, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The account connectors.', schemas.accountConnector) },
    handler: async (services, { account, query }) => {
      const { items, total } = await services.registry.accountConnectors.of(account.id).list(query)
      const body = await Promise.all(items.map(one => accountConnectorView(services, account, one, false)))
      return { status: 200, body, headers: { 'Total-Pages': String(Math.ceil(total / query.pageSize)) } }
    },
  }),
  accountRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Authenticates a connector in the account',
    description:
      "The connector's `test` is called with the credentials: where it fails, the answer is 422 with the application's answer, and nothing is stored. With OAuth 2.0 and the grant authorizationCode it is Unauthenticated until a user has opened AuthorizeUrl.",
    query: noQuery,
    body: z.object({ connectorId: z.string().describe('GUID of the connector.'), ...input }),
    answers: { 201: { ...theOne, headers: { Location: 'Its address.' } } },
    errors: ['connector_not_found', 'name_taken', 'authentication_failed'],
    handler: async (services, { account, body }) => {
      const made = await createAccountConnector(services, account, await findConnector(services, body.connectorId), body)
      return { status: 201, body: await accountConnectorView(services, account, made, true), headers: { Location: `${path}/${made.id}` } }
    },
  }),
  accountRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows an account connector',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theOne },
    errors: ['account_connector_not_found'],
    handler: async (services, { account, params: { id } }) => ({
      status: 200,
      body: await accountConnectorView(services, account, await findAccountConnector(services, account, id), false),
    }),
  }),
  accountRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Changes an account connector',
    description:
      'What is left out stays as it is, credentials too. New settings or credentials are tested as those of a new one are; where the test fails, nothing is changed.',
    params,
    query: noQuery,
    body: z.object(input),
    answers: { 200: theOne },
    errors: ['account_connector_not_found', 'connector_not_found', 'name_taken', 'record_changed', 'authentication_failed'],
    handler: async (services, { account, body, params: { id } }) => {
      const changed = await changeAccountConnector(services, account, await findAccountConnector(services, account, id), body)
      return { status: 200, body: await accountConnectorView(services, account, changed, true) }
    },
  }),
  accountRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Takes an account connector away',
    description:
      'Steps that use it fail with `Failed to authenticate the connector`. What it subscribed at the application is ended; its credentials, which nothing shows or uses any more, are kept for that alone, else they are gone at once.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['account_connector_not_found'],
    handler: async ({ registry }, { account, params: { id } }) => {
      const found = await findAccountConnector({ registry }, account, id)
      if (!(await registry.accountConnectors.of(account.id).remove(found.id)))
        throw new ApiError('account_connector_not_found', 'There is no such account connector in this account.')
      return { status: 204 }
    },
  }),
]

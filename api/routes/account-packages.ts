/** Packages in an account: what is offered, what is installed, and the four operations (marketplace.md 2). */
import { z } from 'zod'
import type { OperationKind } from '../../storage/operation.ts'
import { beginOperation } from '../packages/begin.ts'
import { findOperation, operationView, packageViews } from '../packages/view.ts'
import { untilEnded } from '../packages/wait.ts'
import { accountRoute, noBody, noQuery, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../package-schemas.ts'
import { json, queryFlag } from './fields.ts'
import { paged, pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Packages of an account'
const path = '/v1.0/account/packages'
const params = { id: 'Id of the package.' }
const operation = (description: string): AnswerSpec => ({ description, schema: schemas.operation, headers: { Location: 'Its address.' } })

const query = z.object({
  wait: queryFlag.describe('true: answers when the operation has ended, but after a minute at most. The notification is not waited for.'),
})
const completeParameter = z.string().max(10_000).optional().describe('Passed on in the notification; without it, of later operations that of the installation.')
const body = z.object({ completeParameter })
const installBody = z.object({
  completeParameter,
  variables: z
    .record(z.string(), json())
    .optional()
    .describe('Values of user-configurable variables, by `{templateId}.{variable}`; secret ones are sealed, and shown to nobody.'),
  accountConnectors: z
    .record(z.string(), z.string())
    .optional()
    .describe('Ids of the account connectors that its cycles use, by the name of the connector: where the account has several of one.'),
})

const about: { readonly [K in OperationKind]: { readonly summary: string; readonly description: string } } = {
  install: {
    summary: 'Installs a package',
    description:
      'Copies the live release of each of its templates into the account as a cycle, and starts them where the package says so; all of them, or none. A cycle that cannot be started is Stopped, and Errors says why. A package that is installed gets further cycles, unless it can be there only once.',
  },
  uninstall: { summary: 'Removes a package', description: 'Deletes its cycles; account connectors stay.' },
  start: {
    summary: 'Starts all cycles of a package',
    description: 'All of them, or none: where one cannot be started the operation fails, and Errors says why.',
  },
  stop: { summary: 'Stops all cycles of a package', description: 'At once: what is in progress is stopped where it is.' },
}

function operationRoute(kind: OperationKind): Route {
  return accountRoute({
    method: 'POST',
    path: `${path}/{id}/${kind}`,
    tag: TAG,
    ...about[kind],
    params,
    query,
    body: kind === 'install' ? installBody : body,
    bodyKind: 'optional',
    answers: { 200: operation('With `wait=true`: it has ended.'), 202: operation('It has begun, and is carried out whatever fails meanwhile.') },
    errors:
      kind === 'install'
        ? ['package_not_found', 'package_installed', 'operation_running']
        : ['package_not_found', 'package_not_installed', 'operation_running'],
    handler: async (services, call) => {
      const { id, operation: begun } = await beginOperation(services, call.account, { ...call.body, kind, packageId: call.params.id })
      const ended = call.query.wait === 'true' ? await untilEnded(services, call.account.id, id) : undefined
      const now = ended ?? begun
      return {
        status: now.status === 'Running' ? 202 : 200,
        body: operationView(id, now),
        headers: { Location: `/v1.0/account/operations/${id}` },
      }
    },
  })
}

export const accountPackageRoutes: readonly Route[] = [
  accountRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists every package that is offered, with its state and its cycles in the account',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The packages, the oldest first.', schemas.accountPackage) },
    handler: async (services, { account, query: page }) => {
      const { items, total } = await services.registry.packages.list(page)
      return paged({ items: await packageViews(services, account, items), total }, page, view => view)
    },
  }),
  operationRoute('install'),
  operationRoute('uninstall'),
  operationRoute('start'),
  operationRoute('stop'),
  accountRoute({
    method: 'GET',
    path: '/v1.0/account/operations/{id}',
    tag: TAG,
    summary: 'Shows an operation on a package',
    params: { id: 'GUID of the operation.' },
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The operation.', schema: schemas.operation } },
    errors: ['operation_not_found'],
    handler: async (services, call) => ({ status: 200, body: await findOperation(services, call.account, call.params.id) }),
  }),
]

/** What operators need when Redis was emptied: export and import of the registry, and the rebuilding of the index (operations.md 3). */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { exportRegistry, exportSchema, importedSchema, importRegistry, TRANSFER_MAX } from '../registry/transfer.ts'
import type { ReindexProgress } from '../../storage/reindex.ts'
import { noBody, noQuery, partnerRoute, type Route } from '../route.ts'
import { queryFlag } from './fields.ts'
import * as schemas from '../schemas.ts'

const TAG = 'Registry'

const iso = (ms: number | undefined): string | null => (ms === undefined ? null : new Date(ms).toISOString())

const STATES = { none: 'None', requested: 'Requested', running: 'Running', done: 'Done' } as const satisfies Record<ReindexProgress['state'], string>

const progressView = (progress: ReindexProgress) => ({
  status: STATES[progress.state],
  startedAt: iso(progress.startedAt),
  endedAt: iso(progress.endedAt),
  cycleCount: progress.cycles,
  cyclesDoneCount: progress.cyclesDone,
  waitingTransactionCount: progress.waiting,
  inProgressTransactionCount: progress.running,
  problem: progress.problem ?? null,
})

export const registryRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path: '/v1.0/export',
    tag: TAG,
    summary: 'Exports the registry',
    description:
      'Settings, connectors, templates, marketplaces, packages, accounts with their connectors and installations, and cycles with their documents, webhook identifiers, versions and states, for POST /v1.0/import. Secrets stay sealed with ENCRYPTION_KEYS; tokens, transactions and incidents are not in it.',
    query: z.object({
      account: z.string().optional().describe('API id or GUID: only this account. For registries of more than 64 MiB.'),
      partner: queryFlag.describe('true: only what belongs to no account: settings, templates and so on.'),
    }),
    body: noBody,
    answers: { 200: { description: 'The registry.', schema: exportSchema } },
    errors: ['account_not_found', 'export_too_large'],
    handler: async (services, { query }) => {
      const account = query.account === undefined ? undefined : await services.registry.accounts.find(query.account)
      if (query.account !== undefined && account === undefined) throw new ApiError('account_not_found', 'There is no such account.')
      if (account !== undefined && query.partner === 'true')
        throw new ApiError('request_invalid', 'The query is not right.', [{ path: 'partner', message: 'is given beside account' }])
      const scope = account === undefined ? ({ of: query.partner === 'true' ? 'partner' : 'all' } as const) : ({ of: 'account', account: account.id } as const)
      return { status: 200, body: await exportRegistry(services, scope) }
    },
  }),
  partnerRoute({
    method: 'POST',
    path: '/v1.0/import',
    tag: TAG,
    summary: 'Imports a registry that was exported',
    description:
      'Also while everything else answers 503 because Redis was emptied, which it ends; get a new token first. What is there already stays; where the document contradicts it, nothing is written. Cycles come back with their ids, URLs and state, and the index of their transactions is rebuilt from Temporal. Up to 64 MiB.',
    query: z.object({ more: queryFlag.describe('true: further documents follow; only the last one ends the answers 503.') }),
    body: z.unknown().refine(value => typeof value === 'object' && value !== null, 'must be what GET /v1.0/export answered'),
    bodyMax: TRANSFER_MAX,
    withoutRegistry: true,
    answers: { 200: { description: 'What was imported.', schema: importedSchema } },
    errors: ['import_invalid', 'import_conflict'],
    handler: async (services, { body, query }) => ({ status: 200, body: await importRegistry(services, body, query.more === 'true') }),
  }),
  partnerRoute({
    method: 'POST',
    path: '/v1.0/reindex',
    tag: TAG,
    summary: 'Rebuilds the index of transactions from Temporal',
    description:
      'It is rebuilt by itself where it is missing; this is for one that is damaged. A worker takes it up within seconds; it may run under traffic, and what is there stays.',
    query: noQuery,
    body: noBody,
    answers: { 202: { description: 'It was requested.', schema: schemas.reindex } },
    handler: async ({ reindex }) => {
      await reindex.request()
      return { status: 202, body: progressView(await reindex.progress()) }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: '/v1.0/reindex',
    tag: TAG,
    summary: 'Shows how the rebuilding of the index stands',
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The run that goes on, or the last one.', schema: schemas.reindex } },
    handler: async ({ reindex }) => ({ status: 200, body: progressView(await reindex.progress()) }),
  }),
]

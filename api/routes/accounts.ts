/** Accounts: the partner's customers. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asAccountId } from '../../domain/ids.ts'
import { timezoneOf } from '../../domain/timezone.ts'
import type { Account } from '../../storage/registry.ts'
import { deleteAccount } from '../cycles/delete.ts'
import { noBody, noQuery, partnerRoute, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { receiverUrl } from './settings.ts'
import { paged, pagedAnswer, pageQuery } from './lists.ts'

const TAG = 'Accounts'
const path = '/v1.0/accounts'

/** It stands in a header, so it is printable ASCII without space at its ends. */
const apiId = z.string().regex(/^[!-~]([ -~]{0,253}[!-~])?$/, 'must be 1 to 255 printable ASCII characters, without spaces around them')
/** A text that can be an API id; else undefined. */
export const apiIdOf = (text: string | undefined): string | undefined => apiId.safeParse(text).data

const name = z.string().trim().min(1).max(200)
const description = z.string().max(4_000)
const timezone = z.string().refine(text => timezoneOf(text) !== undefined, 'must be an IANA time zone, for instance Europe/Berlin')
const errorWebhook = {
  transactionErrorWebhookUrl: receiverUrl.nullish().describe("Where its incidents are sent; null: where the partner's settings say."),
  includeWarnings: z.boolean().nullish().describe("Whether warnings are sent as well; null: as the partner's settings say."),
}

const maxConcurrency = z
  .int()
  .min(1)
  .nullish()
  .describe('How many transactions of all its cycles may run at once; the others wait in their inboxes, in turn. null: no limit.')

export const accountView = (account: Account) => ({
  id: account.apiId,
  accountId: account.id,
  name: account.name,
  description: account.description,
  timezone: account.timezone,
  transactionErrorWebhookUrl: account.transactionErrorWebhookUrl ?? null,
  includeWarnings: account.includeWarnings ?? null,
  maxConcurrency: account.maxConcurrency ?? null,
  createdDate: new Date(account.createdAt).toISOString(),
})

async function accountOf({ registry }: Services, id: string | undefined): Promise<Account> {
  const account = await registry.accounts.find(id ?? '')
  if (account === undefined) throw new ApiError('account_not_found', 'There is no such account.')
  return account
}

const idParam = { id: 'API id or GUID of the account.' }

export const accountRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the accounts, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The accounts.', schemas.account) },
    handler: async ({ registry }, { query }) => paged(await registry.accounts.list(query), query, accountView),
  }),
  partnerRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes an account',
    query: noQuery,
    body: z.object({
      id: apiId.nullish().describe('API id; the GUID where it is left out.'),
      name,
      description: description.nullish(),
      timezone: timezone.nullish().describe('IANA time zone; UTC where it is left out.'),
      ...errorWebhook,
      maxConcurrency,
    }),
    answers: { 201: { description: 'The account.', schema: schemas.account, headers: { Location: 'Its address.' } } },
    errors: ['id_taken'],
    handler: async ({ registry }, { body }) => {
      const id = asAccountId(randomUUID())
      const account: Account = {
        id,
        apiId: body.id ?? id,
        name: body.name,
        description: body.description ?? '',
        timezone: body.timezone ?? 'UTC',
        createdAt: Date.now(),
        userId: randomUUID(),
        ...(body.transactionErrorWebhookUrl === undefined || body.transactionErrorWebhookUrl === null
          ? {}
          : { transactionErrorWebhookUrl: body.transactionErrorWebhookUrl }),
        ...(body.includeWarnings === undefined || body.includeWarnings === null ? {} : { includeWarnings: body.includeWarnings }),
        ...(body.maxConcurrency === undefined || body.maxConcurrency === null ? {} : { maxConcurrency: body.maxConcurrency }),
      }
      if ((await registry.accounts.create(account)) === 'taken') throw new ApiError('id_taken', 'ID already in use')
      return { status: 201, body: accountView(account), headers: { Location: `${path}/${encodeURIComponent(account.apiId)}` } }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows an account',
    params: idParam,
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The account.', schema: schemas.account } },
    errors: ['account_not_found'],
    handler: async (services, { params }) => ({ status: 200, body: accountView(await accountOf(services, params.id)) }),
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Changes an account',
    description:
      "What is left out stays as it is; where null takes an error webhook away, the partner's counts. A limit counts from now on. The API id cannot be changed.",
    params: idParam,
    query: noQuery,
    body: z.object({
      id: apiId.optional(),
      name: name.optional(),
      description: description.nullish(),
      timezone: timezone.nullish(),
      ...errorWebhook,
      maxConcurrency,
    }),
    answers: { 200: { description: 'The account.', schema: schemas.account } },
    errors: ['account_not_found'],
    handler: async (services, { params, body }) => {
      const account = await accountOf(services, params.id)
      if (body.id !== undefined && body.id !== account.apiId) {
        throw new ApiError('request_invalid', 'The request is not right.', [{ path: 'Id', message: 'cannot be changed' }])
      }
      if (body.maxConcurrency !== undefined) await services.inbox.limitAccount(account.id, body.maxConcurrency ?? undefined)
      const changed = await services.registry.accounts.update(account.id, {
        ...(body.name === undefined ? {} : { name: body.name }),
        ...(body.description === undefined ? {} : { description: body.description ?? '' }),
        ...(body.timezone === undefined || body.timezone === null ? {} : { timezone: body.timezone }),
        ...(body.transactionErrorWebhookUrl === undefined ? {} : { transactionErrorWebhookUrl: body.transactionErrorWebhookUrl }),
        ...(body.includeWarnings === undefined ? {} : { includeWarnings: body.includeWarnings }),
      })
      if (changed === undefined) throw new ApiError('account_not_found', 'There is no such account.')
      return { status: 200, body: accountView(changed) }
    },
  }),
  partnerRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Deletes an account with its cycles',
    description: 'Its webhooks answer 404 at once; all transactions are stopped and removed.',
    params: idParam,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['account_not_found', 'account_in_use'],
    handler: async (services, { params }) => {
      await deleteAccount(services, await accountOf(services, params.id))
      return { status: 204 }
    },
  }),
]

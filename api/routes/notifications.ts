/** The delivery log of notifications (marketplace.md 2). */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import type { LoggedNotification } from '../../storage/notifications.ts'
import { noBody, noQuery, partnerRoute, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { guidOf, newestFirstQuery } from './lists.ts'

const TAG = 'Notifications'
const path = '/v1.0/notifications'
const params = { id: 'GUID of the notification, as its receiver gets it in webhook-id.' }

const view = ({ registry: _registry, temporal }: Services, { account, cycle, installation, marketplaceId, tries, createdAt, ...rest }: LoggedNotification) => ({
  ...rest,
  accountId: account,
  cycleId: cycle ?? null,
  packageId: installation === undefined ? null : Number(installation.package),
  marketplaceId: marketplaceId === undefined ? null : Number(marketplaceId),
  createdOnUtc: new Date(createdAt).toISOString(),
  tries: tries.map(({ at, durationMs, status, answer, error }) => ({
    time: new Date(at).toISOString(),
    status: status ?? null,
    duration: durationMs,
    answer: answer ?? null,
    error: error ?? null,
  })),
  temporalUrl: temporal.notificationUrl({ id: rest.id, ...(installation === undefined ? {} : { installation }) }),
})

async function notificationOf({ registry }: Services, id: string | undefined): Promise<LoggedNotification> {
  const guid = guidOf(id)
  const found = guid === undefined ? undefined : await registry.notifications.get(guid)
  if (found === undefined) throw new ApiError('notification_not_found', 'There is no such notification; they are kept for 31 days.')
  return found
}

export const notificationRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the notifications, the newest first',
    description: 'With every try of each. They are kept for 31 days, the latest 100,000 of them.',
    query: newestFirstQuery.omit({ before: true }).extend({ status: schemas.notificationStatus.optional() }),
    body: noBody,
    answers: { 200: { description: 'The notifications.', schema: z.array(schemas.notification) } },
    handler: async (services, { query }) => {
      const { status, after, pageSize } = query
      const found = await services.registry.notifications.list({
        limit: pageSize,
        ...(status === undefined ? {} : { status }),
        ...(after === undefined ? {} : { after: guidOf(after) ?? after }),
      })
      if (found === 'unknown') throw new ApiError('request_invalid', 'The query is not right.', [{ path: 'after', message: 'is no notification' }])
      return { status: 200, body: found.map(one => view(services, one)) }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows a notification with its tries and what is sent',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The notification.', schema: schemas.notificationDetails } },
    errors: ['notification_not_found'],
    handler: async (services, call) => ({ status: 200, body: view(services, await notificationOf(services, call.params.id)) }),
  }),
  partnerRoute({
    method: 'POST',
    path: `${path}/{id}/replay`,
    tag: TAG,
    summary: 'Sends a notification again',
    description: 'To the same URL under the same id, whatever became of it before; its schedule begins anew. One that is Pending is tried at once.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 202: { description: 'It is about to be sent.', schema: schemas.notificationDetails } },
    errors: ['notification_not_found'],
    handler: async (services, call) => {
      const found = await notificationOf(services, call.params.id)
      await services.registry.notifications.sendAgain(found)
      return { status: 202, body: view(services, { ...found, status: 'Pending' }) }
    },
  }),
]

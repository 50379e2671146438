/** Marketplaces: their settings and cards (marketplace.md 1). */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import type { Marketplace } from '../../storage/marketplace.ts'
import type { Versioned } from '../../storage/records.ts'
import { allOf } from '../../storage/pages.ts'
import { cardsInput, cardView, readCards } from '../marketplaces/cards.ts'
import { findMarketplace } from '../marketplaces/find.ts'
import { newSecret, rotated } from '../marketplaces/secrets.ts'
import { noBody, noQuery, partnerRoute, type AnswerSpec, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import type { Services } from '../services.ts'
import { embeddingOrigin, origin, unlessRecord } from './fields.ts'
import { paged, pagedAnswer, pageQuery } from './lists.ts'
import { ownText, receiverUrl } from './settings.ts'

const TAG = 'Marketplaces'
const path = '/v1.0/marketplaces'
const params = { id: 'Id of the marketplace.' }
const theMarketplace: AnswerSpec = { description: 'The marketplace.', schema: schemas.marketplace }

const name = z.string().trim().min(1).max(200)
/** Left out it stays as it is; null puts it back. */
const cleared = <T extends z.ZodType>(of: T, none: z.output<T>) => of.nullish().transform(value => (value === null ? none : value))

const fields = {
  notificationUrl: receiverUrl.nullish().describe('Where installed, uninstalled, started and stopped are told; null: nowhere.'),
  embeddingOrigins: cleared(z.array(embeddingOrigin).max(100), []).describe('Where its pages may be embedded; null: nowhere.'),
  returnOrigins: cleared(z.array(origin).max(100), []).describe('Where the ReturnUrl of a deploy call may lead; null: nowhere.'),
  launchCompleteHtml: cleared(ownText, '').describe('The complete page, HTML of yours; empty or null: the default page.'),
  css: cleared(ownText, '').describe('CSS of yours for the pages.'),
  cards: cardsInput.optional().describe('What is shown, in this order; packages that stand in none follow behind.'),
}
const changes = z.object({ name: name.optional(), ...fields })

/** `secret`: only where it is new. */
function view({ id, value }: Versioned<Marketplace>, secret?: string) {
  return {
    id: Number(id),
    name: value.name,
    notificationUrl: value.notificationUrl ?? null,
    embeddingOrigins: value.embeddingOrigins,
    returnOrigins: value.returnOrigins,
    launchCompleteHtml: value.launchCompleteHtml,
    css: value.css,
    cards: value.cards.map(cardView),
    secret,
  }
}

/** A marketplace with what was sent put in; what is left out stays. Throws `request_invalid`. */
async function changed(services: Services, id: string | undefined, before: Marketplace, sent: z.output<typeof changes>): Promise<Marketplace> {
  const { notificationUrl: url, cards: sentCards, ...rest } = sent
  const own = id === undefined || sentCards === undefined ? [] : await allOf(page => services.registry.packages.listOf(id, page))
  const read = sentCards === undefined ? { cards: before.cards, problems: [] } : readCards(sentCards, new Set(own.map(one => one.id)))
  if (read.problems.length > 0) throw new ApiError('request_invalid', 'The request is not right.', read.problems)
  const { notificationUrl: urlBefore, ...kept } = before
  const nextUrl = url === undefined ? urlBefore : (url ?? undefined)
  return {
    name: rest.name ?? kept.name,
    ...(nextUrl === undefined ? {} : { notificationUrl: nextUrl }),
    embeddingOrigins: rest.embeddingOrigins ?? kept.embeddingOrigins,
    returnOrigins: rest.returnOrigins ?? kept.returnOrigins,
    launchCompleteHtml: rest.launchCompleteHtml ?? kept.launchCompleteHtml,
    css: rest.css ?? kept.css,
    cards: read.cards,
    secrets: kept.secrets,
  }
}

async function replace(services: Services, { id, version }: Versioned<Marketplace>, value: Marketplace): Promise<Versioned<Marketplace>> {
  unlessRecord(await services.registry.marketplaces.replace(id, value, version), 'marketplace_not_found', 'marketplace')
  return findMarketplace(services, id)
}

export const marketplaceRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: 'Lists the marketplaces, the oldest first',
    query: pageQuery,
    body: noBody,
    answers: { 200: pagedAnswer('The marketplaces.', schemas.marketplace) },
    handler: async ({ registry }, { query }) => paged(await registry.marketplaces.list(query), query, one => view(one)),
  }),
  partnerRoute({
    method: 'POST',
    path,
    tag: TAG,
    summary: 'Makes a marketplace',
    description: 'Its Secret, which signs notifications, is shown now and never again.',
    query: noQuery,
    body: z.object({ name, ...fields }),
    answers: { 201: { ...theMarketplace, headers: { Location: 'Its address.' } } },
    handler: async (services, { body }) => {
      const secret = newSecret()
      const empty = { name: '', embeddingOrigins: [], returnOrigins: [], launchCompleteHtml: '', css: '', cards: [] }
      const value = await changed(services, undefined, { ...empty, secrets: [{ sealed: services.sealer.seal(secret) }] }, body)
      const id = await services.registry.marketplaces.nextId()
      await services.registry.marketplaces.create(id, value)
      return { status: 201, body: view(await findMarketplace(services, id), secret), headers: { Location: `${path}/${id}` } }
    },
  }),
  partnerRoute({
    method: 'GET',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Shows a marketplace',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theMarketplace },
    errors: ['marketplace_not_found'],
    handler: async (services, call) => ({ status: 200, body: view(await findMarketplace(services, call.params.id)) }),
  }),
  partnerRoute({
    method: 'PUT',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Changes a marketplace',
    description: 'What is left out stays as it is; null takes the NotificationUrl away.',
    params,
    query: noQuery,
    body: changes,
    answers: { 200: theMarketplace },
    errors: ['marketplace_not_found', 'record_changed'],
    handler: async (services, call) => {
      const there = await findMarketplace(services, call.params.id)
      return { status: 200, body: view(await replace(services, there, await changed(services, there.id, there.value, call.body))) }
    },
  }),
  partnerRoute({
    method: 'DELETE',
    path: `${path}/{id}`,
    tag: TAG,
    summary: 'Deletes a marketplace',
    description: 'Not while it has integration packages.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 204: { description: 'It is gone.' } },
    errors: ['marketplace_not_found', 'marketplace_in_use'],
    handler: async (services, call) => {
      const { id } = await findMarketplace(services, call.params.id)
      const { total } = await services.registry.packages.listOf(id, { page: 1, pageSize: 1 })
      if (total > 0) throw new ApiError('marketplace_in_use', `The marketplace has ${total} integration packages: delete them first.`)
      await services.registry.marketplaces.remove(id)
      return { status: 204 }
    },
  }),
  partnerRoute({
    method: 'POST',
    path: `${path}/{id}/secret`,
    tag: TAG,
    summary: "Rotates a marketplace's secret",
    description: 'The new one is shown now and never again. For 24 hours notifications are signed with the old one too.',
    params,
    query: noQuery,
    body: noBody,
    answers: { 200: theMarketplace },
    errors: ['marketplace_not_found', 'record_changed'],
    handler: async (services, call) => {
      const there = await findMarketplace(services, call.params.id)
      const secret = newSecret()
      const secrets = rotated(there.value.secrets, services.sealer.seal(secret), Date.now())
      return { status: 200, body: view(await replace(services, there, { ...there.value, secrets }), secret) }
    },
  }),
]

/** Deploy calls: the partner's product sends a user to a marketplace or to LAUNCH (marketplace.md 3). */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { flag, integer, shared, text } from '../deploy/fields.ts'
import { linkTo } from '../deploy/visit.ts'
import { findMarketplace } from '../marketplaces/find.ts'
import { noQuery, partnerRoute, type Route } from '../route.ts'
import { isHttpUrl } from './fields.ts'

const TAG = 'Deploy calls'
const params = { id: 'API id of the account. An unknown one is made.' }

const link = { accountId: z.string().describe('API id.'), expiresAtUtc: z.string().meta({ format: 'date-time' }) }
const url = z.string().meta({ format: 'uri' }).describe('Works once, for 5 minutes.')
const token = z.string().describe('As in the URL.')

const returnUrl = z
  .string()
  .trim()
  .max(4_000)
  .refine(value => value === '' || isHttpUrl(value), 'must be an http or https URL without user name and password')
  .nullish()
  .describe("Where the complete page leads, with the result in the fragment; on one of the marketplace's ReturnOrigins.")

export const deployRoutes: readonly Route[] = [
  partnerRoute({
    method: 'POST',
    path: '/v1.0/accounts/{id}/marketplace',
    tag: TAG,
    summary: "Makes a link to a marketplace for an account's user",
    params,
    query: noQuery,
    body: z.object({ marketplaceId: integer, ...shared, returnUrl }),
    answers: { 200: { description: 'The link.', schema: z.object({ ...link, marketplaceUrl: url, token }) } },
    errors: ['marketplace_not_found', 'account_in_use'],
    handler: async (services, { params: { id }, body }) => {
      const marketplace = await findMarketplace(services, body.marketplaceId)
      const back = body.returnUrl === undefined || body.returnUrl === null || body.returnUrl === '' ? undefined : body.returnUrl
      if (back !== undefined && !marketplace.value.returnOrigins.includes(new URL(back).origin))
        throw new ApiError('request_invalid', 'The request is not right.', [
          {
            path: 'ReturnUrl',
            message: `is not on one of the ReturnOrigins of the marketplace: ${marketplace.value.returnOrigins.join(', ') || 'it has none'}`,
          },
        ])
      const visit = { page: 'marketplace', marketplaceId: marketplace.id, ...(back === undefined ? {} : { returnUrl: back }) } as const
      const { url: marketplaceUrl, ...made } = await linkTo(services, id, body, visit)
      return { status: 200, body: { ...made, marketplaceUrl } }
    },
  }),
  partnerRoute({
    method: 'POST',
    path: '/v1.0/accounts/{id}/launch',
    tag: TAG,
    summary: "Makes a link to LAUNCH for an account's user",
    params,
    query: noQuery,
    body: z.object({
      ...shared,
      start: flag(true),
      runOnce: flag(false),
      tags: z
        .union([z.array(text(100)).max(100), text(100)], 'must be a list of tags')
        .nullish()
        .describe('Only templates with one of these.'),
      autoInstall: flag(true),
      singleInstall: flag(false),
      wizard: flag(false),
      displayDescriptions: flag(false),
    }),
    bodyKind: 'optional',
    answers: { 200: { description: 'The link.', schema: z.object({ ...link, launchUrl: url, token }) } },
    errors: ['account_in_use'],
    handler: async (services, { params: { id }, body }) => {
      const { start, runOnce, autoInstall, singleInstall, wizard, displayDescriptions } = body
      const tags = [body.tags ?? []].flat().filter(tag => tag !== '')
      const visit = { page: 'launch', start, runOnce, tags, autoInstall, singleInstall, wizard, displayDescriptions } as const
      const { url: launchUrl, ...made } = await linkTo(services, id, body, visit)
      return { status: 200, body: { ...made, launchUrl } }
    },
  }),
]

/** The partner's settings, and what of them an account may have of its own (cycles.md 5). */
import { z } from 'zod'
import type { PartnerSettings } from '../../storage/registry.ts'
import { noBody, noQuery, partnerRoute, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'
import { embeddingOrigin, isHttpUrl } from './fields.ts'

const TAG = 'Settings'
const path = '/v1.0/settings'

/** Where something of the partner's or an account's is told; an empty text takes it away, as null does. */
export const receiverUrl = z
  .string()
  .trim()
  .max(2_000)
  .refine(text => text === '' || isHttpUrl(text), 'must be an http or https URL without user name and password')
  .transform(text => (text === '' ? null : text))

/** HTML or CSS of the partner's own. */
export const ownText = z.string().max(131_072)

/** A header's value. */
const userAgent = z
  .string()
  .trim()
  .regex(/^[ -~]{0,255}$/, 'must be at most 255 printable ASCII characters')
  .transform(text => (text === '' ? null : text))

const view = (settings: PartnerSettings) => ({ ...settings, transactionErrorWebhookUrl: settings.transactionErrorWebhookUrl ?? null })

export const settingsRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path,
    tag: TAG,
    summary: "Shows the partner's settings",
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'The settings.', schema: schemas.settings } },
    handler: async ({ registry }) => ({ status: 200, body: view(await registry.settings.get()) }),
  }),
  partnerRoute({
    method: 'PUT',
    path,
    tag: TAG,
    summary: "Changes the partner's settings",
    description: 'What is left out stays as it is, null puts it back to its default.',
    query: noQuery,
    body: z.object({
      transactionErrorWebhookUrl: receiverUrl.nullish().describe('Where each incident is sent; an account may have its own.'),
      includeWarnings: z.boolean().nullish().describe('Whether warnings are sent as well.'),
      userAgent: userAgent.nullish().describe('User-Agent of what is sent.'),
      launchCompleteHtml: ownText.nullish().describe('The complete page of LAUNCH, HTML of yours; empty: the default page.'),
      css: ownText.nullish().describe('CSS of yours for the pages of LAUNCH.'),
      embeddingOrigins: z.array(embeddingOrigin).max(100).nullish().describe('Where LAUNCH may be embedded, beside the TargetOrigin of the deploy call.'),
    }),
    answers: { 200: { description: 'The settings.', schema: schemas.settings } },
    handler: async ({ registry }, { body }) => ({ status: 200, body: view(await registry.settings.update(body)) }),
  }),
]

/** Users who give access (connectors.md 2): where they are sent, and where applications send them back to. */
import { z } from 'zod'
import { ApiError, StepError, stepErrors, StorageUnavailable } from '../../domain/errors.ts'
import type { AccountId } from '../../domain/ids.ts'
import { returningBrowser } from '../pages/authorize/cookies.ts'
import { outcomePage } from '../pages/authorize/pages.tsx'
import { redirect } from '../pages/page.ts'
import { accountRoute, noBody, noQuery, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { guidOf } from './lists.ts'

const TAG = 'Account connectors'

const HTML = 'text/html; charset=utf-8'

const authorization = z.object({
  authorizeUrl: z.string().meta({ format: 'uri' }).describe("Where a user of the account gives access: the application's own page."),
  expiresAtUtc: z.string().meta({ format: 'date-time' }).describe('It works once, until then.'),
})

/** Throws `account_connector_not_found`, and `authentication_failed` where it is not of the authorisation code grant, or not complete. */
async function begin({ oauth }: Pick<Services, 'oauth'>, account: AccountId, id: string | undefined): Promise<z.output<typeof authorization>> {
  const guid = guidOf(id)
  try {
    const begun = guid === undefined ? undefined : await oauth.begin(account, guid)
    if (begun === undefined) throw new ApiError('account_connector_not_found', 'The account has no such connector.')
    return { authorizeUrl: begun.url, expiresAtUtc: new Date(begun.expiresAt).toISOString() }
  } catch (error) {
    if (error instanceof StepError) throw new ApiError('authentication_failed', `${stepErrors.notAuthenticated.message}: ${error.detail}`)
    throw error
  }
}

export const oauthAuthorizationRoutes: readonly Route[] = [
  accountRoute({
    method: 'POST',
    path: '/v1.0/account/connectors/{id}/authorize',
    tag: TAG,
    summary: 'Makes a URL where a user gives access',
    description: 'For OAuth 2.0 with the grant authorizationCode: the first time, and when access was lost. What it has goes on until then.',
    params: { id: 'GUID of the account connector.' },
    query: noQuery,
    body: noBody,
    answers: { 200: { description: 'Where to send the user.', schema: authorization } },
    errors: ['account_connector_not_found', 'authentication_failed'],
    handler: async (services, { account, params }) => ({ status: 200, body: await begin(services, account.id, params.id) }),
  }),
  {
    level: 'public',
    method: 'GET',
    path: '/oauth/callback',
    tag: TAG,
    summary: 'Where an application sends a user back to',
    description: 'For browsers: the redirect URI of the authorisation code grant, with `state` and `code`, or `error`. Each state works once, for 10 minutes.',
    // All that comes is read by the grant: what stands there twice, or is of no use, is answered with a page as well.
    query: noQuery,
    body: noBody,
    answers: {
      200: { description: 'The account connector is authenticated.', type: HTML },
      303: { description: 'It is authenticated: back to the page where the user began, in this window.', headers: { Location: 'That page.' } },
      400: { description: 'The state is unknown, used or over.', type: HTML },
      403: { description: 'The user or the application refused.', type: HTML },
      404: { description: 'The account connector was deleted.', type: HTML },
      502: { description: "The application's token server does not answer.", type: HTML },
      503: { description: 'The storage does not answer.', type: HTML },
    },
    run: async ({ oauth, settings: { publicUrl } }, { query, headers, head }) => {
      // Who only looks whether the page is there does not use the state up.
      if (head) return { status: 204, headers: { 'Cache-Control': 'no-store' } }
      try {
        const came = await oauth.finish(query, returningBrowser(headers))
        const here = came.kind === 'done' && came.back?.popup === false
        return here ? redirect(`${publicUrl}${came.back.path}`) : outcomePage(publicUrl, came)
      } catch (error) {
        if (error instanceof StorageUnavailable) return outcomePage(publicUrl, { kind: 'unavailable' })
        throw error
      }
    },
  },
]

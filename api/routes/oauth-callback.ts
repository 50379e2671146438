/** Where applications send users back to (connectors.md 2). */
import type { Authorized } from '../../activities/connectors/oauth/authorization.ts'
import { StorageUnavailable } from '../../domain/errors.ts'
import { plainPage, type PlainPage } from '../pages/plain.ts'
import { noBody, noQuery, type Route } from '../route.ts'

const HTML = 'text/html; charset=utf-8'

const pageOf = (came: Authorized): PlainPage => {
  switch (came.kind) {
    case 'done':
      return { status: 200, title: 'Connected', lines: [`${came.connector} is connected as ${came.accountConnector}.`, 'You may close this window.'] }
    case 'expired':
      return {
        status: 400,
        title: 'This link has expired',
        lines: ['It works once, for ten minutes, in the browser where you began. Nothing was changed.', 'Go back and connect the application again.'],
      }
    case 'gone':
      return { status: 404, title: 'Not connected', lines: ['What you were about to connect was removed meanwhile.'] }
    case 'refused':
      return {
        status: 403,
        title: 'Not connected',
        lines: [`${came.connector} did not give access: ${came.reason}`, 'Nothing was changed. You may go back and try again.'],
      }
    case 'down':
      return {
        status: 502,
        title: 'Not connected',
        lines: [`${came.connector} does not answer at the moment: ${came.reason}`, 'Nothing was changed. Go back and try again in a few minutes.'],
      }
  }
}

const DOWN: PlainPage = { status: 503, title: 'Not connected', lines: ['We cannot store this at the moment. Go back and try again in a few minutes.'] }

export const oauthCallbackRoutes: readonly Route[] = [
  {
    level: 'public',
    method: 'GET',
    path: '/oauth/callback',
    tag: 'Account connectors',
    summary: 'Where an application sends a user back to',
    description: 'For browsers: the redirect URI of the authorisation code grant, with `state` and `code`, or `error`. Each state works once, for 10 minutes.',
    // All that comes is read by the grant: what stands there twice, or is of no use, is answered with a page as well.
    query: noQuery,
    body: noBody,
    answers: {
      200: { description: 'The account connector is authenticated.', type: HTML },
      400: { description: 'The state is unknown, used or over.', type: HTML },
      403: { description: 'The user or the application refused.', type: HTML },
      404: { description: 'The account connector was deleted.', type: HTML },
      502: { description: "The application's token server does not answer.", type: HTML },
      503: { description: 'The storage does not answer.', type: HTML },
    },
    run: async ({ oauth }, { query }) => {
      try {
        return plainPage(pageOf(await oauth.finish(query)))
      } catch (error) {
        if (error instanceof StorageUnavailable) return plainPage(DOWN)
        throw error
      }
    },
  },
]

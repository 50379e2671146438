/** The link of a deploy call: it lets one browser in (marketplace.md 3). */
import { z } from 'zod'
import { applyAuthentications } from '../deploy/authenticate.ts'
import { prefixOf } from '../pages/prefix.ts'
import { expiredPage } from '../pages/problem.tsx'
import { framesOf, openSession } from '../pages/session.ts'
import { noBody, publicRoute, type Route } from '../route.ts'

const TAG = 'Pages'
const gone = { type: 'text/html', description: 'A page that says that the link has expired.' }

/** Only into these pages, whatever was asked for. */
export function ownPage(publicUrl: string, wanted: string | undefined, otherwise: string): string {
  const own = new URL(publicUrl)
  const prefix = prefixOf(publicUrl)
  const fallback = `${publicUrl}${otherwise}`
  if (wanted === undefined || !wanted.startsWith('/') || !URL.canParse(wanted, own.origin)) return fallback
  const { origin, pathname, search, hash } = new URL(wanted, own.origin)
  const within = pathname.startsWith(`${prefix}/account/`) ? pathname.slice(prefix.length) : pathname
  return origin === own.origin && /^\/account\/(marketplace|launch)(\/|$)/.test(within) ? `${publicUrl}${within}${search}${hash}` : fallback
}

export const signInRoutes: readonly Route[] = [
  publicRoute({
    method: 'GET',
    path: '/account/signinwithtoken',
    tag: TAG,
    summary: 'Lets a browser in, once',
    query: z.object({ token: z.string().optional().describe('Of a deploy call.'), returnUrl: z.string().optional().describe('One of these pages.') }),
    body: noBody,
    answers: { 303: { description: 'To the page, with a session.', headers: { Location: 'The page.', 'Set-Cookie': 'The session.' } }, 401: gone },
    handler: async (services, { query: { token, returnUrl }, head }) => {
      // Who only looks whether the link is there does not use it up.
      if (head) return { status: 204, headers: { 'Cache-Control': 'no-store' } }
      const visit = token === undefined ? undefined : await services.registry.signIns.take(token)
      const account = visit === undefined ? undefined : await services.registry.accounts.get(visit.account)
      if (visit === undefined || account === undefined) {
        await services.guard.check()
        return expiredPage(services.settings.publicUrl)
      }
      await applyAuthentications(services, account, visit)
      // They were applied: nothing needs the credentials any more.
      const { connectorAuthentications: _applied, ...kept } = visit
      const cookie = await openSession(services, kept, (await framesOf(services, visit)).length > 0)
      const location = ownPage(services.settings.publicUrl, returnUrl, `/account/${visit.to.page}`)
      return { status: 303, headers: { Location: location, 'Set-Cookie': cookie, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' } }
    },
  }),
]

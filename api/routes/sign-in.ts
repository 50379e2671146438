/** The link of a deploy call, and the pages that it leads to (marketplace.md 3, 4). */
import { z } from 'zod'
import { applyAuthentications } from '../deploy/authenticate.ts'
import { plainPage } from '../pages/plain.ts'
import { framesOf, openSession, sessionOf, type Session } from '../pages/session.ts'
import { noBody, noQuery, publicRoute, type Answer, type Route } from '../route.ts'
import type { Services } from '../services.ts'

const TAG = 'Pages'
const page = { type: 'text/html', description: 'The page.' }
const gone = { type: 'text/html', description: 'A page that says that the link has expired, or the session has ended.' }

/** It tells nothing, so it may be shown in any frame: where the link was opened in one, the user sees why. */
const expired = (): Answer =>
  plainPage({
    status: 401,
    title: 'This link has expired',
    lines: ['A link works once, for 5 minutes. Go back to where you came from and open it again.'],
    frames: ['*'],
  })

const ended = (): Answer =>
  plainPage({ status: 401, title: 'Your session has ended', lines: ['Go back to where you came from and open the page again.'], frames: ['*'] })

/** Only into these pages, whatever was asked for. */
export function ownPage(publicUrl: string, wanted: string | undefined, otherwise: string): string {
  const own = new URL(publicUrl)
  const prefix = own.pathname.replace(/\/$/, '')
  const fallback = `${publicUrl}${otherwise}`
  if (wanted === undefined || !wanted.startsWith('/') || !URL.canParse(wanted, own.origin)) return fallback
  const { origin, pathname, search, hash } = new URL(wanted, own.origin)
  const within = pathname.startsWith(`${prefix}/account/`) ? pathname.slice(prefix.length) : pathname
  return origin === own.origin && /^\/account\/(marketplace|launch)(\/|$)/.test(within) ? `${publicUrl}${within}${search}${hash}` : fallback
}

/** Until it is made, what there is to be seen: the name of the marketplace and of its packages. */
async function marketplacePage({ registry }: Services, { account, visit }: Session): Promise<Answer> {
  const frames = await framesOf({ registry }, visit)
  if (visit.to.page === 'launch') return plainPage({ status: 200, title: account.name, lines: [], frames })
  const marketplace = await registry.marketplaces.get(visit.to.marketplaceId)
  if (marketplace === undefined) return ended()
  const { items } = await registry.packages.listOf(marketplace.id, { page: 1, pageSize: 500 })
  return plainPage({ status: 200, title: marketplace.value.name, lines: [account.name, ...items.map(({ value }) => value.name)], frames })
}

const pageRoute = (name: 'marketplace' | 'launch', summary: string): Route =>
  publicRoute({
    method: 'GET',
    path: `/account/${name}`,
    tag: TAG,
    summary,
    query: noQuery,
    body: noBody,
    answers: { 200: page, 401: gone },
    handler: async (services, { headers }) => {
      const session = await sessionOf(services, headers)
      if (session !== undefined && session.visit.to.page === name) return marketplacePage(services, session)
      await services.guard.check()
      return ended()
    },
  })

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
        return expired()
      }
      await applyAuthentications(services, account, visit)
      // They were applied: nothing needs the credentials any more.
      const { connectorAuthentications: _applied, ...kept } = visit
      const cookie = await openSession(services, kept, (await framesOf(services, visit)).length > 0)
      const location = ownPage(services.settings.publicUrl, returnUrl, `/account/${visit.to.page}`)
      return { status: 303, headers: { Location: location, 'Set-Cookie': cookie, 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer' } }
    },
  }),
  pageRoute('marketplace', 'Shows the marketplace of a session'),
  pageRoute('launch', 'Shows LAUNCH to a session'),
]

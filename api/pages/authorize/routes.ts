/** Where a link of our pages leads, and on to the application (connectors.md 2). */
import { z } from 'zod'
import { noBody, noQuery, type Answer, type RawCall, type Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { checkForm, FORM_FIELD, formToken } from '../form-guard.ts'
import { HTML, redirect } from '../page.ts'
import { sessionOf } from '../session.ts'
import { bareView } from '../view.ts'
import { askedBrowser, askedCookie, newBrowser, returningCookie, returningOf } from './cookies.ts'
import { askPage, outcomePage } from './pages.tsx'
import { leave, openTicket, type OpenTicket } from './ticket.ts'

const path = '/account/authorize'
const answers = {
  303: { description: "To the application's own page.", headers: { Location: 'That page.', 'Set-Cookie': 'Lets this browser alone back in.' } },
  400: { ...HTML, description: 'A page that says that the link has expired.' },
  403: { ...HTML, description: 'A page that says that the user cannot be sent there, or that the form came from elsewhere.' },
  404: { ...HTML, description: 'A page that says that what was to be connected was deleted.' },
}

/** Id of a session of that account which this browser has. */
async function ownSession(services: Services, { account }: OpenTicket, headers: RawCall['headers']): Promise<string | undefined> {
  const sessions = await Promise.all([sessionOf(services, 'marketplace', headers), sessionOf(services, 'launch', headers)])
  return sessions.find(session => session?.account.id === account.id)?.id
}

/** `secret`: what only this browser has. `popup`: there is a page behind this window. */
async function go(services: Services, open: OpenTicket, secret: string, popup: boolean, headers: RawCall['headers']): Promise<Answer> {
  const { publicUrl } = services.settings
  const back = { path: open.ticket.back, popup }
  const connector = open.connector.value.name
  const browser = returningOf(secret)
  const url = await leave(services, open, browser, back)
  if (url === undefined) return outcomePage(publicUrl, { kind: 'gone', back })
  if (typeof url === 'string') return outcomePage(publicUrl, { kind: 'refused', connector, reason: url, back })
  const to = redirect(url.href)
  return { ...to, headers: { ...to.headers, 'Referrer-Policy': 'no-referrer', 'Set-Cookie': returningCookie(publicUrl, browser, headers) } }
}

/** Of one whose window is opened again after it was done. */
function connected({ settings: { publicUrl } }: Services, { ticket, connector, accountConnector }: OpenTicket, popup: boolean): Answer | undefined {
  if (accountConnector?.value.status !== 'Authenticated') return undefined
  if (!popup) return redirect(`${publicUrl}${ticket.back}`)
  return outcomePage(publicUrl, {
    kind: 'done',
    connector: connector.value.name,
    accountConnector: accountConnector.value.name,
    back: { path: ticket.back, popup },
  })
}

export const authorizeRoutes: readonly Route[] = [
  {
    level: 'public',
    method: 'GET',
    path,
    tag: 'Pages',
    summary: 'Sends a user to an application, to give access',
    description:
      'A link of our pages, which may open a window without the cookie of their session. Such a window is asked first whether to go on, so that a link that somebody else sent takes nobody’s access.',
    query: noQuery,
    body: noBody,
    answers: { 200: { ...HTML, description: 'A page that asks whether to go on.' }, ...answers },
    run: async (services, { query, headers, head }) => {
      if (head) return { status: 204, headers: { 'Cache-Control': 'no-store' } }
      const { publicUrl } = services.settings
      const ticket = query.get('ticket') ?? ''
      const inWindow = query.get('popup') === '1'
      const open = await openTicket(services, ticket)
      if (typeof open === 'string') return outcomePage(publicUrl, { kind: open, ...(inWindow ? { back: { path: '', popup: true } } : {}) })
      const session = await ownSession(services, open, headers)
      // A page that is in a frame is not to be gone back to here: its session is there alone.
      const popup = inWindow || session === undefined
      const done = connected(services, open, popup)
      if (done !== undefined) return done
      if (session !== undefined) return go(services, open, session, popup, headers)
      const browser = askedBrowser(headers) ?? newBrowser()
      const view = { ...bareView(publicUrl, []), token: formToken({ id: browser }) }
      return askPage(view, ticket, open, { 'Set-Cookie': askedCookie(publicUrl, browser) })
    },
  },
  {
    level: 'public',
    method: 'POST',
    path,
    tag: 'Pages',
    summary: 'Sends a user to an application who has said yes',
    query: noQuery,
    body: z.object({ [FORM_FIELD]: z.string().describe('Of the page that asked.'), ticket: z.string().describe('Of the link.') }),
    bodyKind: 'fields',
    bodyMax: 4_096,
    answers,
    run: async (services, { body, headers }) => {
      const { publicUrl } = services.settings
      const fields = body?.form === 'fields' ? body.fields : new URLSearchParams()
      // Another site may send this form, but knows no text that belongs to a cookie of ours.
      const browser = askedBrowser(headers) ?? newBrowser()
      checkForm({ id: browser }, { headers, fields }, publicUrl)
      const open = await openTicket(services, fields.get('ticket') ?? '')
      if (typeof open === 'string') return outcomePage(publicUrl, { kind: open, back: { path: '', popup: true } })
      return connected(services, open, true) ?? (await go(services, open, browser, true, headers))
    },
  },
]

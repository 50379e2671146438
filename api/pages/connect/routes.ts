/** The connect step of both flows (marketplace.md 4): what is asked, and what was answered. */
import { z } from 'zod'
import type { Answer, Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { goOn } from '../flow/install.ts'
import { saveDraft, type Draft } from '../flow/draft.ts'
import { BASES } from '../flow/paths.ts'
import { nextStep } from '../flow/steps.ts'
import { findSubject, type Subject } from '../flow/subject.ts'
import { HTML, jsonAnswer, pageRoute, SEE_OTHER, seeOther, wantsJson, type PageCall } from '../page.ts'
import { authorizePath } from '../authorize/ticket.ts'
import { messagePage } from '../problem.tsx'
import type { PageKind, Session } from '../session.ts'
import { texts } from '../texts.ts'
import { connectState, isConnected, type Asked } from './asked.ts'
import { connectedPage, connectPage } from './page.tsx'
import { answered } from './answered.ts'

async function show(services: Services, call: PageCall<PageKind>): Promise<Answer> {
  const { session, view, query, params } = call
  const subject = await findSubject(services, session, params.id)
  const waitsFor = query.get('account')
  if (waitsFor !== null && wantsJson(call)) return jsonAnswer({ connected: await isConnected(services, session.account, waitsFor) })
  const state = await connectState(services, session, subject, query.get('connector'))
  const { asked, needs } = state
  if (needs.missing.length > 0) return messagePage(view, { status: 404, ...texts.connect.gone(needs.missing) })
  if (asked === undefined) {
    const step = nextStep(session, subject, state)
    return step === undefined ? connectedPage(view, subject) : seeOther(view, subject.base + step)
  }
  const link = asked.kind === 'visit' ? await linkOf(services, session, subject, state.draft, asked) : undefined
  const { inlineOAuth: inline } = session.visit
  const waited = query.get('waited') === '1'
  return connectPage({ view, subject, needs: needs.needs, asked, inline, waited, ...(link === undefined ? {} : { link }) })
}

/** The account connector's id stays the same for as long as the user tries: what two windows give makes one. */
async function linkOf(services: Services, session: Session, subject: Subject, draft: Draft, { connecting, need }: Asked): Promise<string> {
  const { id, isNew, settings } = connecting
  const connectorId = need.connector.id
  if (draft.connecting?.[connectorId]?.id !== id)
    await saveDraft(services, session, subject, { ...draft, connecting: { ...draft.connecting, [connectorId]: connecting } })
  return authorizePath(services, {
    account: session.account.id,
    connectorId,
    accountConnectorId: id,
    isNew,
    ...(settings === undefined ? {} : { settings }),
    back: `${subject.base}/connect`,
  })
}

async function take(services: Services, call: PageCall<PageKind>): Promise<Answer> {
  const { session, view, params, fields } = call
  const subject = await findSubject(services, session, params.id)
  const came = await answered(services, session, subject, fields)
  switch (came.kind) {
    case 'on':
      return goOn(services, session, view, subject)
    case 'connect':
      return seeOther(view, `${subject.base}/connect?${new URLSearchParams(came.query).toString()}`)
    case 'back':
      return seeOther(view, subject.back)
    case 'gone':
      return messagePage(view, { status: 404, ...texts.connect.gone(came.names) })
    case 'wrong': {
      const { inlineOAuth: inline } = session.visit
      return connectPage({ view, subject, inline, ...came })
    }
  }
}

const routesOf = (kind: PageKind): readonly Route[] => [
  pageRoute({
    method: 'GET',
    kind,
    path: `${BASES[kind]}/connect`,
    summary: 'Asks for what connects an application',
    params: { id: kind === 'marketplace' ? 'Integer id of the package.' : 'GUID of the template.' },
    query: z.object({
      connector: z.string().optional().describe('GUID of the connector that is asked for first.'),
      account: z.string().optional().describe('With `Accept: application/json`: GUID of the account connector; the answer is whether it is connected.'),
      waited: z.string().optional().describe('`1`: says that it is not connected yet.'),
    }),
    answers: { 200: HTML, 303: SEE_OTHER, 404: { ...HTML, description: 'A page that says that what is needed is not there.' } },
    handler: show,
  }),
  pageRoute({
    method: 'POST',
    kind,
    path: `${BASES[kind]}/connect`,
    summary: 'Connects an application, or goes on to the next step',
    params: { id: kind === 'marketplace' ? 'Integer id of the package.' : 'GUID of the template.' },
    fields: {
      does: z.enum(['authenticate', 'settings', 'choose', 'change', 'again', 'continue', 'cancel']).describe('What the form is for.'),
      connector: z.string().optional().describe('GUID of the connector.'),
      id: z.string().optional().describe('GUID of the account connector.'),
    },
    bodyMax: 256 * 1024,
    answers: {
      303: SEE_OTHER,
      404: { ...HTML, description: 'A page that says that what is needed is not there.' },
      422: { ...HTML, description: 'The page again, with what is wrong. Nothing was stored.' },
    },
    handler: take,
  }),
]

export const connectRoutes: readonly Route[] = [...routesOf('marketplace'), ...routesOf('launch')]

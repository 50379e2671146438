/** The settings step of both flows (marketplace.md 4): what is asked, and what was answered. */
import { z } from 'zod'
import type { Answer, Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { forgetDraft, readDraft, saveDraft, type Draft } from '../flow/draft.ts'
import { goOn } from '../flow/install.ts'
import { BASES } from '../flow/paths.ts'
import { findSubject, type Subject } from '../flow/subject.ts'
import { isWizard, readForm, showsHints, variableFields, type VariableField } from '../flow/variables.ts'
import { HTML, pageRoute, SEE_OTHER, seeOther, type PageCall } from '../page.ts'
import type { PageKind, Session } from '../session.ts'
import { settingsPage, type SettingsPage } from './page.tsx'

/** What one page asks: everything, or the one at that place (from 1). */
type Asked = Pick<SettingsPage, 'fields' | 'wizard' | 'last'>

function askedOf(session: Session, draft: Draft, all: readonly VariableField[], at: string | null): Asked {
  if (!isWizard(session)) return { fields: all, last: true }
  const open = all.findIndex(({ key }) => draft.settled?.includes(key) !== true)
  const said = /^\d{1,4}$/.test(at ?? '') ? Number(at) - 1 : -1
  const index = all[said] === undefined ? Math.max(open, 0) : said
  const field = all[index]
  // Nothing is asked after it where all others were.
  const last = all.every(({ key }) => key === field?.key || draft.settled?.includes(key) === true)
  return { fields: field === undefined ? [] : [field], wizard: { at: index + 1, of: all.length }, last }
}

async function found(services: Services, { session, params }: PageCall<PageKind>): Promise<{ subject: Subject; draft: Draft; all: readonly VariableField[] }> {
  const subject = await findSubject(services, session, params.id)
  const draft = await readDraft(services, session, subject)
  return { subject, draft, all: variableFields(subject, draft, showsHints(session)) }
}

async function show(services: Services, call: PageCall<PageKind>): Promise<Answer> {
  const { session, view, query } = call
  const { subject, draft, all } = await found(services, call)
  if (all.length === 0) return seeOther(view, subject.back)
  return settingsPage({ view, subject, ...askedOf(session, draft, all, query.get('at')) })
}

async function take(services: Services, call: PageCall<PageKind>): Promise<Answer> {
  const { session, view, fields: form } = call
  const { subject, draft, all } = await found(services, call)
  if (form.get('does') === 'cancel') {
    await forgetDraft(services, session, subject)
    return seeOther(view, subject.back)
  }
  const { fields } = askedOf(session, draft, all, form.get('at'))
  const read = readForm(subject, draft, fields, form)
  await saveDraft(services, session, subject, read.draft)
  if (read.problems.length === 0 && read.whole === undefined) return goOn(services, session, view, subject)
  // What was right is kept, a secret too: it says so, and is never shown.
  const now = variableFields(subject, read.draft, showsHints(session))
  const typed = Object.fromEntries(now.flatMap(({ key, kind }): [string, string][] => (kind === 'secret' ? [] : [[key, form.get(key) ?? '']])))
  const problems = new Map(read.problems.map(({ key, message }) => [key, message]))
  return settingsPage({ view, subject, ...askedOf(session, read.draft, now, form.get('at')), typed, problems, whole: read.whole })
}

const routesOf = (kind: PageKind): readonly Route[] => {
  const shared = { kind, path: `${BASES[kind]}/settings`, params: { id: kind === 'marketplace' ? 'Id of the package.' : 'GUID of the template.' } } as const
  const missing = { ...HTML, description: 'A page that says that it is not offered.' }
  return [
    pageRoute({
      ...shared,
      method: 'GET',
      summary: `Asks for the values of variables${kind === 'launch' ? ', in LAUNCH' : ''}`,
      query: z.object({ at: z.string().optional().describe('Of `Wizard`: which variable, from 1.') }),
      answers: { 200: HTML, 303: SEE_OTHER, 404: missing },
      handler: show,
    }),
    pageRoute({
      ...shared,
      method: 'POST',
      summary: `Takes the values of variables, and goes on to the next step${kind === 'launch' ? ', in LAUNCH' : ''}`,
      fields: {
        does: z.enum(['save', 'cancel']).describe('What the form is for.'),
        at: z.string().optional().describe('Of `Wizard`: which variable, from 1.'),
      },
      bodyMax: 1024 * 1024,
      answers: {
        303: SEE_OTHER,
        404: missing,
        409: { ...HTML, description: 'A page that says why it cannot be installed.' },
        422: { ...HTML, description: 'The page again, with what is wrong.' },
      },
      handler: take,
    }),
  ]
}

export const settingsRoutes: readonly Route[] = [...routesOf('marketplace'), ...routesOf('launch')]

/** LAUNCH: the choice, and what its forms do (marketplace.md 3, 4). */
import { ApiError } from '../../../domain/errors.ts'
import type { Answer, Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { goOn } from '../flow/install.ts'
import { BASES } from '../flow/paths.ts'
import { findSubject } from '../flow/subject.ts'
import { HTML, pageRoute, SEE_OTHER, type PageCall } from '../page.ts'
import { launchOffer } from './offer.ts'
import { choicePage } from './page.tsx'

/** Where the session has what was chosen, under this: that `AutoInstall` had its turn. */
const AUTO = 'launch'

/**
 * The choice; skipped, once for each session, where there is only one and `AutoInstall`: whoever comes back by Cancel, or from the complete page, is not
 * taken into it again.
 */
async function show(services: Services, { session, view, head }: PageCall<'launch'>): Promise<Answer> {
  const { signIns } = services.registry
  const { to } = session.visit
  const offer = await launchOffer(services, session)
  const [only] = offer
  const open = only !== undefined && offer.length === 1 && only.operation === undefined && !(only.installed && to.singleInstall)
  if (open && to.autoInstall && !head && (await signIns.draft(session.id, AUTO)) === undefined) {
    await signIns.saveDraft(session.id, AUTO, 'once')
    try {
      return await goOn(services, session, view, await findSubject(services, session, only.id))
    } catch (error) {
      // What was taken back meanwhile is not offered any more.
      if (!(error instanceof ApiError) || error.status >= 500) throw error
      return choicePage(view, to, await launchOffer(services, session))
    }
  }
  return choicePage(view, to, offer)
}

export const launchRoutes: readonly Route[] = [
  pageRoute({
    method: 'GET',
    kind: 'launch',
    path: '/account/launch',
    summary: 'Shows LAUNCH: the choice, or the first step of the only one',
    answers: { 200: HTML, 303: SEE_OTHER },
    handler: show,
  }),
  pageRoute({
    method: 'POST',
    kind: 'launch',
    path: `${BASES.launch}/install`,
    summary: 'Installs a template, or asks for what that needs',
    params: { id: 'GUID of the template.' },
    answers: {
      303: SEE_OTHER,
      404: { ...HTML, description: 'A page that says that it is not offered.' },
      409: { ...HTML, description: 'A page that says why it cannot be installed.' },
    },
    handler: async (services, { session, view, params }) => goOn(services, session, view, await findSubject(services, session, params.id)),
  }),
]

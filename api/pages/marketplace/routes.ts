/** The marketplace, and what its forms do (marketplace.md 2, 4). */
import { z } from 'zod'
import { ApiError } from '../../../domain/errors.ts'
import type { OperationKind } from '../../../storage/operation.ts'
import { beginOperation } from '../../packages/begin.ts'
import type { Answer, Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { begunOrRunning, goOn } from '../flow/install.ts'
import { BASES, operationPath, packagePath } from '../flow/paths.ts'
import { findSubject } from '../flow/subject.ts'
import { HTML, pageRoute, SEE_OTHER, seeOther, type PageCall } from '../page.ts'
import { marketplacePage } from './page.tsx'
import { placeBefore, remembering } from './place.ts'

/** An operation that is under way already is shown in place of an error: whoever clicked twice sees the first. */
async function act(services: Services, kind: OperationKind, call: PageCall<'marketplace'>): Promise<Answer> {
  const { session, view, params, headers } = call
  const { account, visit } = session
  if (kind === 'install') {
    const subject = await findSubject(services, session, params.id)
    await checkOnce(services, session, subject.id)
    return goOn(services, session, view, subject)
  }
  const packageId = await ownPackage(services, call)
  const operation = await begunOrRunning(services, account, packageId, () =>
    beginOperation(services, account, { kind, packageId, completeParameter: visit.completeParameter }),
  )
  return seeOther(view, remembering(operationPath(packagePath(packageId), operation), placeBefore(headers.referer)))
}

/** Before anything is asked. Throws `package_installed`. */
async function checkOnce({ registry }: Services, { account }: PageCall<'marketplace'>['session'], id: string): Promise<void> {
  const [found, installed] = await Promise.all([registry.packages.get(id), registry.installations.of(account.id).get(id)])
  if (found?.value.singleInstallation === true && installed !== undefined)
    throw new ApiError('package_installed', 'The package is installed in this account, and it can be there only once.')
}

/** Of the session's marketplace, offered or installed. Throws `package_not_found`. */
async function ownPackage({ registry }: Services, { session, params: { id = '' } }: PageCall<'marketplace'>): Promise<string> {
  const [found, installed] = await Promise.all([registry.packages.get(id), registry.installations.of(session.account.id).get(id)])
  const marketplaceId = found?.value.marketplaceId ?? installed?.value.marketplaceId
  if (marketplaceId !== session.visit.to.marketplaceId) throw new ApiError('package_not_found', 'There is no such package.')
  return id
}

const SUMMARIES: Record<OperationKind, string> = {
  install: 'Installs a package, or asks for what that needs',
  start: 'Starts a package',
  stop: 'Stops a package',
  uninstall: 'Uninstalls a package',
}

const actionRoute = (kind: OperationKind): Route =>
  pageRoute({
    method: 'POST',
    kind: 'marketplace',
    path: `${BASES.marketplace}/${kind}`,
    summary: SUMMARIES[kind],
    params: { id: 'Id of the package.' },
    answers: {
      303: SEE_OTHER,
      404: { ...HTML, description: 'A page that says that there is no such package.' },
      409: { ...HTML, description: 'A page that says why it cannot be done.' },
    },
    handler: (services, call) => act(services, kind, call),
  })

export const marketplacePageRoutes: readonly Route[] = [
  pageRoute({
    method: 'GET',
    kind: 'marketplace',
    path: '/account/marketplace',
    summary: 'Shows the marketplace',
    query: z.object({
      q: z.string().optional().describe('Words to look for.'),
      tag: z.string().optional().describe('Only packages with this tag.'),
      category: z.string().optional().describe('Where the category stands among the cards, from 0, such as `2` or `2.0`.'),
      done: z.string().optional().describe('GUID of an operation that has ended: the page tells what it has done.'),
    }),
    answers: { 200: HTML },
    handler: marketplacePage,
  }),
  actionRoute('install'),
  actionRoute('start'),
  actionRoute('stop'),
  actionRoute('uninstall'),
]

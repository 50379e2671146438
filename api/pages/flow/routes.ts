/** Watching an operation, and its end: the same for packages and for templates. */
import { ApiError } from '../../../domain/errors.ts'
import { subjectOf, templateSubject, type Operation } from '../../../storage/operation.ts'
import { guidOf } from '../../routes/lists.ts'
import type { Answer, Route } from '../../route.ts'
import type { Services } from '../../services.ts'
import { HTML, jsonAnswer, pageRoute, redirect, SEE_OTHER, seeOther, wantsJson, type PageCall } from '../page.ts'
import type { PageKind } from '../session.ts'
import { completedPackage, completedTemplate, returnAddress, type Completed } from './complete.ts'
import { remembered, remembering } from '../marketplace/place.ts'
import { completePage } from './complete-page.tsx'
import { BASES, basePath, completePath, operationPath } from './paths.ts'
import { progressOf } from './progress.ts'
import { failedPage, progressJson, progressPage } from './progress-page.tsx'

interface Found {
  readonly id: string
  readonly operation: Operation
  readonly base: string
}

/** Throws `operation_not_found`, also for one of another package. */
async function find({ registry }: Services, kind: PageKind, { session, params }: PageCall<PageKind>): Promise<Found> {
  const id = guidOf(params.operationId)
  const operation = id === undefined ? undefined : await registry.operations.get(session.account.id, id)
  const { id: of = '' } = params
  if (id === undefined || operation === undefined || subjectOf(operation) !== (kind === 'launch' ? templateSubject(of) : of))
    throw new ApiError('operation_not_found', 'There is no such operation in this account.')
  return { id, operation, base: basePath(kind, of) }
}

async function watch(services: Services, kind: PageKind, call: PageCall<PageKind>): Promise<Answer> {
  const { session, view } = call
  const place = remembered(call.query)
  const { id, operation, base } = await find(services, kind, call)
  const running = operation.status === 'Running'
  if (wantsJson(call)) {
    const items = await progressOf(services, session.account.id, operation)
    return jsonAnswer(progressJson(items, running ? null : view.href(remembering(operationPath(base, id), place))))
  }
  if (running) return progressPage(view, operation, await progressOf(services, session.account.id, operation))
  if (operation.status === 'Failed') return failedPage(view, operation)
  return seeOther(view, operation.kind === 'install' ? completePath(base, id) : doneAddress(view, id, place))
}

/** Back to where it was begun, which tells what was done. */
const doneAddress = ({ back }: PageCall<PageKind>['view'], id: string, place = ''): string =>
  `${back ?? '/account/marketplace'}?${place === '' ? '' : `${place}&`}done=${id}`

async function complete<K extends PageKind>(services: Services, kind: K, call: PageCall<K>, completedOf: CompletedOf<K>): Promise<Answer> {
  const { session, view } = call
  const { id, operation, base } = await find(services, kind, call)
  if (operation.kind !== 'install' || operation.status !== 'Completed') return seeOther(view, operationPath(base, id))
  const completed = await completedOf(services, call, operation)
  if (completed.redirectBack) return seeOther(view, doneAddress(view, id))
  if (completed.returnUrl !== undefined) return redirect(returnAddress(completed.returnUrl, completed.result))
  return completePage({ view, completed, name: operation.packageName, targetOrigin: session.visit.targetOrigin })
}

const params = (kind: PageKind) => ({ id: kind === 'marketplace' ? 'Id of the package.' : 'GUID of the template.', operationId: 'GUID of the operation.' })

const watchRoute = <K extends PageKind>(kind: K): Route =>
  pageRoute({
    method: 'GET',
    kind,
    path: operationPath(BASES[kind], '{operationId}'),
    summary: `Shows how far an operation is${kind === 'launch' ? ' of LAUNCH' : ''}`,
    params: params(kind),
    answers: { 200: HTML, 303: SEE_OTHER, 404: { ...HTML, description: 'A page that says that there is no such operation.' } },
    handler: (services, call) => watch(services, kind, call),
  })

type CompletedOf<K extends PageKind> = (services: Services, call: PageCall<K>, operation: Operation) => Promise<Completed>

const completeRoute = <K extends PageKind>(kind: K, what: string, completedOf: CompletedOf<K>): Route =>
  pageRoute({
    method: 'GET',
    kind,
    path: completePath(BASES[kind], '{operationId}'),
    summary: `Shows that ${what} is installed, with the result for the host page`,
    params: params(kind),
    answers: { 200: HTML, 303: SEE_OTHER, 404: { ...HTML, description: 'A page that says that there is no such operation.' } },
    handler: (services, call) => complete(services, kind, call, completedOf),
  })

export const flowRoutes: readonly Route[] = [
  watchRoute('marketplace'),
  watchRoute('launch'),
  completeRoute('marketplace', 'a package', completedPackage),
  completeRoute('launch', 'a template', completedTemplate),
]

/** From what was chosen to the operation that installs it. */
import { ApiError } from '../../../domain/errors.ts'
import { templateSubject } from '../../../storage/operation.ts'
import type { Account } from '../../../storage/registry.ts'
import { beginOperation, type BegunOperation } from '../../packages/begin.ts'
import { beginTemplate } from '../../packages/begin-template.ts'
import type { Answer } from '../../route.ts'
import type { Services } from '../../services.ts'
import { seeOther } from '../page.ts'
import type { Session } from '../session.ts'
import type { View } from '../view.ts'
import { chosenAccountConnectors } from './connectors.ts'
import { forgetDraft } from './draft.ts'
import { operationPath } from './paths.ts'
import { nextStep, readChosen, type Chosen } from './steps.ts'
import type { Subject } from './subject.ts'
import { chosenVariables } from './variables.ts'

/** To the next step of the flow; where nothing is left to ask the installation begins, and the progress page follows. */
export async function goOn(services: Services, session: Session, view: View, subject: Subject): Promise<Answer> {
  const chosen = await readChosen(services, session, subject)
  const step = nextStep(session, subject, chosen)
  if (step !== undefined) return seeOther(view, subject.base + step)
  const named = subject.kind === 'package' ? subject.id : templateSubject(subject.id)
  const operation = await begunOrRunning(services, session.account, named, async () => {
    const begun = await install(services, session, subject, chosen)
    await forgetDraft(services, session, subject)
    return begun
  })
  return seeOther(view, operationPath(subject.base, operation))
}

/**
 * Answers the id of the operation that `begin` begins, or of the one that is under way already: whoever clicked twice sees the first. `subject`: as
 * `subjectOf` names it.
 */
export async function begunOrRunning({ registry }: Services, account: Account, subject: string, begin: () => Promise<BegunOperation>): Promise<string> {
  try {
    return (await begin()).id
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'operation_running') throw error
    const running = (await registry.operations.running(account.id)).get(subject)
    if (running === undefined) throw error
    return running
  }
}

async function install(services: Services, session: Session, subject: Subject, { draft, needs }: Chosen): Promise<BegunOperation> {
  const { account, visit } = session
  const { to } = visit
  const shared = {
    completeParameter: visit.completeParameter,
    variables: chosenVariables(subject, draft),
    accountConnectors: chosenAccountConnectors(needs),
  }
  if (to.page !== 'launch') return beginOperation(services, account, { kind: 'install', packageId: subject.id, ...shared })
  const { start, runOnce, singleInstall } = to
  return beginTemplate(services, account, { templateId: subject.id, start, runOnce, singleInstall, ...shared })
}

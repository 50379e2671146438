/** From what was chosen to the operation that installs it. */
import { ApiError } from '../../../domain/errors.ts'
import { templateSubject } from '../../../storage/operation.ts'
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
  return seeOther(view, operationPath(subject.base, await begin(services, session, subject, chosen)))
}

/** Answers the id of the operation, or of the one that is under way already: whoever clicked twice sees the first. */
async function begin(services: Services, session: Session, subject: Subject, chosen: Chosen): Promise<string> {
  try {
    const { id } = await install(services, session, subject, chosen)
    await forgetDraft(services, session, subject)
    return id
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'operation_running') throw error
    const running = (await services.registry.operations.running(session.account.id)).get(subject.kind === 'package' ? subject.id : templateSubject(subject.id))
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

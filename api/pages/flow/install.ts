/** From what was chosen to the operation that installs it. */
import { ApiError } from '../../../domain/errors.ts'
import { beginOperation } from '../../packages/begin.ts'
import type { Answer } from '../../route.ts'
import type { Services } from '../../services.ts'
import { seeOther } from '../page.ts'
import type { Session } from '../session.ts'
import type { View } from '../view.ts'
import { chosenAccountConnectors, connectorNeeds } from './connectors.ts'
import { readDraft } from './draft.ts'
import { operationPath } from './paths.ts'
import { nextStep } from './steps.ts'
import type { Subject } from './subject.ts'

/** To the next step of the flow; where nothing is left to ask the installation begins, and the progress page follows. */
export async function goOn(services: Services, session: Session, view: View, subject: Subject): Promise<Answer> {
  const step = await nextStep(services, session, subject)
  if (step !== undefined) return seeOther(view, subject.base + step.path)
  return seeOther(view, operationPath(subject.base, await begin(services, session, subject)))
}

/** Answers the id of the operation. */
async function begin(services: Services, session: Session, subject: Subject): Promise<string> {
  const { completeParameter } = session.visit
  if (subject.kind === 'template') throw new ApiError('template_not_found', 'There is no such integration.')
  const draft = await readDraft(services, session, subject)
  const accountConnectors = chosenAccountConnectors(await connectorNeeds(services, session.account, subject, draft))
  const { id } = await beginOperation(services, session.account, { kind: 'install', packageId: subject.id, completeParameter, accountConnectors })
  return id
}

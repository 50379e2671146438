/** The next thing to ask of whoever installs something, or nothing left (marketplace.md 4): connectors first, then variables. */
import type { Services } from '../../services.ts'
import type { Session } from '../session.ts'
import { askConnectors, connectorNeeds, type ConnectorNeeds } from './connectors.ts'
import { readDraft, type Draft } from './draft.ts'
import type { Subject } from './subject.ts'
import { askVariables } from './variables.ts'

/** What was answered so far, and how what is needed stands with that. */
export interface Chosen {
  readonly draft: Draft
  readonly needs: ConnectorNeeds
}

export async function readChosen(services: Services, session: Session, subject: Subject): Promise<Chosen> {
  const draft = await readDraft(services, session, subject)
  return { draft, needs: await connectorNeeds(services, session.account, subject, draft) }
}

/** A page of the flow, as it stands behind the subject's path, such as `/settings?at=2`; undefined: it can be installed. */
export const nextStep = (session: Session, subject: Subject, { draft, needs }: Chosen): string | undefined =>
  askConnectors(needs) ?? askVariables(session, subject, draft)

/** The next thing to ask of whoever installs something, or nothing left (marketplace.md 4): connectors first, then variables. */
import type { Services } from '../../services.ts'
import { askConnectors } from './connectors.ts'
import type { Session } from '../session.ts'
import type { Subject } from './subject.ts'
import { askVariables } from './variables.ts'

/** A page of the flow, as it stands behind the subject's path. */
export interface Step {
  /** Such as `/connect?connector=Shop`. */
  readonly path: string
}

/** Looks whether there is something to ask; the draft has what was answered. */
type Ask = (services: Services, session: Session, subject: Subject) => Promise<Step | undefined>

/** In this order. */
const ASKS: readonly Ask[] = [askConnectors, askVariables]

/** Undefined: it can be installed. */
export async function nextStep(services: Services, session: Session, subject: Subject): Promise<Step | undefined> {
  for (const ask of ASKS) {
    const step = await ask(services, session, subject)
    if (step !== undefined) return step
  }
  return undefined
}

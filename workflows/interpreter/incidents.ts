/** Incidents of a transaction: in its state, where operators see them, and in the incident log (cycles.md 5). */
import { stepErrors, type StepErrorCode } from '../../domain/errors.ts'
import type { StepId } from '../../domain/ids.ts'
import type { Incident } from '../messages.ts'
import type { Life } from './life.ts'
import { addIncident } from './state.ts'

/** Tells operators what happened at a step. */
export async function report(life: Life, level: Incident['level'], stepId: StepId, code: StepErrorCode, detail: string): Promise<void> {
  const incident = addIncident(life.state, { at: life.context.now(), level, stepId, message: stepErrors[code].message, detail })
  life.context.changed()
  await life.context.incident(incident)
}

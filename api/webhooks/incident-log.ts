/** What scripts of webhooks leave in the incident log (webhooks.md 8). Writing it never delays or changes an answer. */
import { stepErrors } from '../../domain/errors.ts'
import type { Place, StepId } from '../../domain/ids.ts'
import type { ScriptError } from '../../scripting/scripting.ts'
import type { Incident } from '../../workflows/messages.ts'
import type { WebhookDeps } from './deps.ts'

export interface IncidentLog {
  /** A script threw or was cut off: an error incident with its message, counted for the cycle. */
  failed(place: Place, stepId: StepId, error: ScriptError, lines: readonly string[]): void
  /** Lines of `console.log` of a script that went through. */
  lines(place: Place, stepId: StepId, lines: readonly string[]): void
}

/** Short message of an entry that only holds what a script logged. */
const SCRIPT_LOG = 'Script log'

export function createIncidentLog({ incidents, logger }: Pick<WebhookDeps, 'incidents' | 'logger'>): IncidentLog {
  const write = (how: 'add' | 'log', place: Place, incident: Omit<Incident, 'at'>): void => {
    const fields = { account: place.account, cycle: place.cycle, step: incident.stepId }
    const written = incidents[how](place, { at: Date.now(), ...incident })
    written.catch((error: unknown) => logger.error({ ...fields, err: error }, 'an incident of a webhook could not be written'))
  }
  return {
    failed(place, stepId, error, lines) {
      const detail = lines.length === 0 ? error.message : `${error.message}\n\nconsole.log:\n${lines.join('\n')}`
      write('add', place, { level: 'Error', stepId, message: stepErrors.webhookFailed.message, detail })
    },
    lines(place, stepId, lines) {
      write('log', place, { level: 'Warning', stepId, message: SCRIPT_LOG, detail: lines.join('\n') })
    },
  }
}

/** What scripts of webhooks leave in the incident log (webhooks.md 8), without secrets of the cycle. Writing it never delays or changes an answer. */
import { stepErrors } from '../../domain/errors.ts'
import type { StepId } from '../../domain/ids.ts'
import { hiderOf } from '../../domain/known-secrets.ts'
import type { ScriptError } from '../../scripting/scripting.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import { DETAIL_MAX } from '../../storage/registry.ts'
import type { Incident } from '../../workflows/messages.ts'
import type { WebhookDeps } from './deps.ts'

export interface IncidentLog {
  /** A script threw or was cut off: an error incident with its message, counted for the cycle. */
  failed(cycle: CachedCycle, stepId: StepId, error: ScriptError, lines: readonly string[]): void
  /** Lines of `console.log` of a script that went through. */
  lines(cycle: CachedCycle, stepId: StepId, lines: readonly string[]): void
}

/** Characters of a line of `console.log` that are told. */
const MAX_LINE = 1_000

/** Short message of an entry that only holds what a script logged. */
const SCRIPT_LOG = 'Script log'

export function createIncidentLog({ incidents, logger, sealer }: Pick<WebhookDeps, 'incidents' | 'logger' | 'sealer'>): IncidentLog {
  const write = (how: 'add' | 'log', { place }: CachedCycle, incident: Omit<Incident, 'at'>): void => {
    const fields = { account: place.account, cycle: place.cycle, step: incident.stepId }
    const written = incidents[how](place, { at: Date.now(), ...incident })
    written.catch((error: unknown) => logger.error({ ...fields, err: error }, 'an incident of a webhook could not be written'))
  }
  /** A script sees the credentials that the sender has sent. */
  const told = ({ document }: CachedCycle, lines: readonly string[], message = ''): string => {
    const hide = hiderOf(document, sealer)
    const logged = lines.map(line => hide(line, MAX_LINE)).join('\n')
    if (message === '') return logged
    return [hide(message, DETAIL_MAX), ...(lines.length === 0 ? [] : [`console.log:\n${logged}`])].join('\n\n')
  }
  return {
    failed(cycle, stepId, error, lines) {
      const detail = told(cycle, lines, error.message)
      write('add', cycle, { level: 'Error', stepId, message: stepErrors.webhookFailed.message, detail })
    },
    lines(cycle, stepId, lines) {
      write('log', cycle, { level: 'Warning', stepId, message: SCRIPT_LOG, detail: told(cycle, lines) })
    },
  }
}

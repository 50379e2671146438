/** One transaction whole: Redis knows its status, Temporal its steps. */
import type { Place } from '../../domain/ids.ts'
import type { TransactionRecord } from '../../storage/inbox.ts'
import type { LoggedIncident } from '../../storage/registry.ts'
import type { TransactionState } from '../../workflows/messages.ts'
import type { Services } from '../services.ts'
import { incidentView, recordView, stepView } from './view.ts'

/** Most incidents that are shown with a transaction. */
const INCIDENTS = 500

/** Only what began has steps. Where Temporal, or every worker, does not answer, they are left out with a note; so they are when it forgot the workflow. */
export async function showTransaction({ registry, temporal }: Pick<Services, 'registry' | 'temporal'>, place: Place, record: TransactionRecord) {
  const began = record.status !== 'Queued' && record.status !== 'Dropped'
  const [state, logged] = await Promise.all([
    began ? temporal.state(place, record.id) : undefined,
    registry.incidents.list(place, { transaction: record.id, limit: INCIDENTS }),
  ])
  return {
    ...recordView(record),
    ...stepsOf(record, state),
    incidents: incidentsOf(record, state, logged).map(incidentView),
    temporalUrl: temporal.url(place, record.id),
  }
}

type Found = TransactionState | 'unknown' | 'unreachable' | undefined

function stepsOf(record: TransactionRecord, state: Found) {
  if (state === 'unreachable') return { note: 'Temporal does not answer: the steps are left out.' }
  // A transaction that counts as in progress from its claim on is in Temporal a moment later.
  if (state === undefined || (state === 'unknown' && record.status === 'InProgress')) return { steps: [] }
  if (state === 'unknown') return { note: 'Temporal no longer has this transaction: the steps are left out.' }
  return { steps: state.steps.map(stepView) }
}

/** The log of the cycle is capped; what it no longer has, the workflow may have. */
function incidentsOf(record: TransactionRecord, state: Found, logged: readonly LoggedIncident[]): readonly LoggedIncident[] {
  if (logged.length > 0 || state === undefined || typeof state === 'string') return logged
  return state.incidents.map((incident, at) => ({ ...incident, id: `${incident.at}-${at}`, transaction: record.id })).reverse()
}

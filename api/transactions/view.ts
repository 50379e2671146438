/** Transactions and incidents as the API shows them. */
import type { TransactionRecord } from '../../storage/inbox.ts'
import type { LoggedIncident } from '../../storage/registry.ts'
import type { StepRecord } from '../../workflows/messages.ts'

const instant = (ms: number): string => new Date(ms).toISOString()
const maybe = (ms: number | undefined): string | null => (ms === undefined ? null : instant(ms))

export const recordView = (record: TransactionRecord) => ({
  id: record.id,
  status: record.status,
  acceptedAt: instant(record.acceptedAt),
  startedAt: maybe(record.startedAt),
  endedAt: maybe(record.endedAt),
  errorCount: record.errors,
  warningCount: record.warnings,
})

export const incidentView = (incident: LoggedIncident) => ({
  id: incident.id,
  timestamp: instant(incident.at),
  incidentLevel: incident.level,
  stepId: incident.stepId ?? null,
  transactionId: incident.transaction ?? null,
  message: incident.message,
  detail: incident.detail,
  notificationId: incident.notification ?? null,
})

export const stepView = (step: StepRecord) => ({
  stepId: step.stepId,
  stepName: step.stepName,
  status: step.status,
  startedAt: instant(step.startedAt),
  endedAt: maybe(step.endedAt),
  attempts: step.attempts + (step.retries ?? 0),
  data: step.data ?? null,
})

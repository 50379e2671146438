/** Transactions and incidents for people. */
import type { z } from 'zod'
import type { Incident, Transaction, transactionDetails } from '../answers.ts'
import type { Io } from '../io.ts'
import { pairs, table } from '../print/table.ts'
import { instant, took } from '../print/time.ts'

export const transactionHeading = ['ACCEPTED', 'STATUS', 'TOOK', 'ERRORS', 'WARNINGS', 'ID']

export const transactionRow = (one: Transaction): readonly string[] => [
  instant(one.AcceptedAt),
  one.Status,
  took(one.StartedAt, one.EndedAt),
  String(one.ErrorCount),
  String(one.WarningCount),
  one.Id,
]

export const tableOf = (io: Io, list: readonly Transaction[]): string => table(io, transactionHeading, list.map(transactionRow), 'There are no transactions.')

export function incidentTable(io: Io, list: readonly Incident[]): string {
  const rows = list.map(one => [instant(one.Timestamp), one.IncidentLevel, one.StepId ?? '-', one.TransactionId ?? '-', textOf(one)])
  return table(io, ['TIME', 'LEVEL', 'STEP', 'TRANSACTION', 'MESSAGE'], rows, 'There are no incidents.')
}

const textOf = ({ Message, Detail }: Incident): string => (Detail === '' ? Message : `${Message}: ${Detail}`)

export function detailsOf(io: Io, one: z.infer<typeof transactionDetails>): string {
  const facts = pairs(io, [
    ['Transaction', one.Id],
    ['Status', one.Status],
    ['Accepted', instant(one.AcceptedAt)],
    ['Started', instant(one.StartedAt)],
    ['Ended', instant(one.EndedAt)],
    ['Temporal', one.TemporalUrl],
    ...(one.Note === undefined ? [] : [['Note', one.Note] as const]),
  ])
  const steps = (one.Steps ?? []).map(step => [
    step.StepId,
    step.StepName,
    step.Status,
    instant(step.StartedAt),
    took(step.StartedAt, step.EndedAt),
    String(step.Attempts),
  ])
  const stepTable = one.Steps === undefined ? '' : `\n${table(io, ['STEP', 'NAME', 'STATUS', 'STARTED', 'TOOK', 'ATTEMPTS'], steps, 'No step has begun yet.')}`
  const incidents = one.Incidents.map(incident => [instant(incident.Timestamp), incident.IncidentLevel, incident.StepId ?? '-', textOf(incident)])
  return `${facts}${stepTable}${incidents.length === 0 ? '' : `\n${table(io, ['TIME', 'LEVEL', 'STEP', 'INCIDENT'], incidents, '')}`}`
}

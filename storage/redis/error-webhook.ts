/** Whether, where and how an incident is told: the transaction error webhook of its account, or else the partner's (cycles.md 5). */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { CycleDocument } from '../../domain/document.ts'
import { stepById } from '../../domain/graph.ts'
import type { Place } from '../../domain/ids.ts'
import { incidentBody } from '../../domain/incident-body.ts'
import type { Incident, NotificationMessage } from '../../workflows/messages.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { accountOf } from './registry-accounts.ts'
import { call, replies } from './registry-call.ts'
import { settingsOf } from './registry-settings.ts'

/** The message that tells the incident, under a fresh id; undefined where nobody wants it. */
export async function errorWebhookMessage(redis: Redis, place: Place, incident: Incident, transaction?: string): Promise<NotificationMessage | undefined> {
  const pipeline = redis.pipeline().hgetall(keys.account(place.account)).hgetall(keys.settings)
  const [record, partner] = replies(await call(() => pipeline.exec()))
  const account = accountOf(place.account, record)
  const settings = settingsOf(partner)
  const url = account?.transactionErrorWebhookUrl ?? settings.transactionErrorWebhookUrl
  if (account === undefined || url === undefined) return undefined
  if (incident.level === 'Warning' && !(account.includeWarnings ?? settings.includeWarnings)) return undefined

  const text = await call(() => redis.hget(keys.document(place), 'document'))
  if (text === null) return undefined
  const document: CycleDocument = JSON.parse(text)
  const { at, level, stepId, message, detail } = incident
  const step = stepId === undefined ? undefined : stepById(document, stepId)
  return {
    id: randomUUID(),
    kind: 'incident',
    account: place.account,
    cycle: place.cycle,
    title: `${level}: ${message} · ${document.name}`,
    url,
    userAgent: settings.userAgent,
    body: incidentBody({
      at,
      account,
      cycle: { id: place.cycle, name: document.name },
      // A transaction runs under the document that it began with: there the step may have another name.
      step: { id: stepId, name: incident.stepName ?? step?.name ?? step?.id, type: incident.stepType ?? step?.type },
      transaction,
      message,
      detail,
      level,
    }),
  }
}

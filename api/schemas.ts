/** What the management API reads and answers, in our own names; `api/wire.ts` makes PascalCase of them. */
import { z } from 'zod'
import { cardsOutput } from './marketplaces/cards.ts'
import { accountPackage, operation } from './package-schemas.ts'

const instant = () => z.string().meta({ format: 'date-time' })
const guid = () => z.string().meta({ format: 'uuid' })
const url = () => z.string().meta({ format: 'uri' })
const free = () => z.unknown()
const count = () => z.number().meta({ type: 'integer', minimum: 0 })

export const definition = free().describe('The cycle document, as described by /schemas/cycle.json; secrets show as ********.')

export const account = z.object({
  id: z.string().describe("API id: the partner's own string for the account."),
  accountId: guid().describe('GUID of the account.'),
  name: z.string(),
  description: z.string(),
  timezone: z.string().describe('IANA time zone.'),
  transactionErrorWebhookUrl: url().nullable().describe("Where its incidents are sent; null: where the partner's settings say."),
  includeWarnings: z.boolean().nullable().describe("Whether warnings are sent as well; null: as the partner's settings say."),
  maxConcurrency: count().min(1).nullable().describe('How many transactions of all its cycles run at once; the others wait in their inboxes. null: no limit.'),
  createdDate: instant(),
})

export const settings = z.object({
  transactionErrorWebhookUrl: url().nullable().describe('Where incidents are sent of accounts that have no URL of their own.'),
  includeWarnings: z.boolean().describe('Whether warnings are sent as well.'),
  userAgent: z.string().describe('User-Agent of what is sent.'),
  launchCompleteHtml: z.string(),
  css: z.string(),
  embeddingOrigins: z.array(z.string()).describe('Where LAUNCH may be embedded.'),
})

const webhook = z.object({ stepId: z.string(), stepName: z.string(), url: z.string().meta({ format: 'uri' }) })

export const cycle = z.object({
  id: guid(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  status: z.enum(['Paused', 'Active', 'Stopping', 'Stopped']),
  templateId: guid().optional(),
  templateReleaseId: guid().optional(),
  createdOnUtc: instant(),
  webhooks: z.array(webhook).describe('The URL of each webhook step, the trigger first where it is one.'),
  accountConnectors: z
    .array(z.object({ connector: z.string(), accountConnectorId: guid() }))
    .optional()
    .describe('Which account connectors it was told to use, by the name of their connectors.'),
  inProgressTransactionCount: count(),
  queuedTransactionCount: count().describe('Accepted, and not yet begun.'),
  waitingTransactionCount: count().describe('Only a mid-cycle webhook can move them.'),
  errorCount: count(),
  warningCount: count(),
  unmatchedWebhookCount: count().describe('Mid-cycle requests that matched no transaction.'),
  ignoredWebhookCount: count().describe('Requests that after_webhook turned away.'),
  definition,
})

const release = z.object({ id: guid(), status: z.enum(['Draft', 'Live', 'Deprecated']), createdOnUtc: instant() })

export const template = z.object({
  id: guid(),
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  published: z.boolean().describe('It may be offered to users.'),
  createdOnUtc: instant(),
  releases: z.array(release).describe('The oldest first. Cycles are installed from the one that is Live.'),
  webhooks: z.array(webhook).describe('The URL of each webhook step. It answers as that of a cycle that was never started.'),
  definition,
})

export const connector = z.object({
  id: guid(),
  name: z.string(),
  version: z.string(),
  partnerWebhookUrl: url().optional().describe('One URL for the events of all accounts; of connectors with externalIds.'),
  definition: free().describe('The connector document, as described by /schemas/connector.json.'),
})

export const accountConnector = z.object({
  id: guid(),
  connectorId: guid(),
  name: z.string().describe('Tells those of one connector apart.'),
  status: z.enum(['Authenticated', 'Unauthenticated']),
  reason: z.string().optional().describe('Why it is not authenticated.'),
  settings: z.record(z.string(), z.string()),
  externalId: z.string().nullable().describe('What the application calls the account: partner webhooks go by it.'),
  authorizeUrl: url().optional().describe('Where the user authorises it, once, within 10 minutes; of OAuth 2.0 with the grant authorizationCode.'),
})

export const marketplace = z.object({
  id: count(),
  name: z.string(),
  notificationUrl: url().nullable().describe('Where installed, uninstalled, started and stopped are told.'),
  embeddingOrigins: z.array(z.string()).describe('Where its pages may be embedded.'),
  returnOrigins: z.array(z.string()).describe('Where the ReturnUrl of a deploy call may lead.'),
  launchCompleteHtml: z.string(),
  css: z.string(),
  cards: cardsOutput,
  secret: z.string().optional().describe('Signs its notifications (Standard Webhooks). Only shown where it is new.'),
})

export const integrationPackage = z.object({
  id: count(),
  name: z.string(),
  description: z.string(),
  image: url().nullable(),
  templateIds: z.array(guid()),
  installedMessage: z.string(),
  singleInstallation: z.boolean(),
  redirectBack: z.boolean(),
  autoStart: z.boolean(),
})

export const prerequisite = z.object({ reasonCode: z.string(), reason: z.string(), objectType: z.string(), objectId: z.string() })

export const transactionStatus = z.enum(['Queued', 'InProgress', 'Waiting', 'Completed', 'Errored', 'Stopped', 'Dropped'])

export const transaction = z.object({
  id: z.string().describe('GUID; of a split item `{transaction}.{step}.{execution}.{index}`.'),
  status: transactionStatus,
  acceptedAt: instant(),
  startedAt: instant().nullable(),
  endedAt: instant().nullable(),
  errorCount: count(),
  warningCount: count(),
})

export const incident = z.object({
  id: z.string(),
  timestamp: instant(),
  incidentLevel: z.enum(['Error', 'Warning']),
  stepId: z.string().nullable(),
  transactionId: z.string().nullable(),
  message: z.string(),
  detail: z.string(),
  notificationId: guid().nullable().describe('The notification that tells it to the transaction error webhook.'),
})

export const notificationStatus = z.enum(['Pending', 'Delivered', 'Failed', 'Gone'])

const notificationTry = z.object({
  time: instant(),
  status: z.number().meta({ type: 'integer' }).nullable().describe('HTTP status; null where no answer came.'),
  duration: count().describe('In ms.'),
  answer: z.string().nullable().describe("First KiB of the answer's body."),
  error: z.string().nullable().describe('Why no answer came.'),
})

export const notification = z.object({
  id: guid(),
  kind: z
    .enum(['incident', 'installed', 'uninstalled', 'started', 'stopped'])
    .describe('incident: the transaction error webhook. The others: what a marketplace is told.'),
  status: notificationStatus.describe('Failed: every try did. Gone: the receiver answered 410.'),
  title: z.string().describe('What it is about.'),
  accountId: guid(),
  cycleId: guid().nullable().describe('Of an incident.'),
  packageId: count().nullable().describe('The integration package whose installation it is about; null of an incident.'),
  marketplaceId: count().nullable().describe('The marketplace that is told, and whose secret signs it; null of an incident.'),
  url: url(),
  createdOnUtc: instant(),
  tries: z.array(notificationTry).describe('The oldest first.'),
  temporalUrl: url().describe("The workflow that sends it, in Temporal's UI."),
})

export const notificationDetails = z.object({ ...notification.shape, userAgent: z.string(), body: z.string().describe('As it is sent.') })

const transactionStep = z.object({
  stepId: z.string(),
  stepName: z.string(),
  status: z.enum(['Running', 'Retrying', 'Waiting', 'Completed', 'Errored', 'Skipped', 'Stopped']),
  startedAt: instant(),
  endedAt: instant().nullable(),
  attempts: count().describe('How often it was tried, in all its executions.'),
  data: free().describe('What the step produced (cycles.md 3).'),
})

export const transactionDetails = z.object({
  ...transaction.shape,
  steps: z.array(transactionStep).optional().describe('Left out where Temporal, or every worker, does not answer: see Note.'),
  incidents: z.array(incident),
  temporalUrl: z.string().meta({ format: 'uri' }).describe("The transaction in Temporal's UI."),
  note: z.string().optional().describe('Why the steps are left out.'),
})

const ofStep = 'Of the webhook of a step.'
const ofConnector = 'Of the partner webhook of a connector.'

/** Of a step, or of a connector. */
export const webhookAddress = z.object({
  identifier: z.string(),
  url: z.string().meta({ format: 'uri' }),
  accountId: guid().optional().describe(ofStep),
  accountExternalId: z.string().optional().describe(`${ofStep} API id of the account.`),
  accountName: z.string().optional().describe(ofStep),
  cycleId: guid().optional().describe(ofStep),
  cycleName: z.string().optional().describe(ofStep),
  stepId: z.string().optional().describe(ofStep),
  stepName: z.string().optional().describe(ofStep),
  connectorId: guid().optional().describe(ofConnector),
  connectorName: z.string().optional().describe(ofConnector),
})

export const reindex = z.object({
  status: z.enum(['None', 'Requested', 'Running', 'Done']),
  startedAt: instant().nullable(),
  endedAt: instant().nullable(),
  cycleCount: count(),
  cyclesDoneCount: count(),
  waitingTransactionCount: count().describe('Listed by Temporal until now.'),
  inProgressTransactionCount: count(),
  problem: z.string().nullable().describe('Why it does not get on; it is tried again.'),
})

export const error = z.object({
  message: z.string(),
  code: z.string().describe('Says what is wrong, for programs.'),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  id: z.string().optional().describe('Of a 5xx: the log tells more under this id.'),
})

export const readiness = z.object({
  status: z.enum(['ready', 'unavailable']),
  dependencies: z.array(z.object({ name: z.string(), status: z.enum(['up', 'down']), message: z.string().optional() })),
})

/** Those that the OpenAPI document describes once, by name. */
export const named = new Map<z.core.$ZodType, string>([
  [account, 'Account'],
  [cycle, 'Cycle'],
  [template, 'Template'],
  [connector, 'Connector'],
  [accountConnector, 'AccountConnector'],
  [marketplace, 'Marketplace'],
  [integrationPackage, 'IntegrationPackage'],
  [prerequisite, 'Prerequisite'],
  [transaction, 'Transaction'],
  [transactionDetails, 'TransactionDetails'],
  [incident, 'Incident'],
  [webhookAddress, 'WebhookAddress'],
  [settings, 'Settings'],
  [notification, 'Notification'],
  [notificationDetails, 'NotificationDetails'],
  [reindex, 'Reindex'],
  [operation, 'Operation'],
  [accountPackage, 'AccountPackage'],
  [error, 'Error'],
  [readiness, 'Readiness'],
])

/** Answers of the management API, as far as the commands read them; what they do not read passes as it is. */
import { z } from 'zod'

const instant = z.string()
const maybe = instant.nullable()

export const account = z.object({ Id: z.string(), Name: z.string() })

export const cycle = z.object({
  Id: z.string(),
  Name: z.string(),
  Description: z.string(),
  Tags: z.array(z.string()),
  Status: z.string(),
  CreatedOnUtc: instant,
  Webhooks: z.array(z.object({ StepId: z.string(), StepName: z.string(), Url: z.string() })),
  InProgressTransactionCount: z.number(),
  QueuedTransactionCount: z.number(),
  WaitingTransactionCount: z.number(),
  ErrorCount: z.number(),
  WarningCount: z.number(),
  Definition: z.json(),
})
export type Cycle = z.infer<typeof cycle>

export const template = z.object({
  Id: z.string(),
  Name: z.string(),
  Published: z.boolean(),
  Releases: z.array(z.object({ Id: z.string(), Status: z.string() })),
  Definition: z.json(),
})
export type Template = z.infer<typeof template>

export const connector = z.object({ Id: z.string(), Name: z.string(), Version: z.string(), PartnerWebhookUrl: z.string().optional(), Definition: z.json() })
export type Connector = z.infer<typeof connector>

export const marketplace = z.object({ Id: z.number(), Name: z.string(), Secret: z.string().optional() })
export type Marketplace = z.infer<typeof marketplace>

export const integrationPackage = z.object({ Id: z.number(), Name: z.string() })

export const transaction = z.object({
  Id: z.string(),
  Status: z.string(),
  AcceptedAt: instant,
  StartedAt: maybe,
  EndedAt: maybe,
  ErrorCount: z.number(),
  WarningCount: z.number(),
})
export type Transaction = z.infer<typeof transaction>

export const incident = z.object({
  Id: z.string(),
  Timestamp: instant,
  IncidentLevel: z.string(),
  StepId: z.string().nullable(),
  TransactionId: z.string().nullable(),
  Message: z.string(),
  Detail: z.string(),
})
export type Incident = z.infer<typeof incident>

const step = z.object({
  StepId: z.string(),
  StepName: z.string(),
  Status: z.string(),
  StartedAt: instant,
  EndedAt: maybe,
  Attempts: z.number(),
})

export const transactionDetails = z.object({
  ...transaction.shape,
  Steps: z.array(step).optional(),
  Incidents: z.array(incident),
  TemporalUrl: z.string(),
  Note: z.string().optional(),
})

const address = z.object({ Identifier: z.string(), Url: z.string() })
const stepAddress = address.extend({
  AccountId: z.string(),
  AccountExternalId: z.string(),
  AccountName: z.string(),
  CycleId: z.string(),
  CycleName: z.string(),
  StepId: z.string(),
  StepName: z.string(),
})
/** Of a step, or of a connector's partner webhook. */
export const webhookAddress = z.union([stepAddress, address.extend({ ConnectorId: z.string(), ConnectorName: z.string() })])

export const notification = z.object({
  Id: z.string(),
  /** `incident`, or what happened to an installation. */
  Kind: z.string(),
  Status: z.string(),
  Title: z.string(),
  Url: z.string(),
  CreatedOnUtc: instant,
  Tries: z.array(
    z.object({
      Time: instant,
      /** HTTP status; null where no answer came. */
      Status: z.number().nullable(),
      /** In ms. */
      Duration: z.number(),
      Answer: z.string().nullable(),
      Error: z.string().nullable(),
    }),
  ),
  TemporalUrl: z.string(),
})
export type Notification = z.infer<typeof notification>

/** Of a call that answers without a body, or with one that nobody reads. */
export const nothing = z.unknown()

export const imported = z.array(z.object({ Name: z.string(), Made: z.number(), Unchanged: z.number() }))

export const reindex = z.object({
  Status: z.string(),
  StartedAt: maybe,
  EndedAt: maybe,
  CycleCount: z.number(),
  CyclesDoneCount: z.number(),
  WaitingTransactionCount: z.number(),
  InProgressTransactionCount: z.number(),
  Problem: z.string().nullable(),
})

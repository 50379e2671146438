/** What the webhook endpoint is made from, and the ports it speaks through (webhooks.md 2, architecture.md 3). */
import type { RequestId, TransactionId } from '../../domain/ids.ts'
import type { Opener } from '../../domain/known-secrets.ts'
import type { Metrics } from '../../platform/metrics.ts'
import type { Scripting } from '../../scripting/scripting.ts'
import type { CycleCache } from '../../storage/cycle-cache.ts'
import type { Connector } from '../../storage/connector.ts'
import type { InboxAccept, InboxControl } from '../../storage/inbox.ts'
import type { PartnerInbox } from '../../storage/partner-inbox.ts'
import type { GroupedRecords } from '../../storage/records.ts'
import type { Incidents } from '../../storage/registry.ts'
import type { RegistryGuard } from '../../storage/registry-guard.ts'
import type { Templates } from '../../storage/template.ts'
import type { ResponseResult, TransactionInput } from '../../workflows/messages.ts'
import type { Starts } from './starts.ts'

export interface WebhookDeps {
  readonly inbox: InboxAccept & Pick<InboxControl, 'transaction'>
  readonly cycles: Pick<CycleCache, 'byIdentifier' | 'reload'>
  readonly templates: Pick<Templates, 'byIdentifier'>
  /** For the scripts of connectors, and the URLs of partner webhooks (webhooks.md 9). */
  readonly connectors: Pick<GroupedRecords<Connector>, 'byName' | 'listOf'>
  readonly partner: Pick<PartnerInbox, 'accept' | 'known'>
  readonly guard: Pick<RegistryGuard, 'check'>
  readonly scripting: Pick<Scripting, 'defines' | 'call'>
  /** Opens the secrets of `verify`. */
  readonly sealer: Opener
  readonly temporal: WebhookTemporal
  readonly starts: Starts
  readonly incidents: Pick<Incidents, 'add' | 'log'>
  readonly metrics: Pick<Metrics, 'webhookRequests' | 'webhookSeconds' | 'heldConnections' | 'matches'>
  readonly logger: WebhookLogger
  readonly limits: WebhookLimits
  /** What webhook URLs begin with, without a slash at the end. */
  readonly publicUrl: string
}

/** Sizes in bytes, times in ms. */
export interface WebhookLimits {
  readonly maxBody: number
  readonly maxDepth: number
  readonly maxValues: number
  /** Connections held at once by this process; above it 503. */
  readonly heldLimit: number
  readonly maxStepExecutions: number
  readonly retentionMs: number
  /** Age at which the inbox's sweep asks about a start that never came; default 60 s. A start is sent within it less 5 s (protocol.md). */
  readonly sweepAgeMs?: number
}

/** Temporal as a held connection needs it. Every call ends with its deadline or its signal. */
export interface WebhookTemporal {
  /**
   * Starts the transaction, or finds it started, and waits for the answer of its first run. Idempotent: same workflow id, same update id.
   * Deadlines are in ms from now.
   */
  startAndAwait(input: TransactionInput, wait: Wait): Promise<HeldOutcome>
  /** Waits for the answer of the run that `request` began in a transaction which is, or was, in Temporal. */
  await(workflowId: string, request: RequestId | TransactionId, wait: Wait): Promise<HeldOutcome>
  /** Starts the transaction and waits for nothing; a transaction that is there already counts as started. */
  start(input: TransactionInput, deadlineMs: number): Promise<void>
  /** Whether Temporal answered any call a moment ago: it is there, even where it is late with one. */
  heard(): boolean
  /** Rejects where Temporal cannot tell within the deadline; `busy`: it could not, but answered others a moment ago. */
  find(workflowId: string, deadlineMs: number): Promise<'open' | 'closed' | 'unknown' | 'busy'>
  /** The answer kept in the transaction's state, open or closed; undefined where it made none for that request. */
  recorded(workflowId: string, request: RequestId | TransactionId, wait: Wait): Promise<ResponseResult | undefined>
}

export interface Wait {
  readonly deadlineMs: number
  readonly signal: AbortSignal
}

/**
 * `over`: the deadline passed or the signal was raised. `absent`: no open workflow took the update (closed, or not there).
 * `unreachable`: Temporal did not answer.
 */
export type HeldOutcome =
  { readonly state: 'answer'; readonly answer: ResponseResult } | { readonly state: 'over' } | { readonly state: 'absent' } | { readonly state: 'unreachable' }

export interface WebhookLogger {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

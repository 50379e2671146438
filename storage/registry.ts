/** The registry: accounts, cycles with their documents, webhook identifiers, tokens, incidents. Small, read on every request, cached in the process by version. */
import type { AccountId, CycleId, Identifier, Place, StepId } from '../domain/ids.ts'
import type { CycleDocument } from '../domain/document.ts'
import type { Json } from '../domain/json.ts'
import type { Incident } from '../workflows/messages.ts'
import type { AccountConnectors } from './account-connector.ts'
import type { AuthorizeTickets } from './authorize-ticket.ts'
import type { Connector } from './connector.ts'
import type { Installation } from './installation.ts'
import type { Marketplace } from './marketplace.ts'
import type { Notifications } from './notifications.ts'
import type { Operations } from './operation.ts'
import type { Package } from './package.ts'
import type { AccountRecords, GroupedRecords, NumberedRecords } from './records.ts'
import type { SignIns } from './sign-in.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { Templates } from './template.ts'

export interface Account {
  readonly id: AccountId
  /** The partner's own string for it; defaults to the GUID. */
  readonly apiId: string
  readonly name: string
  readonly description: string
  readonly timezone: string
  readonly createdAt: number
  /** GUID of the account's own user (marketplace.md 2). */
  readonly userId: string
  /** Where its incidents are told, and whether warnings are; absent: as the partner's settings say. */
  readonly transactionErrorWebhookUrl?: string
  readonly includeWarnings?: boolean
  /** How many transactions of all its cycles may run at once; absent: no limit. The inbox's scripts read it where it stands. */
  readonly maxConcurrency?: number
}

/** What may be changed of an account; null takes away. Its limit is changed by the inbox (`limitAccount`), which tells the cycles that wait for it. */
export interface AccountChange {
  readonly name?: string
  readonly description?: string
  readonly timezone?: string
  readonly transactionErrorWebhookUrl?: string | null
  readonly includeWarnings?: boolean | null
}

/** The partner's settings. */
export interface PartnerSettings {
  /** Where incidents of all accounts are told that have no URL of their own (cycles.md 5). */
  readonly transactionErrorWebhookUrl?: string
  readonly includeWarnings: boolean
  /** Of notifications. */
  readonly userAgent: string
  /** Of LAUNCH: its complete page, the partner's own HTML, trusted; empty: the default page. */
  readonly launchCompleteHtml: string
  /** Of LAUNCH: the partner's own CSS, trusted. */
  readonly css: string
  /** Where LAUNCH may be embedded, beside the origin that gets its result. */
  readonly embeddingOrigins: readonly string[]
}

/** What is left out stays, null takes away what was set. */
export interface SettingsChange {
  readonly transactionErrorWebhookUrl?: string | null | undefined
  readonly includeWarnings?: boolean | null | undefined
  readonly userAgent?: string | null | undefined
  readonly launchCompleteHtml?: string | null | undefined
  readonly css?: string | null | undefined
  readonly embeddingOrigins?: readonly string[] | null | undefined
}

export interface Settings {
  get(): Promise<PartnerSettings>
  /** Whether anything was ever set: else they are the defaults. */
  isSet(): Promise<boolean>
  update(change: SettingsChange): Promise<PartnerSettings>
}

/** The release that a cycle was installed from, and the package where it came with one. */
export interface CycleOrigin {
  readonly templateId: string
  readonly releaseId: string
  readonly packageId?: string
}

export interface StoredCycle {
  readonly place: Place
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  /** As saved; `verify` secrets and values of secret variables stand sealed in it. */
  readonly document: CycleDocument
  readonly identifiers: { readonly [step: StepId]: Identifier }
  readonly origin?: CycleOrigin
  /** Id of the account connector that it uses, by the connector's name: where the account has several (connectors.md 2). */
  readonly accountConnectors?: { readonly [connector: string]: string }
}

/** What an identifier leads to. */
export interface WebhookAddress {
  readonly place: Place
  readonly stepId: StepId
}

export interface Page {
  readonly page: number
  readonly pageSize: number
}
export interface Listed<T> {
  readonly items: readonly T[]
  readonly total: number
}

export interface Accounts {
  create(account: Account): Promise<'created' | 'taken'>
  /** By API id or GUID. */
  find(id: string): Promise<Account | undefined>
  get(id: AccountId): Promise<Account | undefined>
  update(id: AccountId, change: AccountChange): Promise<Account | undefined>
  /** Only where it has no cycles: the caller deletes those first. */
  delete(id: AccountId): Promise<boolean>
  list(page: Page): Promise<Listed<Account>>
  count(): Promise<number>
}

export interface Cycles {
  /** Document and identifiers; `inbox.create` comes before, so that a cycle that exists can be accepted into. `there`: it is, and stays as it is. `gone`: its account is. */
  create(cycle: StoredCycle): Promise<'created' | 'there' | 'gone'>
  get(place: Place): Promise<StoredCycle | undefined>
  /** Its version alone, for caches. */
  version(place: Place): Promise<number | undefined>
  /**
   * Replaces the document, and the inbox's version with it in one script, where the stored version is still `expected` and the cycle neither Active
   * nor Stopping. The caller keeps the identifiers of kept steps.
   */
  replace(cycle: StoredCycle, expected: number): Promise<'done' | 'running' | 'changed' | 'deleted'>
  /** Takes document and identifiers away (the inbox's delete comes before). */
  remove(place: Place): Promise<void>
  list(account: AccountId, page: Page): Promise<Listed<StoredCycle>>
  address(identifier: Identifier): Promise<WebhookAddress | undefined>
  /** Ids of the account's cycles that have webhook steps of a connector, by its name. */
  ofConnector(account: AccountId, connector: string): Promise<readonly CycleId[]>
}

/** Longest detail of an incident that is kept, in characters. */
export const DETAIL_MAX = 8_192

export interface LoggedIncident extends Incident {
  readonly id: string
  readonly transaction?: string
  /** Id of the notification that told it. */
  readonly notification?: string
}

export interface Incidents {
  /**
   * Logs an incident, counts it on its cycle and its transaction, and hands it to the outbox where a transaction error webhook wants it, in one script. One with a `seq` is taken once for its transaction and `run`:
   * Temporal's id of the run that reported it, since after an operator's reset the same numbers are other incidents.
   */
  add(place: Place, incident: Incident, transaction?: string, run?: string): Promise<void>
  /** Only logs, and neither counts nor tells: lines of a script. */
  log(place: Place, incident: Incident): Promise<void>
  /** Newest first, older than `after` and newer than `before` (both ids, exclusive). */
  list(
    place: Place,
    query: { readonly after?: string; readonly before?: string; readonly transaction?: string; readonly limit: number },
  ): Promise<readonly LoggedIncident[]>
}

/** Bearer tokens, stored hashed. */
export interface Tokens {
  put(token: string, value: { readonly clientId: string; readonly account?: AccountId }, ttlMs: number): Promise<void>
  get(token: string): Promise<{ readonly clientId: string; readonly account?: AccountId } | undefined>
}

/** Answers of management POSTs by idempotency key, for 24 h, by client and path (api.md). */
export interface Answers {
  /** `mine`: nothing stood there, go on and `put`; `busy`: another request with that key runs now. */
  claim(scope: string, key: string): Promise<{ readonly state: 'mine' } | { readonly state: 'busy' } | { readonly state: 'known'; readonly answer: Json }>
  put(scope: string, key: string, answer: Json): Promise<void>
  forget(scope: string, key: string): Promise<void>
}

export interface Registry {
  readonly accounts: Accounts
  readonly cycles: Cycles
  readonly templates: Templates
  /** Grouped by the identifier of the partner webhook, which one connector has. */
  readonly connectors: GroupedRecords<Connector>
  readonly marketplaces: NumberedRecords<Marketplace>
  readonly packages: GroupedRecords<Package>
  readonly accountConnectors: AccountConnectors
  readonly subscriptions: Subscriptions
  readonly installations: AccountRecords<Installation>
  readonly operations: Operations
  readonly incidents: Incidents
  readonly settings: Settings
  readonly notifications: Notifications
  readonly tokens: Tokens
  readonly signIns: SignIns
  readonly authorizeTickets: AuthorizeTickets
  readonly answers: Answers
}

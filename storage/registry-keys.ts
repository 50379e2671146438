/**
 * All keys of the registry. What belongs to an account's cycles stands under the hash tag of the account's partition, as the inbox's keys do, so
 * that one script can see both; what is looked up by something else (API id, identifier, token) cannot.
 */
import type { AccountId, Identifier, Place } from '../domain/ids.ts'
import { accountCycles, accountRecord, partitionOf } from './keys.ts'

/** Hash tag of the account's partition. */
const tagOf = (account: AccountId): string => `{${partitionOf(account)}}`

/** What the delivery log is made of; not of one account, as it is read over all of them. */
const LOG = '{notifications}'

export const registryKeys = {
  /** Hash: the partner's settings. */
  settings: '{registry}:settings',
  /** String: there is a registry; another text after each loss. */
  marker: '{registry}:marker',
  /** Hash: how the rebuilding of the index stands. String: the worker that looks after it. */
  reindex: '{registry}:reindex',
  reindexKeeper: '{registry}:reindex:keeper',
  /** Zset: account id by time of creation. */
  accounts: '{registry}:accounts',
  /** Hash: API id to account id. */
  apiIds: '{registry}:apiIds',
  /** Hash: the account's record. */
  account: (id: AccountId): string => `${tagOf(id)}${accountRecord}${id}`,
  /** Zset: ids of the account's cycles by time of creation. */
  cycles: (id: AccountId): string => `${tagOf(id)}${accountCycles}${id}`,
  /** Base keys of records (`redis/records.ts`): the partner's, and those of an account. */
  templates: '{templates}',
  /** Hash: identifier of a webhook to the template that has it. */
  templateWebhooks: '{templates}:webhooks',
  connectors: '{connectors}',
  marketplaces: '{marketplaces}',
  packages: '{packages}',
  accountConnectors: (id: AccountId): string => `${tagOf(id)}:accountConnectors:${id}`,
  /** + connector and external id · Set: account and id of each account connector of a partition's accounts that has it. */
  externalIds: (partition: number, connectorId: string, externalId: string): string => `{${partition}}:externalIds:${connectorId}:${externalId}`,
  /** The same of account connectors that were deleted and are still needed to end subscriptions. */
  retiredConnectors: (id: AccountId): string => `${tagOf(id)}:retiredConnectors:${id}`,
  /** Hash: the subscriptions of a cycle (`redis/subscriptions.ts`). The prefix: without the cycle's id. */
  subscriptions: (place: Place): string => `${registryKeys.subscriptionPrefix(place.account)}${place.cycle}`,
  subscriptionPrefix: (id: AccountId): string => `${tagOf(id)}:subscriptions:${id}:`,
  /** Set: ids of the account's cycles that have subscriptions, deleted ones too. */
  subscribedCycles: (id: AccountId): string => `${tagOf(id)}:subscribedCycles:${id}`,
  /**
   * Zset: account and id of each cycle of a partition that has subscriptions, by the time at which it is looked at. String: number of the last end that
   * was ordered.
   */
  subscriptionsDue: (partition: number): string => `{${partition}}:subscriptions:due`,
  subscriptionEnds: (partition: number): string => `{${partition}}:subscriptions:ends`,
  installations: (id: AccountId): string => `${tagOf(id)}:installations:${id}`,
  operations: (id: AccountId): string => `${tagOf(id)}:operations:${id}`,
  /** Hash: package to the operation that is under way on it in the account. */
  runningOperations: (id: AccountId): string => `${tagOf(id)}:operations:${id}:running`,
  /** Zset: account and id of each operation of a partition's accounts that has not ended, by the time at which its workflow is to be started, or looked for. */
  operationsDue: (partition: number): string => `{${partition}}:operations`,
  /** + name of a connector · Set: ids of the account's cycles that have webhook steps of it. */
  connectorCycles: (id: AccountId, connector: string): string => `${tagOf(id)}:connectorCycles:${id}:${connector}`,
  /** Hash: version, createdAt, updatedAt; document, identifiers, origin and accountConnectors (JSON). */
  document: (place: Place): string => `${tagOf(place.account)}:document:${place.account}:${place.cycle}`,
  /** Set: every identifier that this cycle ever had, so that all go with it. */
  identifiers: (place: Place): string => `${tagOf(place.account)}:identifiers:${place.account}:${place.cycle}`,
  /** Stream: incidents of the cycle. */
  incidents: (place: Place): string => `${tagOf(place.account)}:incidents:${place.account}:${place.cycle}`,
  /** Bitmap: numbers of the incidents that were taken from one run of a transaction. */
  incidentsTaken: (place: Place, transaction: string, run: string): string =>
    `${tagOf(place.account)}:incidents:${place.account}:${place.cycle}:${transaction}:${run}`,
  /** Stream: notifications of a partition's accounts whose workflows are still to be started. */
  outbox: (partition: number): string => `{${partition}}:outbox`,
  /** + id · Hash: a notification, where it stands, its order. */
  notification: (id: string): string => `${LOG}:one:${id}`,
  /** + id · Zset: its tries (JSON) by their time. */
  notificationTries: (id: string): string => `${LOG}:tries:${id}`,
  /** Zset: ids of notifications by their order, growing: µs since the epoch when they came. */
  notifications: `${LOG}:all`,
  /** + status · Zset: the same of those that stand there. */
  notificationsByStatus: (status: string): string => `${LOG}:status:${status}`,
  /** String: account, cycle and step behind an identifier. */
  webhook: (identifier: Identifier): string => `webhook:{${identifier}}`,
  /** String: what a token may do, by the token's hash. */
  token: (hash: string): string => `token:{${hash}}`,
  /** String: an authorisation that a user was sent to, sealed, by the hash of its state. */
  oauthState: (hash: string): string => `oauth:state:{${hash}}`,
  /** String: what a link of our pages to an authorisation leads to, by the hash of its ticket. */
  authorizeTicket: (hash: string): string => `oauth:ticket:{${hash}}`,
  /** String: token of who refreshes this account connector's tokens now. String: since when a refresh has had no known end. */
  oauthLease: (account: AccountId, id: string): string => `${tagOf(account)}:oauth:lease:${account}:${id}`,
  oauthBegun: (account: AccountId, id: string): string => `${tagOf(account)}:oauth:begun:${account}:${id}`,
  /** + token of the lease · String: what came of it, for those who wait. */
  oauthOutcome: (account: AccountId, id: string, lease: string): string => `${tagOf(account)}:oauth:outcome:${account}:${id}:${lease}`,
  /** String: what the token of a deploy call leads to, by its hash; what a browser's session may do, by its hash. */
  signIn: (hash: string): string => `signIn:{${hash}}`,
  session: (hash: string): string => `session:{${hash}}`,
  /** Hash: subject to what the session's user has chosen so far, sealed. */
  drafts: (hash: string): string => `session:{${hash}}:drafts`,
  /** String: the answer to a management POST, by the hash of its scope and key. */
  answer: (hash: string): string => `answer:{${hash}}`,
  /** List: the latest turns of calls that are limited. String: the turn that one call waits for. */
  rate: (account: AccountId, of: string): string => `${tagOf(account)}:rate:${account}:${of}`,
  rateTurn: (account: AccountId, of: string, call: string): string => `${tagOf(account)}:rate:${account}:${of}:${call}`,
} as const

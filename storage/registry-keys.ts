/**
 * All keys of the registry. What belongs to an account's cycles stands under the hash tag of the account's partition, as the inbox's keys do, so
 * that one script can see both; what is looked up by something else (API id, identifier, token) cannot.
 */
import type { AccountId, Identifier, Place } from '../domain/ids.ts'
import { partitionOf } from './keys.ts'

/** Hash tag of the account's partition. */
const tagOf = (account: AccountId): string => `{${partitionOf(account)}}`

export const registryKeys = {
  /** Zset: account id by time of creation. */
  accounts: '{registry}:accounts',
  /** Hash: API id to account id. */
  apiIds: '{registry}:apiIds',
  /** Hash: the account's record. */
  account: (id: AccountId): string => `${tagOf(id)}:account:${id}`,
  /** Zset: ids of the account's cycles by time of creation. */
  cycles: (id: AccountId): string => `${tagOf(id)}:cycles:${id}`,
  /** Hash: version, createdAt, updatedAt, document and identifiers (JSON). */
  document: (place: Place): string => `${tagOf(place.account)}:document:${place.account}:${place.cycle}`,
  /** Set: every identifier that this cycle ever had, so that all go with it. */
  identifiers: (place: Place): string => `${tagOf(place.account)}:identifiers:${place.account}:${place.cycle}`,
  /** Stream: incidents of the cycle. */
  incidents: (place: Place): string => `${tagOf(place.account)}:incidents:${place.account}:${place.cycle}`,
  /** Bitmap: numbers of the incidents that were taken from one run of a transaction. */
  incidentsTaken: (place: Place, transaction: string, run: string): string =>
    `${tagOf(place.account)}:incidents:${place.account}:${place.cycle}:${transaction}:${run}`,
  /** String: account, cycle and step behind an identifier. */
  webhook: (identifier: Identifier): string => `webhook:{${identifier}}`,
  /** String: what a token may do, by the token's hash. */
  token: (hash: string): string => `token:{${hash}}`,
  /** String: the answer to a management POST, by the hash of its scope and key. */
  answer: (hash: string): string => `answer:{${hash}}`,
} as const

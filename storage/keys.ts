/**
 * All keys of inbox and blobs in Redis. Everything of one account lies under the hash tag of its partition (`{0}` to `{15}`), so that each
 * operation is one atomic script. Scripts get two keys, the cycle's and the partition's, and append the suffixes below.
 */
import { createHash } from 'node:crypto'
import type { AccountId, CycleId, Place, StepId } from '../domain/ids.ts'
import type { MatchValue, RequestKey } from './inbox.ts'

export const PARTITIONS = 16

/** FNV-1a over the account's id: stable for ever, as it decides where data lies. */
export function partitionOf(account: AccountId): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < account.length; i++) hash = Math.imul(hash ^ account.charCodeAt(i), 0x01000193)
  return (hash >>> 0) % PARTITIONS
}

/** Hash of one partition: `bytes`, what its inboxes hold. */
export const partitionKey = (partition: number): string => `{${partition}}:inbox`

/** Hash of one cycle: state, epoch, counters, lease. */
export const cycleKey = (place: Place): string => cycleKeyIn(partitionOf(place.account), place.cycle)
export const cycleKeyIn = (partition: number, cycle: CycleId): string => `{${partition}}:cycle:${cycle}`

/** Between a partition's tag and an account's id: the account's record in the registry, which has its limit. */
export const accountRecord = ':account:'
/** The same for the sorted set of the account's cycles. */
export const accountCycles = ':cycles:'

/** What a partition has beside its hash, appended to its key. */
export const partitionSuffix = {
  /** List of accounts that have a ready cycle, each once. */
  ring: ':ring',
  /** + account: list of its ready cycles. */
  ready: ':ready:',
  /** + account: hash. running: members of all its cycles; line: turns given in the line. */
  places: ':places:',
  /** + account: sorted set of the keys of its cycles that lack only a place of the account, by turn. */
  line: ':line:',
  /** List of tokens, one for each cycle that became ready: what workers block on. */
  wake: ':wake',
  /** Sorted set: cycle by the time at which the sweep has to look at it. */
  due: ':due',
  /** Sorted set: cycle by the time at which its members are looked through for workflows to ask about. */
  ask: ':ask',
  /** Worker that looks after the partition, for a few seconds. */
  keeper: ':keeper',
  /** Sorted set: cycle by the time at which the first of its transactions goes. */
  removals: ':removals',
  /** Stream of stops and deletes that are still to be carried out. */
  control: ':control',
  /** Sorted set: cycle's key + ` ` + parent + ` ` + split whose items have come as far as the parent waits for, by the time at which it is told (again). */
  wakes: ':wakes',
  /** Stream of what is to become an incident. */
  notices: ':notices',
  /** Sorted set: transactions that run and have to tell what they wait for, by the time at which they are to be asked. */
  strays: ':strays',
} as const

/** What a cycle has beside its hash, appended to its key. */
export const cycleSuffix = {
  /** Stream of starts; id = the cycle's counter. */
  starts: ':starts',
  /** Hash: id of a claimed start → token of its claim. */
  startClaims: ':starts:claims',
  /** Stream of deliveries that have a transaction. */
  deliveries: ':deliveries',
  /** Hash: id of a claimed delivery → token of its claim. */
  deliveryClaims: ':deliveries:claims',
  /** Stream of deliveries without a transaction: accepted while the cycle was not Active. */
  held: ':held',
  /** + transaction + `:` + step: sorted set of the ids of its deliveries that it has not taken. */
  lane: ':lane:',
  /** Sorted sets of deliverable ids: to members (and such as are gone); to waiting ones, which need room. */
  readyMembers: ':ready:m',
  readyWaiting: ':ready:w',
  /** Sorted sets: transaction by the time since when it is there, or was asked about. */
  run: ':run',
  wait: ':wait',
  failed: ':failed',
  /** Sorted set: failed transactions that are to be revived and wait for a place, by their order. */
  revivals: ':revivals',
  /** The same of items (cycles.md 4) that run. */
  items: ':items',
  /** Sorted set: parent + ` ` + split that has not come as far as the parent waits for, by the time since when, or when it was looked at. */
  splitting: ':splitting',
  /** + parent: hash of its splits: their numbers, counts, marks. */
  splits: ':splits:',
  /** + parent + `:` + split: bitmap of the items that are counted. */
  counted: ':counted:',
  /** + parent: sorted set of its items, without its own id, by split and index; the same of those that run. */
  itemsOf: ':items:',
  runningItemsOf: ':items:running:',
  /** + hash of a value: sorted set of transactions by their order. */
  index: ':index:',
  /** + hash of a value: sorted set of early requests. */
  early: ':early:',
  /** Hash: id of an early request → packed entry; sorted set: id by the end of its window. */
  earlyEntries: ':early',
  earlyEnds: ':early:ends',
  /** + transaction: its record. */
  transaction: ':tx:',
  /** + status: sorted set of transactions by their order. */
  byStatus: ':txs:',
  /** Sorted sets of transactions that are over: those still shown, by the time at which they are hidden; hidden ones, by the time at which they go. */
  hiding: ':hiding',
  removals: ':removals',
  /** + hash of an idempotency key. */
  key: ':key:',
  /** + request: what became of a held mid-cycle request. */
  outcome: ':outcome:',
  /** String: the index is whole. It is lost with it, and then rebuilt from Temporal. */
  indexed: ':indexed',
} as const

/** Hash of a transaction's large data, hash of the bytes → bytes; beside it the set of workflows that have put any (`ownerOf` in blobs.ts). */
export const blobsKey = (owner: string): string => `{${owner}}:blobs`
export const blobUsersKey = (owner: string): string => `{${owner}}:blobs:users`

/** Channel on which something about a transaction or a held request is announced. */
export const changeChannel = (id: string): string => `flywheel:change:${id}`
/** Channel on which the transactions that a worker started report that they begin. */
export const begunChannel = (worker: string): string => `flywheel:begun:${worker}`

/** 162 bits of a hash. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 27)

/** A value as the index knows it: step and canonical value hashed together (162 bits). */
export const valueHash = (value: MatchValue): string => hashOf(value.stepId, value.value)
export const hashOf = (stepId: StepId, value: string): string => digest(`${stepId}\0${value}`)
/** An idempotency key as storage knows it; empty where there is none. */
export const keyHash = (key: RequestKey | undefined): string => (key === undefined ? '' : digest(`${key.identifier}\0${key.key}`))

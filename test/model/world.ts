/**
 * A small world around a real inbox: senders, dispatchers, the upkeep and Temporal with its workflows are simulated, the inbox is the
 * real one on a real Redis with the world's own clock. Each action is one script or one call, so that every interleaving can be tried.
 */
import type { Redis } from 'ioredis'
import { randomUUID } from 'node:crypto'
import { asAccountId, asCycleId, asRequestId, asTransactionId, type Place, type RequestId, type TransactionId } from '../../domain/ids.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { Claimed, Inbox, InboxOptions, Replayed, Turn } from '../../storage/inbox.ts'
import type { Scheduling } from '../../storage/inbox-schedule.ts'
import type { Control } from '../../storage/inbox-upkeep.ts'
import { cycleKey, cycleSuffix, partitionOf, valueHash } from '../../storage/keys.ts'

/** ms of one tick, and ages in ticks. */
export const TICK = 1_000
export const AGES = { lease: 2, sweep: 4, window: 3, limit: 12, signalled: 2 } as const
export const options: InboxOptions = {
  stoppedQueueTtlMs: AGES.limit * TICK,
  retentionMs: 40 * 86_400_000,
  inboxLimit: 1_000,
  inboxBytes: 1_000_000,
  inboxTotalBytes: 16_000_000,
  leaseMs: AGES.lease * TICK,
  sweepAgeMs: AGES.sweep * TICK,
  signalledMax: AGES.signalled,
}

/** `a` and `b` come with the trigger's data, for step m1; `c` is registered by the workflow, for step m2. */
export type Value = 'a' | 'b' | 'c'
export const stepOf = (value: Value): string => (value === 'c' ? 'm2' : 'm1')

export interface Sender {
  /** `due`: a run of the cycle's schedule. */
  readonly kind: 'trigger' | 'sync' | 'mid' | 'due'
  readonly key: string
  readonly value: Value
  tries: number
  /** A try of it is out, not yet answered. */
  out: boolean
  acked: boolean
  /** Its last answer was a refusal. */
  refused: boolean
  /** When it was accepted first (or anew, after a drop), in steps of the world. */
  acceptedAt: number
  /** What it was answered with. */
  transactions: TransactionId[]
  request: RequestId | undefined
  /** Of a run of a schedule: the start of the cycle that it belongs to. */
  activation: number | undefined
}

export interface Budget {
  user: number
  edits: number
  deletes: number
  crashes: number
  errors: number
  lost: number
  late: number
  retires: number
  terminations: number
  /** Operators that want a failed one to go on, or to end. */
  mends: number
  /** Splits into two items. */
  splits: number
  stops: number
  refusals: number
  downs: number
  /** Changes of the account's limit, and starts in the neighbour. */
  limits: number
  neighbours: number
  retries: number
  ticks: number
}

export interface Scenario {
  /** The cycle's trigger is a schedule, whose runs are the senders of kind `due`. */
  readonly scheduled: boolean
  /** It runs once. */
  readonly once: boolean
  /** The cycle stops after its first run. */
  readonly first: boolean
  readonly max: number | undefined
  /** The account's. */
  readonly accountMax: number | undefined
  readonly senders: readonly Pick<Sender, 'kind' | 'value'>[]
  readonly budget: Budget
}

/** What a simulated workflow asks the inbox next. */
export type Ask =
  | { readonly name: 'begin'; readonly values: readonly Value[] }
  | { readonly name: 'register' }
  | { readonly name: 'resume'; readonly step: string; readonly id: number; readonly request: RequestId }
  | { readonly name: 'park'; readonly seen: Record<string, number> }
  | { readonly name: 'check' }
  | { readonly name: 'fail'; readonly consumed: Record<string, number>; readonly asked: number }
  | { readonly name: 'revive'; readonly asked: number }
  | { readonly name: 'beginItem'; readonly parent: TransactionId; readonly split: string }
  | { readonly name: 'await'; readonly split: string; readonly items: number }
  | { readonly name: 'end'; readonly consumed: Record<string, number>; readonly status: EndStatus }

export interface Workflow {
  readonly transaction: TransactionId
  readonly value: Value
  open: boolean
  phase:
    | 'begin'
    | 'beginItem'
    | 'await'
    | 'items'
    | 'run'
    | 'register'
    | 'stand'
    | 'resume'
    | 'park'
    | 'idle'
    | 'check'
    | 'fail'
    | 'failed'
    | 'revive'
    | 'ending'
    | 'closing'
  /** Where a check returns to. */
  back: 'run' | 'stand' | 'idle' | 'failed' | 'items'
  queue: { readonly id: number; readonly step: string; readonly request: RequestId; readonly again: boolean }[]
  seen: Record<string, number>
  consumed: Record<string, number>
  registered: boolean
  reached: boolean
  hinted: boolean
  status: EndStatus
  /** Number of its last question by `fail` or `revive`. */
  asked: number
  inRun: boolean
  parked: boolean
  /** Of an item: its parent and its split, whether it runs in its parent's place, and whether it has to tell its parent something. */
  readonly parent: TransactionId | undefined
  readonly splitName: string
  placeless: boolean
  tells: boolean
  /** Of a parent: the split whose items it waits for, how many splits it had, and whether it was told to look. */
  split: { readonly name: string; readonly items: number } | undefined
  splits: number
  told: boolean
  /** Length of the queue when `end` ran: a later signal makes Temporal repeat that task. */
  queueAtEnd: number
  /** Became InProgress last, in steps of the world. */
  inProgressAt: number
  /** Stopped by an operator, or the cycle's stop found it in a run. */
  stopped: boolean
  doomed: boolean
}

export interface Item {
  readonly place: Place
  readonly entry: Claimed
  readonly again: boolean
  state: 'call' | 'done'
  result: 'ok' | 'notFound' | 'refused'
}

export interface Dispatcher {
  turn: Turn | undefined
  items: Item[]
  /** The last claim found nothing. */
  none: boolean
  replay: 'no' | 'read' | 'apply'
  batch: readonly Replayed[]
}

export interface Operation {
  readonly op: Control['op']
  list: TransactionId[] | undefined
  over: boolean
  /** Of `schedule`: what it does next, and what it has read. */
  phase: 'read' | 'write' | 'look'
  seen: Scheduling | undefined
}

/** A sender's call that the api works on: the answer is to be given, or a start is to be made in Temporal first. */
export interface Call {
  readonly sender: number
  readonly transaction: TransactionId | undefined
  readonly at: number
  state: 'ack' | 'start'
}

export interface World {
  readonly inbox: Inbox
  readonly redis: Redis
  readonly place: Place
  readonly scenario: Scenario
  readonly budget: Budget
  now: number
  step: number
  version: number
  deleted: boolean
  settling: boolean
  readonly senders: Sender[]
  readonly api: (Call | undefined)[]
  readonly dispatchers: Dispatcher[]
  readonly workflows: Map<TransactionId, Workflow>
  readonly operations: Map<string, Operation>
  /** Calls of activities that were given up and run later. */
  readonly late: { readonly transaction: TransactionId; readonly ask: Ask }[]
  question: { readonly transaction: TransactionId; readonly since: number; readonly found: 'open' | 'closed' | 'unknown' } | undefined
  temporalUp: boolean
  /** The start of the cycle that the Temporal Schedule belongs to, where there is one. */
  schedule: number | undefined
  /** The cycle's hash as it stood after the last action. */
  hash: Record<string, string>
  /** Another cycle of the account, which shares its places; its transactions, and whether they have begun. */
  readonly neighbour: Place
  readonly neighbours: Map<TransactionId, 'accepted' | 'started' | 'begun'>
  neighbourHash: Record<string, string>
  accountMax: number | undefined
  /** Members of both cycles after the last action. */
  members: number
  /** Step of the last stop; of the last time a drop was marked. */
  lastStop: number
  lastDrop: number
  /** The highest mark of a drop. */
  dropTo: number
  /** Facts about transactions and requests. */
  readonly senderOf: Map<TransactionId | RequestId, number>
  readonly order: Map<TransactionId, number>
  /** When a start was claimed first. */
  readonly claimedAt: Map<TransactionId, number>
  readonly refused: Set<TransactionId>
  readonly dropped: Set<TransactionId>
  readonly delivered: Map<RequestId, TransactionId[]>
  readonly lastTaken: Map<string, number>
  /** Requests that a terminated workflow had taken. */
  readonly excused: Set<RequestId>
  readonly begunOnce: Set<TransactionId>
  readonly trace: string[]
}

export class Violation extends Error {
  override readonly name = 'Violation'
}
export function violate(invariant: string, message: string): never {
  throw new Violation(`${invariant}: ${message}`)
}

export function createWorld(redis: Redis, makeInbox: (clock: () => number) => Inbox, scenario: Scenario): World {
  const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
  const world: World = {
    inbox: makeInbox(() => world.now),
    redis,
    place,
    scenario,
    budget: { ...scenario.budget },
    now: 1_000_000,
    step: 1,
    version: 1,
    deleted: false,
    settling: false,
    senders: scenario.senders.map((sender, i) => ({
      ...sender,
      key: `k${i}`,
      tries: 0,
      out: false,
      acked: false,
      refused: false,
      acceptedAt: 0,
      transactions: [],
      request: undefined,
      activation: undefined,
    })),
    api: [undefined, undefined],
    dispatchers: [0, 1].map(() => ({ turn: undefined, items: [], none: false, replay: 'no', batch: [] })),
    workflows: new Map(),
    operations: new Map(),
    late: [],
    question: undefined,
    temporalUp: true,
    schedule: undefined,
    hash: {},
    neighbour: { account: place.account, cycle: asCycleId(randomUUID()) },
    neighbours: new Map(),
    neighbourHash: {},
    accountMax: scenario.accountMax,
    members: 0,
    lastStop: 0,
    lastDrop: 0,
    dropTo: 0,
    senderOf: new Map(),
    order: new Map(),
    claimedAt: new Map(),
    refused: new Set(),
    dropped: new Set(),
    delivered: new Map(),
    lastTaken: new Map(),
    excused: new Set(),
    begunOnce: new Set(),
    trace: [],
  }
  return world
}

let ids = 0
export const newTransaction = (): TransactionId => asTransactionId(`t${++ids}`)
export const newRequest = (): RequestId => asRequestId(`r${++ids}`)

export const partition = (world: World): number => partitionOf(world.place.account)
const key = (world: World): string => cycleKey(world.place)
/** The cycle's hash as it stands in Redis. */
export const cycleHash = (world: World, place = world.place): Promise<Record<string, string>> => world.redis.hgetall(cycleKey(place))
export const recordOf = (world: World, transaction: TransactionId): Promise<Record<string, string>> =>
  world.redis.hgetall(`${key(world)}${cycleSuffix.transaction}${transaction}`)
export const suffixed = (world: World, suffix: string, place = world.place): string => cycleKey(place) + suffix
export const indexKey = (world: World, value: Value): string => `${key(world)}${cycleSuffix.index}${valueHash({ stepId: stepOf(value), value })}`
export const earlyKey = (world: World, value: Value): string => `${key(world)}${cycleSuffix.early}${valueHash({ stepId: stepOf(value), value })}`

/** Whether a delivery was matched once more: such a one may come out of its order. */
export async function wasRematched(world: World, id: number): Promise<boolean> {
  const found = await world.redis.xrange(suffixed(world, cycleSuffix.deliveries), `${id}-0`, `${id}-0`)
  const fields = found[0]?.[1] ?? []
  return fields[fields.indexOf('x') + 1] === '1'
}

/** One inbox on a database of its own with a clock of its own, and cycles in it. */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { asAccountId, asCycleId, asRequestId, asTransactionId, type AccountId, type Place, type TransactionId } from '../../domain/ids.ts'
import type { Claimed, ClaimedDelivery, ClaimedStart, Inbox, InboxOptions, MidCycleRequest, TriggerRequest, Turn } from '../../storage/inbox.ts'
import type { Members, Removal } from '../../storage/inbox-upkeep.ts'
import { partitionKey, PARTITIONS, partitionOf, partitionSuffix } from '../../storage/keys.ts'
import { createInbox } from '../../storage/redis/inbox.ts'
import { freshRedis } from '../support/redis.ts'

export const HOUR = 3_600_000
export const DAY = 24 * HOUR
const defaults: InboxOptions = {
  stoppedQueueTtlMs: DAY,
  retentionMs: 31 * DAY,
  inboxLimit: 1_000,
  inboxBytes: 100_000,
  inboxTotalBytes: 16_000_000,
}

export interface Fixture {
  readonly inbox: Inbox
  readonly redis: Redis
  /** Moves the clock on, in ms. */
  pass(ms: number): void
  now(): number
  /** `scheduled`: its trigger is a schedule. */
  cycle(options?: { readonly active?: boolean; readonly account?: AccountId; readonly scheduled?: boolean; readonly once?: boolean }): Promise<Cycle>
  sweep(): Promise<void>
  /** Lets go what is past its retention; answers what went. */
  remove(): Promise<readonly Removal[]>
  close(): Promise<void>
}

/** Calls on one cycle with the arguments that a test does not care about filled in. */
export interface Cycle {
  readonly place: Place
  trigger(over?: Partial<TriggerRequest> & { readonly value?: string }): ReturnType<Inbox['acceptTrigger']>
  /** Accepted: the transaction's id. */
  accepted(over?: Partial<TriggerRequest> & { readonly value?: string }): Promise<TransactionId>
  request(over?: Partial<MidCycleRequest>): ReturnType<Inbox['acceptMidCycle']>
  take(): Promise<Turn>
  claim(turn: Turn, maxConcurrency?: number): Promise<readonly Claimed[]>
  /** Accepted, claimed, started and begun. */
  running(over?: Partial<TriggerRequest> & { readonly value?: string }): Promise<TransactionId>
  /** The same, and it waits. */
  waiting(over?: Partial<TriggerRequest> & { readonly value?: string }): Promise<TransactionId>
  status(): Promise<NonNullable<Awaited<ReturnType<Inbox['status']>>>>
  statusOf(transaction: TransactionId): Promise<string | undefined>
}

export const isStart = (entry: Claimed): entry is ClaimedStart => entry.kind === 'start'
export const isDelivery = (entry: Claimed): entry is ClaimedDelivery => entry.kind === 'delivery'

/** All pages of a listing, sorted. */
export async function allOf(page: Inbox['doomed'], cycle: Cycle): Promise<readonly TransactionId[]> {
  const found = new Set<TransactionId>()
  for (let from: string | undefined = ''; from !== undefined;) {
    const { transactions, next }: Members = await page(cycle.place, from, 10)
    for (const transaction of transactions) found.add(transaction)
    from = next
  }
  return [...found].toSorted()
}

export async function createFixture(over: Partial<InboxOptions> = {}): Promise<Fixture> {
  const redis = (await freshRedis()).client
  let time = 1_700_000_000_000
  const made = createInbox({ redis, options: { ...defaults, ...over }, clock: () => time })

  async function cycle({
    active = true,
    account = asAccountId(randomUUID()),
    scheduled = false,
    once = false,
  }: Parameters<Fixture['cycle']>[0] = {}): Promise<Cycle> {
    const place: Place = { account, cycle: asCycleId(randomUUID()) }
    await made.create(place, 1, { scheduled, once })
    if (active) await made.activate(place)
    const self: Cycle = {
      place,
      trigger: ({ value, ...request } = {}) =>
        made.acceptTrigger({
          place,
          version: 1,
          transaction: asTransactionId(randomUUID()),
          stepId: 'order',
          data: '{}',
          values: value === undefined ? [] : [{ stepId: 'despatched', value }],
          held: false,
          ...request,
        }),
      async accepted(request) {
        const answer = await self.trigger(request)
        if (answer.outcome !== 'accepted') throw new Error(`not accepted: ${answer.outcome}`)
        return answer.transaction
      },
      request: request =>
        made.acceptMidCycle({
          place,
          version: 1,
          request: asRequestId(randomUUID()),
          stepId: 'despatched',
          data: '{}',
          value: 'v',
          window: 60_000,
          held: true,
          ...request,
        }),
      async take() {
        // What other tests left ready is taken and left alone.
        for (let empty = 0; empty < 2;) {
          const turn = await made.take('worker')
          if (turn?.place.cycle === place.cycle) return turn
          if (turn !== undefined) continue
          empty++
          await redis.del(...Array.from({ length: PARTITIONS }, (_, p) => partitionKey(p) + partitionSuffix.wake))
          await redis.rpush(partitionKey(partitionOf(account)) + partitionSuffix.wake, '1')
          await made.waitForWork(1_000, new AbortController().signal)
        }
        throw new Error('no cycle is ready')
      },
      async claim(turn, maxConcurrency) {
        const answer = await made.claim(turn, 50, maxConcurrency)
        if (answer.state !== 'ok') throw new Error(`claim answered ${answer.state}`)
        return answer.entries
      },
      async running(request) {
        const transaction = await self.accepted(request)
        const turn = await self.take()
        for (const entry of await self.claim(turn)) if (isStart(entry)) await made.startDone(turn, entry)
        await made.begin(place, transaction, [], undefined)
        await made.release(turn)
        return transaction
      },
      async waiting(request) {
        const transaction = await self.running(request)
        await made.park(place, transaction, {})
        return transaction
      },
      async status() {
        const found = await made.status(place)
        if (found === undefined) throw new Error('the cycle is gone')
        return found
      },
      statusOf: async transaction => (await made.transaction(place, transaction))?.status,
    }
    return self
  }

  return {
    inbox: made,
    redis,
    pass: ms => void (time += ms),
    now: () => time,
    cycle,
    async sweep() {
      for (let p = 0; p < PARTITIONS; p++) await made.sweep(p)
    },
    async remove() {
      const gone: Removal[] = []
      for (let p = 0; p < PARTITIONS; p++) {
        for (const removal of await made.removals(p, 100)) {
          await made.removed(removal.place, [removal.transaction])
          gone.push(removal)
        }
      }
      return gone
    },
    async close() {
      await made.close()
      await redis.quit()
    },
  }
}

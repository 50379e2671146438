/** What a stopped or deleted cycle still owes in Temporal (protocol.md, stop op and delete op). Both may be repeated at any point. */
import { batchesOf } from '../domain/batches.ts'
import type { Place, TransactionId } from '../domain/ids.ts'
import type { InboxUpkeep, Members } from '../storage/inbox-upkeep.ts'
import type { Subscriptions } from '../storage/subscriptions.ts'
import type { ActivityRuntime } from './runtime.ts'
import type { Schedules } from './schedules.ts'

/** Sends to workflows of transactions; one that is closed or unknown is fine. */
export interface TransactionSignals {
  checkStop(place: Place, transaction: TransactionId): Promise<void>
  stop(place: Place, transaction: TransactionId): Promise<void>
  terminate(place: Place, transaction: TransactionId): Promise<void>
}

export interface OperationDeps {
  readonly inbox: Pick<InboxUpkeep, 'doomed' | 'everyone' | 'purge' | 'runningItems'>
  readonly signals: TransactionSignals
  readonly schedules: Pick<Schedules, 'remove'>
  readonly registry: { readonly subscriptions: Pick<Subscriptions, 'end'> }
  readonly runtime: () => ActivityRuntime
}

const PAGE = 100
const AT_ONCE = 10

async function forAll(deps: OperationDeps, page: (from: string) => Promise<Members>, act: (transaction: TransactionId) => Promise<void>): Promise<void> {
  const runtime = deps.runtime()
  for (let from: string | undefined = ''; from !== undefined;) {
    const { transactions, next }: Members = await page(from)
    runtime.heartbeat()
    runtime.signal.throwIfAborted()
    for (const batch of batchesOf(transactions, AT_ONCE)) {
      await Promise.all(batch.map(act))
      runtime.heartbeat()
    }
    from = next
  }
}

/** Hints to every transaction that a stop doomed: each asks the index itself. */
export const stopDoomed = (deps: OperationDeps, place: Place): Promise<void> =>
  forAll(
    deps,
    from => deps.inbox.doomed(place, from, PAGE),
    transaction => deps.signals.checkStop(place, transaction),
  )

/** Takes the schedule of a deleted cycle away, terminates its transactions, orders the end of its subscriptions, then takes its last keys away. */
export async function removeAll(deps: OperationDeps, place: Place): Promise<void> {
  await deps.schedules.remove(place.cycle)
  await forAll(
    deps,
    from => deps.inbox.everyone(place, from, PAGE),
    transaction => deps.signals.terminate(place, transaction),
  )
  // Whatever an application takes its time for is another operation's.
  await deps.registry.subscriptions.end(place, 'all')
  await deps.inbox.purge(place)
}

/** Stops the items of a split that have not ended. */
export const stopItems = (deps: OperationDeps, place: Place, parent: TransactionId, split: string): Promise<void> =>
  forAll(
    deps,
    after => deps.inbox.runningItems(place, parent, split, after, PAGE),
    item => deps.signals.stop(place, item),
  )

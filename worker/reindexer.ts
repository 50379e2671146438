/**
 * Rebuilds the index from Temporal where Redis lost it (protocol.md, Rebuilding): by itself for cycles whose index is missing, and for all when it was
 * requested. One worker does it; another goes on where it died.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransactionSignals } from '../activities/operations.ts'
import { batchesOf, inBatches } from '../domain/batches.ts'
import type { Logger } from '../platform/logger.ts'
import type { Place } from '../domain/ids.ts'
import { PARTITIONS } from '../storage/keys.ts'
import type { InboxRebuild } from '../storage/rebuild.ts'
import type { ReindexWork } from '../storage/reindex.ts'
import type { RegistryGuard } from '../storage/registry-guard.ts'
import type { ListedTransaction, OpenTransactions } from './open-transactions.ts'

export interface ReindexerDeps {
  readonly inbox: InboxRebuild
  readonly work: ReindexWork
  readonly open: OpenTransactions
  readonly signals: Pick<TransactionSignals, 'checkStop'>
  readonly guard: Pick<RegistryGuard, 'look'>
  readonly workerId: string
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

export interface Reindexer {
  run(signal: AbortSignal): Promise<void>
}

const EACH = 1_000
const AFTER_ERROR = 5_000
/** Cycles that are listed together. */
const CYCLES = 50
/** Calls to Redis at once. */
const AT_ONCE = 50
/** Strays of one partition that are asked in one round, and signals at once. */
const STRAYS = 500
const SIGNALS = 20
/** How often it is looked for cycles whose index is missing, in rounds: all cycles are gone through. */
const LOOK = 3

/** Items that are recorded at once, after all else. */
const ITEMS = 1_000

/** Items of a split have the id of their parent before their own (cycles.md 4). */
const isItem = ({ transaction }: ListedTransaction): boolean => transaction.includes('.')

export function createReindexer(deps: ReindexerDeps): Reindexer {
  const { inbox, work, logger, workerId } = deps
  let round = 0
  const partitions = Array.from({ length: PARTITIONS }, (_, p) => p)

  /** Transactions that run are asked what they wait for: they answer with their own question. */
  async function askStrays(): Promise<void> {
    const strays = (await Promise.all(partitions.map(p => inbox.strays(p, STRAYS)))).flat()
    await inBatches(strays, SIGNALS, async ({ place, transaction }) => {
      await deps.signals.checkStop(place, transaction)
      await inbox.strayDone(place, transaction)
    })
  }

  /** Answers whether all was done: another worker may have taken it over. */
  async function rebuild(places: readonly Place[]): Promise<boolean> {
    await inBatches(places, AT_ONCE, place => inbox.beginRebuild(place))
    for (const some of batchesOf(places, CYCLES)) {
      if (!(await work.keep(workerId))) return false
      const items: ListedTransaction[] = []
      for await (const page of deps.open.pages(some.map(({ cycle }) => cycle))) {
        items.push(...page.filter(isItem))
        await record(
          some,
          page.filter(one => !isItem(one)),
        )
        if (!(await work.keep(workerId))) return false
      }
      // Lists have the youngest first; an item counts for its parent, which has to be there.
      for (const batch of batchesOf(items, ITEMS)) await record(some, batch)
      await inBatches(some, AT_ONCE, place => inbox.endRebuild(place))
      await work.add({ cyclesDone: some.length })
      await askStrays()
    }
    return true
  }

  async function record(places: readonly Place[], page: readonly ListedTransaction[]): Promise<void> {
    await inBatches(places, AT_ONCE, place =>
      inbox.rebuild(
        place,
        page.filter(({ cycle }) => cycle === place.cycle),
      ),
    )
    const waiting = page.filter(({ kind }) => kind === 'waiting').length
    await work.add({ waiting, running: page.length - waiting })
  }

  async function pass(): Promise<void> {
    if (!(await work.keep(workerId)) || (await deps.guard.look()) !== 'there') return
    await askStrays()
    const all = await work.requested()
    if (!all && round++ % LOOK !== 0) return
    const places = (await Promise.all(partitions.map(p => inbox.toRebuild(p, all)))).flat()
    if (places.length === 0 && !all) return
    logger.info({ cycles: places.length, requested: all }, 'rebuilding the index from Temporal')
    const began = performance.now()
    await work.begin(places.length, all)
    if (!(await rebuild(places))) return
    await work.end()
    logger.info({ cycles: places.length, ms: Math.round(performance.now() - began) }, 'the index is rebuilt')
  }

  return {
    async run(signal) {
      for (let told = false; !signal.aborted;) {
        let pause = EACH
        try {
          await pass()
          told = false
        } catch (error) {
          pause = AFTER_ERROR
          if (!told) logger.warn({ err: error }, 'The index cannot be looked after; trying again')
          told = true
          await work.failed(error instanceof Error ? error.message : String(error)).catch(() => undefined)
        }
        await sleep(pause, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

/** Runs the inbox's scripts: one EVALSHA each, all of one tick in one round trip. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { StorageUnavailable, UnknownCycle } from '../../domain/errors.ts'
import type { CycleId, Place } from '../../domain/ids.ts'
import type { InboxOptions } from '../inbox.ts'
import { cycleKeyIn, partitionKey, partitionOf } from '../keys.ts'
import { createLinker } from '../lua/library.ts'

type Argument = string | number

export interface InboxScripts {
  /** Runs a script on one cycle. Rejects with `StorageUnavailable` where Redis did not answer, or could not. */
  cycle(script: string, place: Place, ...args: readonly Argument[]): Promise<unknown>
  /** The same for a cycle whose key is known. */
  cycleAt(script: string, partition: number, key: string, ...args: readonly Argument[]): Promise<unknown>
  /** Runs a script on a partition: both keys are the partition's. */
  partition(script: string, partition: number, ...args: readonly Argument[]): Promise<unknown>
  /** Any other command, with the same errors. */
  command<T>(call: (redis: Redis) => Promise<T>): Promise<T>
}

/** Replies that say "not now": loading, out of memory, a replica, a full disk, a script that blocks. */
const UNAVAILABLE = /^(LOADING|OOM|MISCONF|READONLY|BUSY|NOREPLICAS|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|NOAUTH|UNKILLABLE)/

export function storageError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageUnavailable) return error
  if (error.message.startsWith('NOCYCLE')) return new UnknownCycle(error.message, { cause: error })
  if (error.name === 'ReplyError' && !UNAVAILABLE.test(error.message)) return error
  return new StorageUnavailable(error.message, { cause: error })
}

/** `clock` is a test's own, in ms; without one Redis's counts. */
export function createInboxScripts(redis: Redis, options: InboxOptions, clock: (() => number) | undefined): InboxScripts {
  const link = createLinker(options)
  const texts = new Map<string, { readonly text: string; readonly sha: string }>()

  function prepared(script: string): { readonly text: string; readonly sha: string } {
    let found = texts.get(script)
    if (found === undefined) {
      const text = link(script)
      found = { text, sha: createHash('sha1').update(text).digest('hex') }
      texts.set(script, found)
    }
    return found
  }

  async function run(script: string, cycle: string, partition: string, args: readonly Argument[]): Promise<unknown> {
    const { text, sha } = prepared(script)
    const now = clock === undefined ? '' : clock()
    try {
      return await redis.evalsha(sha, 2, cycle, partition, now, ...args)
    } catch (error) {
      // A Redis that was restarted has forgotten its scripts; nothing of this one has run.
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw storageError(error)
    }
    try {
      return await redis.eval(text, 2, cycle, partition, now, ...args)
    } catch (error) {
      throw storageError(error)
    }
  }

  return {
    cycle(script, place, ...args) {
      const partition = partitionOf(place.account)
      return run(script, cycleKeyIn(partition, place.cycle), partitionKey(partition), args)
    },
    cycleAt: (script, partition, key, ...args) => run(script, key, partitionKey(partition), args),
    partition: (script, partition, ...args) => run(script, partitionKey(partition), partitionKey(partition), args),
    async command(call) {
      try {
        return await call(redis)
      } catch (error) {
        throw storageError(error)
      }
    },
  }
}

/** Prefix of the keys of a partition's cycles. */
export const cyclePrefix = (partition: number): string => cycleKeyIn(partition, '' as CycleId)

/** The rate limit of a connector delays its calls (connectors.md 3); it fails none. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import type { RateLimit } from '../../domain/connector.ts'
import { parseDuration } from '../../domain/duration.ts'
import type { AccountId } from '../../domain/ids.ts'
import type { RateLimits } from '../../storage/rate-limits.ts'

/** `type` of the failure with which an activity comes again when its turn is near. */
export const WAITS_ITS_TURN = 'rateLimited'

/** A longer wait does not keep a place of the worker: Temporal runs the activity again when it is over. */
const HELD_MS = 10_000
/** Timers end a little early. */
const MARGIN_MS = 1

export interface Turns {
  /** Resolves at the turn of a call. `long`: whatever the wait is. */
  await(call: string, signal: AbortSignal, options?: { readonly long: boolean }): Promise<void>
}

/** `of`: the account connector. */
export function createTurns(limits: RateLimits, account: AccountId, of: string, rate: RateLimit | undefined): Turns {
  const perMs = rate === undefined ? 0 : (parseDuration(rate.per) ?? 0)
  return {
    async await(call, signal, { long } = { long: false }) {
      if (rate === undefined || perMs === 0) return
      for (;;) {
        const wait = await limits.take(account, of, call, { requests: rate.requests, perMs })
        if (wait <= 0) return
        if (wait > HELD_MS && !long)
          throw ApplicationFailure.create({ message: 'The rate limit of the connector: the call waits its turn', type: WAITS_ITS_TURN, nextRetryDelay: wait })
        await sleep(wait + MARGIN_MS, undefined, { signal })
      }
    },
  }
}

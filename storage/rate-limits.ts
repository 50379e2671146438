/** Turns of calls that are limited, over all workers (connectors.md 3). */
import type { AccountId } from '../domain/ids.ts'

export interface RateLimits {
  /**
   * How long the call waits for its turn, in ms; 0: it is now. In any span of `perMs` there are at most `requests` turns of one `of`. The same `call`
   * keeps the turn that it was given until it has come.
   */
  take(account: AccountId, of: string, call: string, rate: { readonly requests: number; readonly perMs: number }): Promise<number>
}

/** How long a transaction is kept (cycles.md 6). */
import type { TransactionInput } from '../messages.ts'

/** It is removed that long after its acceptance at the latest (ms since the epoch); a run in progress ends first. */
export const removedAt = (input: TransactionInput): number => input.acceptedAt + input.limits.retentionMs

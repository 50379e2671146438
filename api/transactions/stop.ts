import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../domain/errors.ts'
import type { Place, TransactionId } from '../../domain/ids.ts'
import type { Services } from '../services.ts'

/** Time between the claim of a transaction and its workflow's being there: what is asked for meanwhile is asked again. */
const STARTING_MS = 5_000
const PAUSE_MS = 100

/**
 * Stops a transaction: taken out of the inbox where it still stands there, else its workflow is asked. One that is over stays as it is.
 * Throws `transaction_not_found`, and `service_unavailable` where Temporal could not be asked.
 */
export async function stopTransaction({ inbox, temporal }: Pick<Services, 'inbox' | 'temporal'>, place: Place, id: TransactionId): Promise<void> {
  const until = performance.now() + STARTING_MS
  for (;;) {
    const found = await inbox.stopTransaction(place, id)
    if (found === 'unknown') throw new ApiError('transaction_not_found', 'There is no such transaction in this cycle.')
    if (found !== 'signal') return
    const asked = await temporal.stop(place, id)
    if (asked === 'asked') return
    if (asked === 'unreachable') throw new ApiError('service_unavailable', 'Temporal does not answer: the transaction could not be asked to stop. Try again.')
    if (performance.now() > until) throw new ApiError('service_unavailable', 'The transaction has not started in Temporal yet. Try again.')
    await sleep(PAUSE_MS)
  }
}

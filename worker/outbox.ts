/** Starts a workflow for each notification of an outbox (marketplace.md 2): logged first, then started, then taken out, so that a death in between repeats what is harmless. */
import type { Logger } from '../platform/logger.ts'
import type { Notifications, OutboxEntry } from '../storage/notifications.ts'
import type { TemporalPorts } from './temporal-ports.ts'

export interface OutboxDeps {
  readonly notifications: Pick<Notifications, 'outbox' | 'taken' | 'open' | 'reopen' | 'note'>
  readonly temporal: Pick<TemporalPorts, 'notify' | 'notifyAgain'>
  /** ms from a try that failed to the next one. */
  readonly retries: readonly number[]
  readonly logger: Logger
}

const BATCH = 100
const AT_ONCE = 10

/** A pass over one partition's outbox, until it is empty, Temporal does not answer, or `signal` is aborted. */
export type OutboxPass = (partition: number, signal: AbortSignal) => Promise<void>

export function createOutbox({ notifications, temporal, retries, logger }: OutboxDeps): OutboxPass {
  /** Answers whether the entry is dealt with. */
  async function carryOut(entry: OutboxEntry): Promise<boolean> {
    const { what } = entry
    const again = 'again' in what
    const message = again ? await notifications.reopen(what.again) : what.message
    if (message !== undefined) {
      if (!again) await notifications.open(message)
      const input = { ...message, retries }
      const { outcome, reason = '' } = await (again ? temporal.notifyAgain(input) : temporal.notify(input))
      if (outcome === 'later') return false
      if (outcome === 'refused') {
        logger.error({ account: message.account, notification: message.id, reason }, 'Temporal refused to send a notification')
        await notifications.note(message.id, 'Failed', { at: Date.now(), durationMs: 0, error: `Temporal refused to send it: ${reason}` })
      }
    }
    await notifications.taken(entry)
    return true
  }

  return async (partition, signal) => {
    for (;;) {
      const entries = await notifications.outbox(partition, BATCH)
      for (let i = 0; i < entries.length; i += AT_ONCE) {
        const done = await Promise.all(entries.slice(i, i + AT_ONCE).map(carryOut))
        if (done.includes(false) || signal.aborted) return
      }
      if (entries.length < BATCH) return
    }
  }
}

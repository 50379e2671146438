/**
 * Brings the notifications of an outbox to the workflows that send them (marketplace.md 2): logged first, then handed over, then taken out, so that a
 * death in between repeats what is harmless. Those of one installation go one after the other.
 */
import { batchesOf } from '../domain/batches.ts'
import type { Logger } from '../platform/logger.ts'
import type { Notifications, Opened, OutboxEntry } from '../storage/notifications.ts'
import type { NotificationMessage } from '../workflows/messages.ts'
import type { Answered, StartOutcome, TemporalPorts } from './temporal-ports.ts'

export interface OutboxDeps {
  readonly notifications: Pick<Notifications, 'outbox' | 'taken' | 'open' | 'reopen' | 'note'>
  readonly temporal: Pick<TemporalPorts, 'notify' | 'notifyAgain' | 'notifyInOrder'>
  /** ms from a try that failed to the next one. */
  readonly retries: readonly number[]
  readonly logger: Logger
}

const BATCH = 100
const AT_ONCE = 10

/** A pass over one partition's outbox, until it is empty, Temporal does not answer, or `signal` is aborted. */
export type OutboxPass = (partition: number, signal: AbortSignal) => Promise<void>

export function createOutbox({ notifications, temporal, retries, logger }: OutboxDeps): OutboxPass {
  async function opened({ what }: OutboxEntry): Promise<(Opened & { readonly message: NotificationMessage }) | undefined> {
    if ('again' in what) return notifications.reopen(what.again)
    return { message: what.message, ...(await notifications.open(what.message)) }
  }

  function handOver(message: NotificationMessage, order: number, again: boolean): Promise<Answered<StartOutcome>> {
    const input = { ...message, retries }
    if (message.installation !== undefined) return temporal.notifyInOrder(message.installation, { ...input, order, ...(again ? { again } : {}) })
    return again ? temporal.notifyAgain(input) : temporal.notify(input)
  }

  /** Answers whether the entry is dealt with. */
  async function carryOut(entry: OutboxEntry): Promise<boolean> {
    const found = await opened(entry)
    // One that is over was handed over by a worker that died before it took it out.
    if (found?.status === 'Pending') {
      const { message, order } = found
      const { outcome, reason = '' } = await handOver(message, order, 'again' in entry.what)
      if (outcome === 'later') return false
      if (outcome === 'refused') {
        logger.error({ account: message.account, notification: message.id, reason }, 'Temporal refused to send a notification')
        await notifications.note(message.id, 'Failed', { at: Date.now(), durationMs: 0, error: `Temporal refused to send it: ${reason}` })
      }
    }
    await notifications.taken(entry)
    return true
  }

  async function oneByOne(entries: readonly OutboxEntry[]): Promise<boolean> {
    for (const entry of entries) if (!(await carryOut(entry))) return false
    return true
  }

  return async (partition, signal) => {
    for (;;) {
      const entries = await notifications.outbox(partition, BATCH)
      for (const batch of batchesOf(entries, AT_ONCE)) {
        const done = await Promise.all(apart(batch).map(oneByOne))
        if (done.includes(false) || signal.aborted) return
      }
      if (entries.length < BATCH) return
    }
  }
}

/** What may go side by side: all but those of one installation. One that is sent again finds its place by its age. */
function apart(entries: readonly OutboxEntry[]): readonly (readonly OutboxEntry[])[] {
  const rows = new Map<string, OutboxEntry[]>()
  for (const entry of entries) {
    const installation = 'message' in entry.what ? entry.what.message.installation : undefined
    const row = installation === undefined ? entry.id : `${installation.account}/${installation.package}`
    rows.set(row, [...(rows.get(row) ?? []), entry])
  }
  return [...rows.values()]
}

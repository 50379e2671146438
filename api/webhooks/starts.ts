/**
 * Starts that this process sent and that have not begun: a bounded number, so that thousands of senders at once do not bring Temporal down to
 * answering nobody (decision 6). The others wait: accounts have their turns one after the other, an account's starts come in order of acceptance.
 */
import type { AccountId, TransactionId } from '../../domain/ids.ts'
import type { InboxDispatch } from '../../storage/inbox.ts'
import { createPace, BUSY } from '../../platform/pace.ts'
import { createTurns } from './turns.ts'

export interface Starts {
  /** Goes with each start (`startedBy`), so that this process hears when it begins. */
  readonly startedBy: string
  /** Resolves when the start may be sent; with undefined where `giveUp` is raised before. */
  take(account: AccountId, transaction: TransactionId, giveUp: AbortSignal): Promise<StartTurn | undefined>
}

export interface StartTurn {
  /** Whether it is over: Temporal has the transaction. */
  readonly over: boolean
  /** Ends it, where the news that the transaction began has not: the news can be lost. */
  end(): void
}

export function createStarts(inbox: Pick<InboxDispatch, 'onBegun'>, startedBy: string, pace = createPace(BUSY)): Starts {
  const turns = createTurns(() => pace.size)
  // A repeat with the key may stand beside the first one: the same transaction twice.
  const sent = new Map<StartTurn, { readonly transaction: TransactionId; readonly since: number }>()
  inbox.onBegun(startedBy, begun => {
    for (const [turn, { transaction, since }] of sent) {
      if (transaction !== begun) continue
      pace.began(performance.now() - since)
      turn.end()
    }
  })
  return {
    startedBy,
    async take(account, transaction, giveUp) {
      const giveBack = await turns.take(giveUp, account)
      if (giveBack === undefined) return undefined
      const turn: StartTurn = {
        get over() {
          return !sent.has(turn)
        },
        end() {
          sent.delete(turn)
          giveBack()
        },
      }
      sent.set(turn, { transaction, since: performance.now() })
      return turn
    },
  }
}

/**
 * Starts that this process sent and that have not begun: at most so many, so that thousands of senders at once do not bring Temporal down to
 * answering nobody (decision 6). The others wait: accounts have their turns one after the other,
 * and an account's starts come in order of acceptance.
 */
import type { AccountId, TransactionId } from '../../domain/ids.ts'
import type { InboxDispatch } from '../../storage/inbox.ts'
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

/** The dispatcher's number, for the same reason: it keeps a worker busy, and Temporal's own backlog short. */
const WIDTH = 32

export function createStarts(inbox: Pick<InboxDispatch, 'onBegun'>, startedBy: string, width = WIDTH): Starts {
  const turns = createTurns(width)
  // A repeat with the key may stand beside the first one: the same transaction twice.
  const sent = new Map<StartTurn, TransactionId>()
  inbox.onBegun(startedBy, begun => {
    for (const [turn, transaction] of sent) if (transaction === begun) turn.end()
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
      sent.set(turn, transaction)
      return turn
    },
  }
}

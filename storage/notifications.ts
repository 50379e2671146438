/**
 * Notifications: an outbox for each partition, from which the worker starts the workflows that send them, and the delivery log (marketplace.md 2).
 * The log is for people: what is sent is in the workflow.
 */
import type { AccountId } from '../domain/ids.ts'
import type { NotificationMessage, NotificationStatus, NotificationTry } from '../workflows/messages.ts'

/** Something to be sent, and on its way to its workflow. */
export interface OutboxEntry {
  readonly id: string
  readonly partition: number
  /** A new one, or the id of one that is to be sent again. */
  readonly what: { readonly message: NotificationMessage } | { readonly again: string }
}

/** A notification as the log knows it. */
export interface LoggedNotification extends NotificationMessage {
  readonly status: NotificationStatus
  /** ms since the epoch. */
  readonly createdAt: number
  /** The oldest first. */
  readonly tries: readonly NotificationTry[]
}

/** Where one stands in the log. */
export interface Opened {
  readonly status: NotificationStatus
  /** Grows with the notifications that are opened. */
  readonly order: number
}

export interface Notifications {
  /** Entries of one partition, the oldest first; they stay until `taken`. */
  outbox(partition: number, max: number): Promise<readonly OutboxEntry[]>
  taken(entry: OutboxEntry): Promise<void>
  /** Puts one that is logged into the outbox to be sent again. */
  sendAgain(notification: { readonly id: string; readonly account: AccountId }): Promise<void>
  /** Logs a new one as `Pending`; one that is there stays as it is. */
  open(message: NotificationMessage): Promise<Opened>
  /** It is sent again: `Pending`. Undefined where the log has it no more. */
  reopen(id: string): Promise<(Opened & { readonly message: NotificationMessage }) | undefined>
  /** Where it stands now, and the try that brought it there; the same try counts once. Nothing where the log has it no more. */
  note(id: string, status: NotificationStatus, attempt: NotificationTry | undefined): Promise<void>
  get(id: string): Promise<LoggedNotification | undefined>
  /** The newest first, older than `after` (exclusive). `unknown`: there is no such `after`. */
  list(query: { readonly status?: NotificationStatus; readonly after?: string; readonly limit: number }): Promise<readonly LoggedNotification[] | 'unknown'>
}

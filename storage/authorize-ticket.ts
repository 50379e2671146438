import type { AccountId } from '../domain/ids.ts'

/**
 * What a link of our pages leads to, where a user gives an application access (connectors.md 2). It is made in a session and opened in a window that may
 * not have the session's cookie.
 */
export interface AuthorizeTicket {
  readonly account: AccountId
  readonly connectorId: string
  readonly accountConnectorId: string
  /** There is no such account connector yet: it is made once access was given. */
  readonly isNew: boolean
  /** Those that it gets; left out, it keeps its own. */
  readonly settings?: { readonly [name: string]: string }
  /** Path of the page to go back to. */
  readonly back: string
}

/** Tickets are stored hashed, may be used again, since a window that was closed is opened again, and end by themselves. */
export interface AuthorizeTickets {
  put(ticket: string, value: AuthorizeTicket, ttlMs: number): Promise<void>
  get(ticket: string): Promise<AuthorizeTicket | undefined>
}

/** What OAuth 2.0 needs beside the records: authorisations on their way, and one refresh at a time for one account connector (connectors.md 2). */
import type { AccountId } from '../domain/ids.ts'

/** Authorisations that users were sent to, by their state, which is stored hashed and works once. */
export interface Authorizations {
  /** `pending`: sealed by the caller. */
  put(state: string, pending: string, ttlMs: number): Promise<void>
  /** Takes it away: of two that come with one state, one gets it. */
  take(state: string): Promise<string | undefined>
}

/** `busy`: somebody else refreshes, under that lease. `begun`: an earlier refresh began then (ms since the epoch) and nobody knows how it ended. */
export type LeaseAnswer = { readonly state: 'mine'; readonly lease: string; readonly begun?: number } | { readonly state: 'busy'; readonly lease: string }

/** `lost`: whoever held it is gone without a word. `failed`: why no token came, for people. */
export type LeaseOutcome =
  { readonly state: 'running' } | { readonly state: 'done' } | { readonly state: 'lost' } | { readonly state: 'failed'; readonly reason: string }

/** The right to refresh the tokens of one account connector, over all processes. */
export interface RefreshLeases {
  take(account: AccountId, id: string): Promise<LeaseAnswer>
  /** Gives it back and tells those who wait. `known`: the application's answer was received and stored, or it was never asked. */
  finish(account: AccountId, id: string, lease: string, outcome: { readonly known: boolean; readonly failed?: string }): Promise<void>
  /** How another's lease stands. */
  look(account: AccountId, id: string, lease: string): Promise<LeaseOutcome>
}

/** All methods reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export interface OAuthStore {
  readonly authorizations: Authorizations
  readonly leases: RefreshLeases
  /** Redis's clock, ms since the epoch: one for all processes. */
  now(): Promise<number>
}

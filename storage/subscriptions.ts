import type { AccountId, Place } from '../domain/ids.ts'
import type { Subscription, SubscriptionTerms } from '../domain/subscription.ts'
import type { AccountConnector } from './account-connector.ts'
import type { Records } from './records.ts'

/**
 * Subscriptions of cycles at applications (connectors.md 4), in the partition of their account, where one script sees cycle and account connector too.
 * They outlive cycle, account connector and account, until the application was told. Whatever ends one orders a `cycleOperation`.
 */
export interface Subscriptions {
  of(place: Place): Promise<readonly Subscription[]>
  /** Of an account's cycles, deleted ones too. */
  cyclesOf(account: AccountId): Promise<readonly Place['cycle'][]>
  /**
   * To be called before the application is asked, and leaves the mark. `mine`: for a minute nobody else asks, but for `by` itself, who was cut off
   * then. `busy`: somebody does, or the step has another one. `gone`: the cycle, its account connector, or the subscription is not there any more, or ends.
   */
  ask(place: Place, id: string, terms: SubscriptionTerms, by: string): Promise<'mine' | 'busy' | 'gone'>
  /** The application has made it. `ending`: it is not wanted any more, and will be ended. */
  made(place: Place, id: string, terms: SubscriptionTerms, subscriptionId: string | undefined): Promise<'made' | 'ending'>
  /** The application has answered nothing that helps: the next try may come. */
  unanswered(place: Place, id: string): Promise<void>
  /** They are wanted now. False: one of them has ended. */
  keep(place: Place, ids: readonly string[]): Promise<boolean>
  /** Those of the cycle, or all of it, are to end. */
  end(place: Place, ids: readonly string[] | 'all'): Promise<void>
  /** To be called before the application is asked to end it. `mine`: for a minute nobody else asks for this, or for another of its step. `gone`: it is. */
  askEnd(place: Place, id: string): Promise<'mine' | 'busy' | 'gone'>
  /** It has ended at the application, or was never made there; with the last that needs a deleted account connector that goes too. */
  ended(place: Place, id: string): Promise<void>
  /** Ends those of cycles that were deleted, or have not run for `idleMs`. */
  sweep(partition: number, idleMs: number): Promise<void>
  /** Writes an imported one; one that is there stays. */
  put(place: Place, subscription: Subscription, retired?: AccountConnector): Promise<void>
  /** Account connectors that were deleted and are kept until their subscriptions have ended. */
  retired(account: AccountId): Pick<Records<AccountConnector>, 'get' | 'replace'>
}

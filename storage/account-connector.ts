import type { AccountId } from '../domain/ids.ts'
import type { AccountRecords } from './records.ts'

/** A connector as one account authenticated it (connectors.md 2). Id: a GUID. */
export interface AccountConnector {
  readonly connectorId: string
  /** Tells those of one connector apart. */
  readonly name: string
  readonly settings: { readonly [name: string]: string }
  readonly status: 'Authenticated' | 'Unauthenticated'
  readonly externalId?: string
  /** Sealed JSON. */
  readonly credentials: string
  /** Why it is not authenticated. */
  readonly reason?: string
}

export interface AccountConnectors extends AccountRecords<AccountConnector> {
  /** Those of a connector, in all accounts, that have one of the external ids (webhooks.md 9). */
  holders(connectorId: string, externalIds: readonly string[]): Promise<readonly { readonly account: AccountId; readonly id: string }[]>
}

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

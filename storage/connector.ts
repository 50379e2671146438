import type { ConnectorDocument } from '../domain/connector.ts'
import type { Identifier } from '../domain/ids.ts'

/** A partner's adapter to one application (connectors.md 1). Id: a GUID; its name is unique. */
export interface Connector {
  readonly name: string
  readonly version: string
  readonly definition: ConnectorDocument
  readonly oauthClientId?: string
  /** Sealed. */
  readonly oauthClientSecret?: string
  /** Of the partner webhook's URL. */
  readonly partnerWebhook: Identifier
}

/**
 * The connector document (connectors.md 1) as it stands after validation. Types only: the schema that parses it is `domain/schema/connector.ts`.
 * It never holds a secret: client id and secret of OAuth stand on the connector's record, an account's credentials on its account connector.
 */
import type { BodyType } from './document.ts'
import type { Json } from './json.ts'

export interface ConnectorDocument {
  readonly name: string
  readonly version: string
  readonly description?: string
  readonly icon?: string
  /** Where every path stands under; may hold merge fields `settings.NAME`. */
  readonly baseUrl: string
  readonly settings?: readonly ConnectorSetting[]
  readonly authentication: ConnectorAuthentication
  /** Called after authentication. */
  readonly test?: ConnectorCall
  readonly rateLimit?: RateLimit
  /** Of the partner webhook: path to the external id, or to a list of them. */
  readonly externalIds?: string
  /** `before_webhook` of the partner webhook. */
  readonly script?: string
  readonly methods: readonly ConnectorMethod[]
}

/** Asked for when the connector is authenticated; also what a method is given by its step. */
export interface ConnectorParameter {
  readonly name: string
  readonly label?: string
  readonly description?: string
  /** Default: false. */
  readonly required?: boolean
}
export type ConnectorSetting = ConnectorParameter

export type ConnectorAuthentication =
  | { readonly type: 'none' }
  | { readonly type: 'apiKey'; readonly in: 'header' | 'query'; readonly name: string }
  | { readonly type: 'basic' }
  | { readonly type: 'bearer' }
  | OAuth2Authentication

export interface OAuth2Authentication {
  readonly type: 'oauth2'
  readonly grant: 'authorizationCode' | 'clientCredentials'
  /** There with the grant `authorizationCode`. May hold merge fields `settings.NAME`, as `tokenUrl` may. */
  readonly authorizeUrl?: string
  readonly tokenUrl: string
  readonly scopes?: readonly string[]
  /** Default: true. */
  readonly pkce?: boolean
}

/** At most so many calls in any span of `per`, for each account connector. */
export interface RateLimit {
  readonly requests: number
  readonly per: string
}

/** One HTTP call; merge fields `settings.NAME` and, in a method, `parameters.NAME`. */
export interface ConnectorCall {
  readonly method: string
  readonly path: string
  readonly query?: { readonly [name: string]: Json }
  readonly headers?: { readonly [name: string]: Json }
  readonly body?: Json
  readonly bodyType?: BodyType
}

interface MethodBase {
  readonly id: string
  readonly name?: string
  readonly description?: string
}

/** A method that a `method` step calls. The type is for people; left out, it is as the HTTP method says. */
export interface CallMethod extends MethodBase, ConnectorCall {
  readonly type?: 'read' | 'create' | 'update' | 'delete' | undefined
  readonly parameters?: readonly ConnectorParameter[]
  readonly paging?: Paging
  /** Which part of the answer's body becomes the step's `body`. */
  readonly response?: { readonly path: string }
}

/** A method that a `webhook` step gets events of (connectors.md 4). */
export interface WebhookMethod extends MethodBase {
  readonly type: 'webhook'
  /** `id`: path into the answer to the id of the subscription. Merge field `webhook.url`. */
  readonly subscribe?: ConnectorCall & { readonly id?: string }
  /** Merge fields `subscription.id` and `webhook.url`. */
  readonly unsubscribe?: ConnectorCall
}

export type ConnectorMethod = CallMethod | WebhookMethod

/** Paths to `items` go into the body of the answer; left out, the body is the list. */
export type Paging =
  | {
      readonly type: 'page' | 'offset'
      readonly parameter: string
      readonly size?: { readonly parameter: string; readonly value: number }
      readonly items?: string
    }
  /** `next`: path into the answer, as `body.next`. */
  | { readonly type: 'cursor'; readonly parameter: string; readonly next: string; readonly items?: string }
  | { readonly type: 'link'; readonly items?: string }

/** What an account authenticates itself with; stored sealed, as JSON. */
export interface ConnectorCredentials {
  /** Key or token. */
  readonly authValue?: string
  readonly username?: string
  readonly password?: string
}

/** What a deploy call prepares, and what a browser that came with its token may do (marketplace.md 3). */
import type { AccountId } from '../domain/ids.ts'

/** Of `POST /accounts/{id}/marketplace`. */
export interface MarketplaceVisit {
  readonly page: 'marketplace'
  readonly marketplaceId: string
  /** Where the complete page leads, with the result in the fragment; on one of the marketplace's `returnOrigins`. */
  readonly returnUrl?: string
}

/** Of `POST /accounts/{id}/launch`. */
export interface LaunchVisit {
  readonly page: 'launch'
  readonly start: boolean
  readonly runOnce: boolean
  readonly tags: readonly string[]
  readonly autoInstall: boolean
  readonly singleInstall: boolean
  readonly wizard: boolean
  readonly displayDescriptions: boolean
}

export interface Visit {
  readonly account: AccountId
  readonly to: MarketplaceVisit | LaunchVisit
  readonly inlineOAuth: boolean
  readonly completeParameter?: string
  /** To which the complete page posts its result. */
  readonly targetOrigin?: string
  /** Sealed JSON: a list of `ConnectorAuthentication`. */
  readonly connectorAuthentications?: string
}

/** How a connector is to be authenticated in the account, before the user is asked. */
export interface ConnectorAuthentication {
  /** Of the connector. */
  readonly name: string
  readonly authValue?: string
  readonly username?: string
  readonly password?: string
  readonly properties: readonly { readonly name: string; readonly value: string }[]
}

/** Tokens and session ids are stored hashed; both end by themselves. */
export interface SignIns {
  /** A token that lets one browser in. */
  put(token: string, visit: Visit, ttlMs: number): Promise<void>
  /** Its visit, once: of two that come with it one gets it. */
  take(token: string): Promise<Visit | undefined>
  open(session: string, visit: Visit, ttlMs: number): Promise<void>
  /** The visit of a session, which goes on for so long from now on. */
  get(session: string, ttlMs: number): Promise<Visit | undefined>
  /** What its user has chosen so far, by the subject of the choice: sealed JSON, which goes with the session. */
  draft(session: string, subject: string): Promise<string | undefined>
  /** undefined: forgets it. Nothing where the session has ended. */
  saveDraft(session: string, subject: string, sealed: string | undefined): Promise<void>
}

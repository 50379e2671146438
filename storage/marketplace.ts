/** What a marketplace shows, in this order (marketplace.md 1). */
export type Card =
  | { readonly type: 'package'; readonly packageId: string }
  | { readonly type: 'category'; readonly title: string; readonly description?: string; readonly image?: string; readonly cards: readonly Card[] }
  | { readonly type: 'text'; readonly html: string }
  | { readonly type: 'link'; readonly title: string; readonly description?: string; readonly image?: string; readonly url: string }

/** Signs notifications: `whsec_` and base64, sealed. The first is the one that counts, those after it go on until their time (ms since the epoch). */
export interface MarketplaceSecret {
  readonly sealed: string
  readonly until?: number
}

/** Settings and cards. Id: an integer. */
export interface Marketplace {
  readonly name: string
  readonly notificationUrl?: string
  /** Where its pages may be embedded; sent as CSP `frame-ancestors`. */
  readonly embeddingOrigins: readonly string[]
  /** Where a deploy call's `ReturnUrl` may lead. */
  readonly returnOrigins: readonly string[]
  /** The partner's own HTML, trusted. */
  readonly launchCompleteHtml: string
  /** The partner's own CSS, trusted. */
  readonly css: string
  readonly cards: readonly Card[]
  readonly secrets: readonly MarketplaceSecret[]
}

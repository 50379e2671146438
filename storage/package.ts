/** Templates that are installed together (marketplace.md 1). Id: an integer, unique over all marketplaces. */
export interface Package {
  readonly marketplaceId: string
  readonly name: string
  readonly description: string
  /** URL. */
  readonly image?: string
  /** In the order in which notifications list their cycles. */
  readonly templateIds: readonly string[]
  /** The partner's own HTML, trusted. */
  readonly installedMessage: string
  /** It can be there once in an account. */
  readonly singleInstallation: boolean
  /** Back to the marketplace in place of the complete page. */
  readonly redirectBack: boolean
  /** Its cycles start when they are installed. */
  readonly autoStart: boolean
}

/** The notification that tells a marketplace about an installation (marketplace.md 2). */
import type { InstallationStatus } from '../domain/notification-body.ts'
import type { AccountId } from '../domain/ids.ts'
import type { NotificationMessage } from '../workflows/messages.ts'

export interface InstallationNews {
  /** GUID: the same whenever it is made again for the same operation, so that it is sent once. */
  readonly id: string
  readonly status: InstallationStatus
  readonly account: { readonly id: AccountId; readonly name: string }
  readonly package: { readonly id: string; readonly name: string }
  readonly marketplace: { readonly id: string; readonly notificationUrl?: string | undefined }
  /** Of the partner's settings. */
  readonly userAgent: string
  /** Made by `domain/notification-body.ts`. */
  readonly body: string
}

/** Undefined where the marketplace has no `NotificationUrl`: then nothing is sent. */
export function installationMessage({ id, status, account, package: of, marketplace, userAgent, body }: InstallationNews): NotificationMessage | undefined {
  const { notificationUrl: url } = marketplace
  if (url === undefined || url === '') return undefined
  return {
    id,
    kind: status,
    account: account.id,
    installation: { account: account.id, package: of.id },
    marketplaceId: marketplace.id,
    title: `${of.name} ${status} · ${account.name}`,
    url,
    userAgent,
    body,
  }
}

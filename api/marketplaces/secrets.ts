/** Secrets of marketplaces, which sign their notifications (marketplace.md 2). */
import { randomBytes } from 'node:crypto'
import type { Marketplace, MarketplaceSecret } from '../../storage/marketplace.ts'

/** How long an old one goes on (ms). */
const OVERLAP_MS = 24 * 3_600_000
/** So many signatures still stand in a header. */
const OLD_MAX = 5

/** As Standard Webhooks writes it: `whsec_` and 32 random bytes in base64. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`

/** The new one first; those before it go on for 24 hours from when they were replaced. */
export function rotated(secrets: Marketplace['secrets'], sealed: string, now: number): readonly MarketplaceSecret[] {
  const old = secrets.map(secret => ({ ...secret, until: secret.until ?? now + OVERLAP_MS }))
  return [{ sealed }, ...old.filter(({ until }) => until > now).slice(0, OLD_MAX)]
}

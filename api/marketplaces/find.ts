/** Marketplaces and packages as the API finds them. */
import { ApiError } from '../../domain/errors.ts'
import type { Marketplace } from '../../storage/marketplace.ts'
import type { Package } from '../../storage/package.ts'
import type { Versioned } from '../../storage/records.ts'
import { allOf } from '../../storage/pages.ts'
import type { Services } from '../services.ts'

type Needs = Pick<Services, 'registry'>

/** An integer id in its one form, or undefined. */
export const integerId = (text: string | undefined): string | undefined => (text !== undefined && /^[1-9]\d{0,14}$/.test(text) ? text : undefined)

/** Throws `marketplace_not_found`. */
export async function findMarketplace({ registry }: Needs, id: string | undefined): Promise<Versioned<Marketplace>> {
  const known = integerId(id)
  const found = known === undefined ? undefined : await registry.marketplaces.get(known)
  if (found === undefined) throw new ApiError('marketplace_not_found', 'There is no such marketplace.')
  return found
}

/** A package of that marketplace. Throws `package_not_found`. */
export async function findPackage({ registry }: Needs, marketplace: string, id: string | undefined): Promise<Versioned<Package>> {
  const known = integerId(id)
  const found = known === undefined ? undefined : await registry.packages.get(known)
  if (found?.value.marketplaceId !== marketplace) throw new ApiError('package_not_found', 'There is no such integration package in this marketplace.')
  return found
}

/** The packages of all marketplaces for which something holds. */
export async function packagesWith({ registry }: Needs, holds: (one: Package) => boolean): Promise<readonly Versioned<Package>[]> {
  return (await allOf(page => registry.packages.list(page))).filter(({ value }) => holds(value))
}

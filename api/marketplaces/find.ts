/** Marketplaces and packages as the API finds them. */
import type { Package } from '../../storage/package.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Services } from '../services.ts'

const PAGE = 200

/** The packages of all marketplaces for which something holds. */
export async function packagesWith({ registry }: Pick<Services, 'registry'>, holds: (one: Package) => boolean): Promise<readonly Versioned<Package>[]> {
  const found: Versioned<Package>[] = []
  for (let page = 1; ; page++) {
    const { items, total } = await registry.packages.list({ page, pageSize: PAGE })
    found.push(...items.filter(({ value }) => holds(value)))
    if (page * PAGE >= total) return found
  }
}

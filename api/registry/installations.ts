/** Installations of packages in an export. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import type { Installation } from '../../storage/installation.ts'
import { everyOf } from '../../storage/pages.ts'
import { accountsOf } from './accounts.ts'
import { guid, instant } from './fields.ts'
import { noun, withoutAccount } from './nouns.ts'
import { writeRecord } from './records.ts'

const schema = z.object({
  accountId: guid(),
  version: z.int().min(1),
  createdOnUtc: instant(),
  packageId: z.string().regex(/^\d{1,15}$/, 'must be the id of a package'),
  marketplaceId: z.string(),
  cycles: z.array(z.object({ cycleId: guid(), templateId: guid(), templateReleaseId: z.string() })),
  completeParameter: z.string().exactOptional(),
  installedOnUtc: instant(),
  status: z.enum(['Installed', 'Started', 'Stopped']),
})

const installationOf = ({ accountId: _a, version: _v, createdOnUtc: _c, installedOnUtc, cycles, ...rest }: z.output<typeof schema>): Installation => ({
  ...rest,
  cycles: cycles.map(({ cycleId, ...cycle }) => ({ cycleId: asCycleId(cycleId), ...cycle })),
  installedAt: Date.parse(installedOnUtc),
})

const iso = (ms: number): string => new Date(ms).toISOString()

export const installations = noun({
  name: 'installations',
  schema,
  async *read(services, only) {
    for await (const { id: accountId } of accountsOf(services, only)) {
      const installed = services.registry.installations.of(accountId)
      for await (const { version, createdAt, value } of everyOf(page => installed.list(page))) {
        const { installedAt, cycles, ...rest } = value
        yield { accountId, version, createdOnUtc: iso(createdAt), ...rest, cycles: [...cycles], installedOnUtc: iso(installedAt) }
      }
    }
  },
  async look({ registry }, item, imported) {
    const account = asAccountId(item.accountId)
    const homeless = await withoutAccount(registry, account, imported)
    if (homeless !== undefined) return { problem: homeless }
    const there = await registry.installations.of(account).get(item.packageId)
    if (there === undefined) return 'new'
    if (isDeepStrictEqual(there.value, installationOf(item))) return 'there'
    return { problem: `the installation of package ${item.packageId} in ${account} is there with other properties (version ${there.version})` }
  },
  write: ({ registry }, item) =>
    writeRecord(registry.installations.of(asAccountId(item.accountId)), item.packageId, installationOf(item), item, 'installation of package'),
})

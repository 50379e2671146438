/** Installations of packages in an export. Operations are not in it: one that was under way ends when its record is gone. */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import type { Installation } from '../../storage/installation.ts'
import { accountsOf } from './accounts.ts'
import { guid, instant } from './fields.ts'
import { noun } from './nouns.ts'
import { writeRecord } from './records.ts'

const PAGE = 200

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
      for (let page = 1; ; page++) {
        const { items, total } = await services.registry.installations.of(accountId).list({ page, pageSize: PAGE })
        for (const { version, createdAt, value } of items) {
          const { installedAt, cycles, ...rest } = value
          yield { accountId, version, createdOnUtc: iso(createdAt), ...rest, cycles: [...cycles], installedOnUtc: iso(installedAt) }
        }
        if (page * PAGE >= total) break
      }
    }
  },
  async look({ registry }, item, imported) {
    const account = asAccountId(item.accountId)
    if (!imported.accounts.has(account) && (await registry.accounts.get(account)) === undefined)
      return { problem: `its account ${account} is neither in the document nor there` }
    const there = await registry.installations.of(account).get(item.packageId)
    if (there === undefined) return 'new'
    if (isDeepStrictEqual(there.value, installationOf(item))) return 'there'
    return { problem: `the installation of package ${item.packageId} in ${account} is there with other properties (version ${there.version})` }
  },
  write: ({ registry }, item) =>
    writeRecord(registry.installations.of(asAccountId(item.accountId)), item.packageId, installationOf(item), item, 'installation of package'),
})

/**
 * Operations on packages, and of LAUNCH on templates, that were under way at an export: an import goes on with them, so that what they had begun is done
 * or undone there too. Those that had ended are not in it.
 */
import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { subjectOf, type Operation } from '../../storage/operation.ts'
import { json } from '../routes/fields.ts'
import { accountsOf } from './accounts.ts'
import { guid, instant, msOf } from './fields.ts'
import { noun, withoutAccount } from './nouns.ts'
import { sealProblem } from './seals.ts'

const cycle = z.object({ cycleId: guid().transform(asCycleId), name: z.string(), templateId: guid(), templateReleaseId: z.string().exactOptional() })

const schema = z.object({
  id: guid(),
  accountId: guid(),
  startedOnUtc: instant(),
  kind: z.enum(['install', 'uninstall', 'start', 'stop']),
  packageId: z.string(),
  packageName: z.string(),
  marketplaceId: z.string(),
  template: z.object({ templateId: guid(), runOnce: z.boolean(), singleInstall: z.boolean() }).exactOptional(),
  cycles: z.array(cycle),
  autoStart: z.boolean(),
  completeParameter: z.string().exactOptional(),
  variables: z.record(z.string(), json()).exactOptional().describe('Secret ones are sealed.'),
  accountConnectors: z.record(z.string(), guid()).exactOptional(),
})

const operationOf = ({ id: _id, accountId: _account, startedOnUtc, ...rest }: z.output<typeof schema>): Operation => ({
  ...rest,
  status: 'Running',
  errors: [],
  startedAt: msOf(startedOnUtc),
})

export const operations = noun({
  name: 'operations',
  schema,
  fleeting: true,
  async *read(services, only) {
    const { operations: kept } = services.registry
    for await (const { id: accountId } of accountsOf(services, only)) {
      const running = await kept.running(accountId)
      for (const [id, operation] of await kept.getMany(accountId, [...running.values()])) {
        const { status, errors: _errors, endedAt: _ended, startedAt, cycles, ...rest } = operation
        if (status === 'Running') yield { id, accountId, startedOnUtc: new Date(startedAt).toISOString(), ...rest, cycles: cycles.map(withoutState) }
      }
    }
  },
  async look({ registry, sealer }, item, imported) {
    const account = asAccountId(item.accountId)
    const homeless = await withoutAccount(registry, account, imported)
    if (homeless !== undefined) return { problem: homeless }
    const problem = sealProblem(sealer, item.variables)
    if (problem !== undefined) return { problem: `of the operation ${item.id}, ${problem}` }
    const operation = operationOf(item)
    const there = await registry.operations.get(account, item.id)
    if (there !== undefined) {
      // One that has ended since is not begun again.
      if (there.status !== 'Running' || isDeepStrictEqual(there, operation)) return 'there'
      return { problem: `the operation ${item.id} is there with other properties` }
    }
    const other = (await registry.operations.running(account)).get(subjectOf(operation))
    return other === undefined ? 'new' : { problem: `another operation, ${other}, is under way in ${account} where the operation ${item.id} was` }
  },
  async write({ registry }, item) {
    const account = asAccountId(item.accountId)
    const operation = operationOf(item)
    const installation = operation.template === undefined ? await registry.installations.of(account).get(operation.packageId) : undefined
    if ((await registry.operations.begin(account, item.id, operation, installation?.version)) !== 'begun')
      throw new ApiError('import_conflict', `The operation ${item.id}, or its installation, was changed meanwhile: import again in a moment.`)
  },
})

const withoutState = ({ state: _state, ...kept }: Operation['cycles'][number]) => kept

/** What a missing cycle means to a transaction (operations.md 3): it was deleted, or Redis was emptied; then the transaction waits until the registry is imported. */
import { ApplicationFailure } from '@temporalio/common'
import { UnknownCycle } from '../domain/errors.ts'
import type { RegistryGuard } from '../storage/registry-guard.ts'
import type { ActivityRuntime } from './runtime.ts'

export interface GuardDeps {
  readonly guard: Pick<RegistryGuard, 'look'>
  readonly runtime: () => Pick<ActivityRuntime, 'attempt'>
}

/** While Redis stays empty it is looked at ever more rarely (ms): each look of a local activity is some lines in a history, which has room for 51,200. */
const FIRST_MS = 500
const LAST_MS = 60_000

/** Whether the registry is there, so that what is not in it was deleted. */
const isThere = async ({ guard }: Pick<GuardDeps, 'guard'>): Promise<boolean> => (await guard.look()) === 'there'

/** Fails, to be repeated, unless the registry is there. */
export async function awaitRegistry({ guard, runtime }: GuardDeps): Promise<void> {
  if (await isThere({ guard })) return
  const nextRetryDelay = Math.min(FIRST_MS * 2 ** Math.min(runtime().attempt - 1, 20), LAST_MS)
  throw ApplicationFailure.create({ message: 'Redis was emptied: the transaction waits until the registry is imported', type: 'registryLost', nextRetryDelay })
}

/**
 * What the index answers; `deleted` where it knows no such cycle, though the registry is there. Where that is lost, `lost`; without one it fails, to be
 * repeated.
 */
export async function unlessLost<A>(deps: GuardDeps, asked: Promise<A>, deleted: NoInfer<A>, lost?: NoInfer<A>): Promise<A> {
  try {
    return await asked
  } catch (error) {
    if (!(error instanceof UnknownCycle)) throw error
    if (lost !== undefined && !(await isThere(deps))) return lost
    await awaitRegistry(deps)
    return deleted
  }
}

/**
 * What an operation on a package does in its account (marketplace.md 2). Each of these may be repeated at any point: cycles have their ids from the
 * operation's record, and whatever ends the operation is one script.
 */
import { ApplicationFailure } from '@temporalio/common'
import { connectorsIn } from '../domain/connector-use.ts'
import type { CycleId, Place } from '../domain/ids.ts'
import { filled } from '../domain/package-variables.ts'
import type { Prerequisite } from '../domain/prerequisites.ts'
import type { Metrics } from '../platform/metrics.ts'
import { createCycleFrom, deleteCycle, type NewCycle } from '../storage/cycle-life.ts'
import type { InboxControl } from '../storage/inbox.ts'
import { installedFrom } from '../storage/installed-templates.ts'
import type { Operation } from '../storage/operation.ts'
import type { InboxRebuild } from '../storage/rebuild.ts'
import type { Account, Registry, StoredCycle } from '../storage/registry.ts'
import { CANNOT_INSTALL, OPERATION_OVER } from '../workflows/messages-package.ts'
import type { Activated, OperationPlace, PackageActivities } from './contract.ts'
import { endingOf } from './package-ending.ts'
import { awaitRegistry, type GuardDeps } from './registry.ts'
import { heartbeating, type ActivityRuntime } from './runtime.ts'

export interface PackageDeps extends GuardDeps {
  readonly registry: Pick<Registry, 'accounts' | 'cycles' | 'templates' | 'marketplaces' | 'installations' | 'operations' | 'settings'>
  readonly inbox: Pick<InboxControl, 'create' | 'activate' | 'rest' | 'delete' | 'status'> & Pick<InboxRebuild, 'standing'>
  /** What speaks against starting a cycle. */
  readonly prerequisites: (cycle: StoredCycle) => Promise<readonly Prerequisite[]>
  /** Subscribes its webhook steps where they have to be, and starts it. */
  readonly activate: (place: Place, signal: AbortSignal) => Promise<Activated>
  readonly webhookUrl: (identifier: string) => string
  readonly metrics: Pick<Metrics, 'packageOperations'>
  readonly runtime: () => ActivityRuntime
}

/** Why it did not start; none where it did, or is gone. */
function reasonsOf(activated: Activated): readonly string[] {
  if (activated.outcome === 'missing') return activated.prerequisites.map(({ reason }) => reason)
  return activated.outcome === 'refused' ? activated.problems.map(({ message }) => message) : []
}

interface Found {
  readonly account: Account
  readonly operation: Operation
}

const over = (): ApplicationFailure => ApplicationFailure.nonRetryable('The operation has ended', OPERATION_OVER)
const cannotInstall = (why: string): ApplicationFailure => ApplicationFailure.nonRetryable(why, CANNOT_INSTALL)

/** Fails with `operationOver` where it is gone; while the registry is lost it fails to be repeated. */
async function find(deps: PackageDeps, at: OperationPlace): Promise<Found> {
  const [account, operation] = await Promise.all([deps.registry.accounts.get(at.account), deps.registry.operations.get(at.account, at.operation)])
  if (account === undefined || operation === undefined) {
    await awaitRegistry(deps)
    throw over()
  }
  return { account, operation }
}

/** Fails as `find` does, and where it has ended. */
async function load(deps: PackageDeps, at: OperationPlace): Promise<Found> {
  const found = await find(deps, at)
  if (found.operation.status !== 'Running') throw over()
  return found
}

export function createPackageActivities(deps: PackageDeps): PackageActivities {
  const { registry, inbox } = deps
  const alive = <T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> => heartbeating(deps.runtime(), work)

  const failedToStart = (cycle: StoredCycle, why: readonly string[]): string[] => why.map(reason => `Failed to start cycle "${cycle.document.name}": ${reason}`)
  const problemsOf = async (cycle: StoredCycle): Promise<string[]> =>
    failedToStart(
      cycle,
      (await deps.prerequisites(cycle)).map(({ reason }) => reason),
    )

  return {
    installCycle: (at, cycle) =>
      alive(async () => {
        const { operation } = await load(deps, at)
        const place: Place = { account: at.account, cycle }
        if ((await registry.cycles.get(place)) !== undefined) return
        const { template } = operation
        if (template?.singleInstall === true && (await installedFrom(registry.cycles, at.account)).has(template.templateId))
          throw cannotInstall(`"${operation.packageName}" is installed in this account, and it can be there only once`)
        const once = template?.runOnce === true
        const made = await createCycleFrom(deps, { account: at.account, id: cycle, once, ...(await planned(operation, cycle)) })
        if (made === 'gone') throw cannotInstall('The account was deleted')
      }),
    removeCycle: (at, cycle) =>
      alive(async () => {
        await deleteCycle(deps, { account: at.account, cycle })
      }),
    examineCycles: at =>
      alive(async () => {
        const { operation } = await load(deps, at)
        return Promise.all(
          operation.cycles.map(async ({ cycleId: cycle }) => {
            const place: Place = { account: at.account, cycle }
            const [stored, status] = await Promise.all([registry.cycles.get(place), inbox.status(place)])
            if (stored === undefined || status === undefined) return { cycle, state: 'Gone' as const, problems: [] }
            return { cycle, state: status.state, problems: status.state === 'Active' ? [] : await problemsOf(stored) }
          }),
        )
      }),
    startCycle: (at, cycle, orStop) =>
      alive(async signal => {
        const { operation } = await load(deps, at)
        const place: Place = { account: at.account, cycle }
        const [stored, status] = await Promise.all([registry.cycles.get(place), inbox.status(place)])
        // An earlier try may have started it, and it may have paused since by itself.
        if (stored === undefined || status === undefined || status.state === 'Active') return []
        if (operation.template?.runOnce === true && status.state !== 'Paused' && (await inbox.standing(place))?.once === false) return []
        const problems = failedToStart(stored, reasonsOf(await deps.activate(place, signal)))
        if (problems.length > 0 && orStop) await inbox.rest(place)
        return problems
      }),
    finishOperation: (at, { status, errors }) =>
      alive(async () => {
        for (;;) {
          const { account, operation } = await find(deps, at)
          // An earlier try may have ended it.
          if (operation.status === status) return []
          if (operation.status !== 'Running') throw over()
          const { ending, late } = await endingOf(deps, account, { id: at.operation, ...operation }, status, errors)
          if (late.length > 0) return late
          const answer = await registry.operations.finish(at.account, at.operation, ending)
          if (answer === 'over') throw over()
          if (answer === 'done') {
            deps.metrics.packageOperations.inc({ kind: operation.kind, status })
            return []
          }
        }
      }),
  }

  /** The release as planned, with the variables of the operation. */
  async function planned(operation: Operation, cycle: CycleId): Promise<Pick<NewCycle, 'document' | 'origin' | 'accountConnectors'>> {
    const found = operation.cycles.find(({ cycleId }) => cycleId === cycle)
    if (found === undefined) throw cannotInstall('The cycle is not of this operation')
    const { name, templateId, templateReleaseId } = found
    const template = await registry.templates.get(templateId)
    if (template === undefined) {
      await awaitRegistry(deps)
      throw cannotInstall(`Failed to install "${name}": the template ${templateId} is not there`)
    }
    const release = template.value.releases.find(({ id }) => id === templateReleaseId)
    if (release === undefined) throw cannotInstall(`Failed to install "${name}": the template ${templateId} has no live release`)
    const used = new Set(connectorsIn(release.document))
    const chosen = Object.entries(operation.accountConnectors ?? {}).filter(([connector]) => used.has(connector))
    return {
      document: filled(release.document, templateId, operation.variables ?? {}),
      origin: { templateId, releaseId: release.id, ...(operation.template === undefined ? { packageId: operation.packageId } : {}) },
      ...(chosen.length === 0 ? {} : { accountConnectors: Object.fromEntries(chosen) }),
    }
  }
}

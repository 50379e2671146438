/** How an operation on a package ends: what becomes of the installation, and what the marketplace is told, only of what is true at that instant (marketplace.md 2). */
import type { Place } from '../domain/ids.ts'
import { changedBody, installedBody, type InstalledCycle } from '../domain/notification-body.ts'
import type { CycleState } from '../domain/states.ts'
import { webhooksOf } from '../domain/webhook-url.ts'
import type { Installation } from '../storage/installation.ts'
import type { Operation, OperationCycle, OperationEnding } from '../storage/operation.ts'
import type { Account, StoredCycle } from '../storage/registry.ts'
import { installationMessage } from './installation-message.ts'
import type { PackageDeps } from './package-operations.ts'

interface Found extends Omit<OperationCycle, 'state'> {
  readonly stored: StoredCycle | undefined
  readonly state: CycleState | undefined
}

/** `late`: what stands against that end, for the user; nothing is to be written then. */
export interface Ending {
  readonly ending: OperationEnding
  readonly late: readonly string[]
}

const told = { install: 'installed', uninstall: 'uninstalled', start: 'started', stop: 'stopped' } as const

export async function endingOf(
  deps: Pick<PackageDeps, 'registry' | 'inbox' | 'webhookUrl'>,
  account: Account,
  operation: Operation & { readonly id: string },
  status: 'Completed' | 'Failed',
  errors: readonly string[],
): Promise<Ending> {
  const { registry } = deps
  const { id, variables: _variables, accountConnectors: _chosen, ...kept } = operation
  const { kind, packageId, marketplaceId } = operation
  const ended: Operation = { ...kept, status, errors, endedAt: Date.now() }
  if (status === 'Failed') return { ending: { operation: ended, installation: undefined, notification: undefined, states: [] }, late: [] }

  const [found, before, marketplace, settings] = await Promise.all([
    Promise.all(operation.cycles.map(cycle => find(deps, account, cycle))),
    operation.template === undefined ? registry.installations.of(account.id).get(packageId) : undefined,
    operation.template === undefined ? registry.marketplaces.get(marketplaceId) : undefined,
    registry.settings.get(),
  ])
  const states = found.map(({ cycleId, state }) => ({ cycle: cycleId, state }))
  const done = kind === 'install' ? { ...ended, cycles: operation.cycles.map((cycle, at) => withState(cycle, found[at]?.state)) } : ended
  // Nothing but the cycle is left of it, and nobody is told.
  if (operation.template !== undefined) return { ending: { operation: done, installation: undefined, notification: undefined, states }, late: [] }
  const there = found.filter(({ stored, state }) => stored !== undefined && state !== undefined)
  const completeParameter = operation.completeParameter ?? before?.value.completeParameter
  const facts = { account, packageId: Number(packageId), completeParameter }
  const body =
    kind === 'install' ? installedBody({ ...facts, cycles: there.flatMap(cycle => toldOf(cycle, deps.webhookUrl)), errors }) : changedBody(told[kind], facts)
  const notification = installationMessage({
    id,
    status: told[kind],
    account,
    package: { id: packageId, name: operation.packageName },
    marketplace: { id: marketplaceId, notificationUrl: marketplace?.value.notificationUrl },
    userAgent: settings.userAgent,
    body,
  })
  return {
    ending: {
      operation: done,
      installation: kind === 'uninstall' ? 'removed' : installationOf(operation, ended.endedAt ?? 0, there, before?.value),
      notification,
      states,
    },
    late: lateOf(kind, there),
  }
}

const withState = (cycle: OperationCycle, state: CycleState | undefined): OperationCycle => (state === undefined ? cycle : { ...cycle, state })

async function find({ registry, inbox }: Pick<PackageDeps, 'registry' | 'inbox'>, account: Account, cycle: OperationCycle): Promise<Found> {
  const place: Place = { account: account.id, cycle: cycle.cycleId }
  const [stored, status] = await Promise.all([registry.cycles.get(place), inbox.status(place)])
  return { ...cycle, stored, state: status?.state }
}

/** `started` says that every cycle runs, `stopped` that none does. */
function lateOf(kind: Operation['kind'], cycles: readonly Found[]): readonly string[] {
  if (kind === 'start') return cycles.flatMap(({ name, state }) => (state === 'Active' ? [] : [`Failed to start cycle "${name}": it was stopped meanwhile`]))
  if (kind === 'stop')
    return cycles.flatMap(({ name, state }) => (state === 'Active' || state === 'Stopping' ? [`Failed to stop cycle "${name}": it was started meanwhile`] : []))
  return []
}

function toldOf({ cycleId, stored, state, templateId }: Found, webhookUrl: (identifier: string) => string): InstalledCycle[] {
  if (stored === undefined || state === undefined) return []
  const webhooks = webhooksOf(stored, webhookUrl).map(({ url, stepName }) => ({ url, stepName }))
  return [{ id: cycleId, status: state, webhooks, templateId, templateReleaseId: stored.origin?.releaseId ?? '' }]
}

/** A further installation of the same package joins the first: it counts as started, or as not stopped, where both do. */
function installationOf(operation: Operation, now: number, cycles: readonly Found[], before: Installation | undefined): Installation | undefined {
  const { kind, packageId, marketplaceId } = operation
  if (kind === 'start') return before && { ...before, status: 'Started' }
  if (kind === 'stop') return before && { ...before, status: 'Stopped' }
  // One that an import went on with may be in the installation already.
  const held = new Set(before?.cycles.map(({ cycleId }) => cycleId))
  const made = cycles.flatMap(({ cycleId, templateId, templateReleaseId = '' }) => (held.has(cycleId) ? [] : [{ cycleId, templateId, templateReleaseId }]))
  const mine = !operation.autoStart ? 'Installed' : cycles.every(({ state }) => state === 'Active') ? 'Started' : 'Stopped'
  const joined = before === undefined || before.status === mine ? mine : [before.status, mine].includes('Stopped') ? 'Stopped' : 'Installed'
  const completeParameter = operation.completeParameter ?? before?.completeParameter
  return {
    packageId,
    marketplaceId,
    cycles: [...(before?.cycles ?? []), ...made],
    ...(completeParameter === undefined ? {} : { completeParameter }),
    installedAt: before?.installedAt ?? now,
    status: joined,
  }
}

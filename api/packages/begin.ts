/** Begins an operation on a package in an account (marketplace.md 2): from then on it is durable. The API and the pages do it alike. */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import { asCycleId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import type { Installation } from '../../storage/installation.ts'
import type { Operation, OperationCycle, OperationKind } from '../../storage/operation.ts'
import type { Package } from '../../storage/package.ts'
import type { Account } from '../../storage/registry.ts'
import { packageInput } from '../../workflows/messages-package.ts'
import { integerId } from '../marketplaces/find.ts'
import type { Services } from '../services.ts'
import { liveRelease } from '../templates/releases.ts'
import { readChoices } from './choices.ts'

export interface OperationRequest {
  readonly kind: OperationKind
  readonly packageId: string | undefined
  readonly completeParameter?: string | undefined
  /** Of `install`, by `{templateId}.{variable}`. */
  readonly variables?: { readonly [name: string]: Json } | undefined
  /** Of `install`: id of the account connector that is used, by the connector's name; where the account has several (connectors.md 2). */
  readonly accountConnectors?: { readonly [connector: string]: string } | undefined
}

export interface BegunOperation {
  readonly id: string
  readonly operation: Operation
}

const notFound = (): ApiError => new ApiError('package_not_found', 'There is no such package.')

/** How often it is looked again where the installation changes at that moment. */
const TRIES = 5

/**
 * Throws `package_not_found`, `package_not_installed`, `package_installed`, `operation_running`, and `request_invalid` with everything that is wrong with
 * the variables; nothing has begun then.
 */
export async function beginOperation(services: Services, account: Account, request: OperationRequest): Promise<BegunOperation> {
  const { registry } = services
  const packageId = integerId(request.packageId)
  if (packageId === undefined) throw notFound()
  for (let left = TRIES; left > 0; left--) {
    const [found, installation] = await Promise.all([registry.packages.get(packageId), registry.installations.of(account.id).get(packageId)])
    if (found === undefined && installation === undefined) throw notFound()
    const operation =
      request.kind === 'install'
        ? await install(services, account, packageId, found?.value, installation?.value, request)
        : await change(services, account, packageId, found?.value, installation?.value, request)
    const begun = await put(services, account, operation, installation?.version)
    if (begun !== undefined) return begun
  }
  throw new ApiError('operation_running', 'The installation is being changed at this moment: try again.')
}

/** Undefined where the installation is another by now. Throws `operation_running`. */
export async function put(
  { registry, operations: starter }: Services,
  account: Account,
  operation: Operation,
  expected: number | undefined,
): Promise<BegunOperation | undefined> {
  const id = randomUUID()
  const answer = await registry.operations.begin(account.id, id, operation, expected)
  if (answer === 'begun') {
    void starter.start(packageInput(account, id, operation)).then(started => {
      if (started) registry.operations.started({ account: account.id, id }).catch(() => undefined)
    })
    return { id, operation }
  }
  if (answer === 'running') {
    const what = operation.template === undefined ? 'Another operation on this package' : 'An installation of this template'
    throw new ApiError('operation_running', `${what} is under way in this account: wait until it has ended.`)
  }
  if (answer === 'gone') throw new ApiError('account_missing', 'There is no such account.')
  return undefined
}

async function install(
  services: Services,
  account: Account,
  packageId: string,
  found: Package | undefined,
  installed: Installation | undefined,
  { completeParameter, variables = {}, accountConnectors = {} }: OperationRequest,
): Promise<Operation> {
  const { registry } = services
  if (found === undefined) throw notFound()
  if (installed !== undefined && found.singleInstallation)
    throw new ApiError('package_installed', 'The package is installed in this account, and it can be there only once.')
  const stored = await registry.templates.getMany(found.templateIds)
  const templates = found.templateIds.map(id => {
    const template = stored.get(id)?.value
    return { id, name: template?.name ?? id, live: template && liveRelease(template) }
  })
  const choices = await readChoices(services, account, templates, { variables, accountConnectors })
  return {
    kind: 'install',
    packageId,
    packageName: found.name,
    marketplaceId: found.marketplaceId,
    status: 'Running',
    errors: [],
    startedAt: Date.now(),
    cycles: templates.map(({ id, name, live }) => ({
      cycleId: asCycleId(randomUUID()),
      name: live?.document.name ?? name,
      templateId: id,
      ...(live === undefined ? {} : { templateReleaseId: live.id }),
    })),
    autoStart: found.autoStart,
    ...(completeParameter === undefined ? {} : { completeParameter }),
    ...choices,
  }
}

async function change(
  { registry }: Services,
  account: Account,
  packageId: string,
  found: Package | undefined,
  installed: Installation | undefined,
  { kind, completeParameter }: OperationRequest,
): Promise<Operation> {
  if (installed === undefined) throw new ApiError('package_not_installed', 'The package is not installed in this account.')
  const cycles = await Promise.all(
    installed.cycles.map(async (cycle): Promise<OperationCycle> => {
      const stored = await registry.cycles.get({ account: account.id, cycle: cycle.cycleId })
      return { ...cycle, name: stored?.document.name ?? 'a deleted cycle' }
    }),
  )
  return {
    kind,
    packageId,
    packageName: found?.name ?? packageId,
    marketplaceId: installed.marketplaceId,
    status: 'Running',
    errors: [],
    startedAt: Date.now(),
    cycles,
    autoStart: false,
    ...(completeParameter === undefined ? {} : { completeParameter }),
  }
}

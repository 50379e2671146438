/** Names and shapes of what is sent to the workflow of a package operation (marketplace.md 2): shared by api, worker and workflow. */
import type { AccountId, CycleId } from '../domain/ids.ts'
import type { Operation } from '../storage/operation.ts'

export const PACKAGE_OPERATION = 'packageOperation'
export const packageOperationWorkflowId = (operation: string): string => `operation/${operation}`

/** What the operation works on is in its record: variables, which may be secret, never come to Temporal. */
export interface PackageOperationInput {
  readonly account: AccountId
  /** GUID. */
  readonly operation: string
  readonly kind: 'install' | 'uninstall' | 'start' | 'stop'
  readonly packageId: string
  /** Of LAUNCH, in place of a package. */
  readonly template?: string
  /** For operators. */
  readonly packageName: string
  readonly accountName: string
  /** In the package's order of templates: those to be made, or those that are there. */
  readonly cycles: readonly { readonly cycle: CycleId; readonly name: string }[]
  /** Of `install`: the cycles start. */
  readonly autoStart: boolean
}

/** What a closed operation answers; one that failed closes as failed. `Over`: it had ended before, or its account is gone. */
export interface PackageOperationResult {
  readonly status: 'Completed' | 'Over'
  readonly errors: readonly string[]
}

/** Types of failures of its activities: nothing is left to do, and for good, the message for the user. */
export const OPERATION_OVER = 'operationOver'
export const CANNOT_INSTALL = 'cannotInstall'
/** Type of the failure that an operation closes with. */
export const OPERATION_FAILED = 'operationFailed'

/** What the workflow of an operation gets, by its record. */
export const packageInput = (
  account: { readonly id: AccountId; readonly name: string },
  id: string,
  { kind, packageId, packageName, template, cycles, autoStart }: Operation,
): PackageOperationInput => ({
  account: account.id,
  operation: id,
  kind,
  packageId,
  ...(template === undefined ? {} : { template: template.templateId }),
  packageName,
  accountName: account.name,
  cycles: cycles.map(({ cycleId, name }) => ({ cycle: cycleId, name })),
  autoStart,
})

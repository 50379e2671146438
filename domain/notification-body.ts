/** What a marketplace is told about an installation (marketplace.md 2): compact JSON, names and order exactly as receivers know them. */
import type { CycleState } from './states.ts'

export type InstallationStatus = 'installed' | 'uninstalled' | 'started' | 'stopped'

/** Whose installation it is, and of what. */
export interface InstallationFacts {
  readonly account: { readonly id: string; readonly apiId: string }
  readonly packageId: number
  /** Absent where the deploy call gave none: then it is left out. */
  readonly completeParameter?: string | undefined
}

export interface InstalledCycle {
  readonly id: string
  /** `Stopped`: it could not be started. `Paused`: it was not to be started. */
  readonly status: CycleState
  /** Its webhook steps in the order of the document. */
  readonly webhooks: readonly { readonly url: string; readonly stepName: string }[]
  readonly templateId: string
  readonly templateReleaseId: string
}

export interface InstalledFacts extends InstallationFacts {
  /** With the GUID of the account's user. */
  readonly account: InstallationFacts['account'] & { readonly userId: string }
  /** In the package's order of templates. */
  readonly cycles: readonly InstalledCycle[]
  /** Why cycles could not be started. */
  readonly errors: readonly string[]
}

/** The body of `installed`. */
export function installedBody({ account, packageId, cycles, errors, completeParameter }: InstalledFacts): string {
  return JSON.stringify({
    Status: 'installed' satisfies InstallationStatus,
    AccountId: account.id,
    AccountApiId: account.apiId,
    MarketplaceIntegrationPackageId: packageId,
    MarketplaceInstallDetails: cycles.map(({ id, status, webhooks, templateId, templateReleaseId }) => ({
      CycleId: id,
      CycleStatus: status,
      Webhooks: webhooks.map(({ url, stepName }) => ({ Url: url, StepName: stepName })),
      TemplateId: templateId,
      TemplateReleaseId: templateReleaseId,
    })),
    Errors: errors,
    UserId: account.userId,
    CompleteParameter: completeParameter,
  })
}

/** The body of the other three. */
export function changedBody(status: Exclude<InstallationStatus, 'installed'>, { account, packageId, completeParameter }: InstallationFacts): string {
  return JSON.stringify({
    Status: status,
    AccountId: account.id,
    AccountApiId: account.apiId,
    MarketplaceIntegrationPackageId: packageId,
    CompleteParameter: completeParameter,
  })
}

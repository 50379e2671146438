/** What the complete page is made of: the result for the host page, its names and their order exactly as host pages know them (marketplace.md 4). */
import { webhooksOf, webhookUrl } from '../../../domain/webhook-url.ts'
import type { AccountId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import type { Operation } from '../../../storage/operation.ts'
import type { Services } from '../../services.ts'
import type { PageCall } from '../page.ts'

export interface Completed {
  /** The global `result`, and what is posted. */
  readonly result: { readonly [name: string]: Json }
  /** The partner's own HTML, trusted; empty: none. */
  readonly message: string
  /** Why cycles could not be started. */
  readonly errors: readonly string[]
  /** The partner's own HTML for the page; empty: the default page. */
  readonly html: string
  /** To the marketplace in place of the page. */
  readonly redirectBack: boolean
  /** Where the browser goes with the result, in place of the page. */
  readonly returnUrl?: string
}

/** Of a package that was installed; it may be gone by now. */
export async function completedPackage(services: Services, { session, view }: PageCall<'marketplace'>, operation: Operation): Promise<Completed> {
  const { account, visit } = session
  const [found, cycles] = await Promise.all([services.registry.packages.get(operation.packageId), cyclesOf(services, account.id, operation)])
  const message = found?.value.installedMessage ?? ''
  const { completeParameter } = operation
  return {
    result: {
      accountId: account.id,
      accountApiId: account.apiId,
      installCompleteMessage: message,
      marketplacePackageId: Number(operation.packageId),
      userId: account.userId,
      cycles,
      errors: [...operation.errors],
      ...(completeParameter === undefined ? {} : { completeParameter }),
    },
    message,
    errors: operation.errors,
    html: view.marketplace?.value.launchCompleteHtml ?? '',
    redirectBack: found?.value.redirectBack ?? false,
    ...(visit.to.returnUrl === undefined ? {} : { returnUrl: visit.to.returnUrl }),
  }
}

/** Of a template that LAUNCH installed; its cycle may be gone by now. */
export async function completedTemplate(services: Services, { session: { account } }: PageCall<'launch'>, operation: Operation): Promise<Completed> {
  const [made] = operation.cycles
  const [cycles, { launchCompleteHtml }] = await Promise.all([cyclesOf(services, account.id, operation), services.registry.settings.get()])
  const stored = made && (await services.registry.cycles.get({ account: account.id, cycle: made.cycleId }))
  const { completeParameter } = operation
  return {
    result: {
      accountId: account.id,
      accountApiId: account.apiId,
      cycleId: made?.cycleId ?? '',
      status: cycles[0]?.status ?? made?.state ?? 'Stopped',
      userId: account.userId,
      webhooks: (cycles[0]?.webhooks ?? []).map(({ url }) => url),
      errors: [...operation.errors],
      ...(completeParameter === undefined ? {} : { completeParameter }),
      templateId: made?.templateId ?? '',
      templateReleaseId: made?.templateReleaseId ?? '',
      templateTags: [...(stored?.document.tags ?? [])],
    },
    message: '',
    errors: operation.errors,
    html: launchCompleteHtml,
    redirectBack: false,
  }
}

/** Those that are still there; the state is that of the end of the operation, as it was told then. */
async function cyclesOf(services: Services, account: AccountId, { cycles }: Operation) {
  const found = await Promise.all(
    cycles.map(async ({ cycleId, templateId, state }) => {
      const place = { account, cycle: cycleId }
      const [stored, status] = await Promise.all([services.registry.cycles.get(place), services.inbox.status(place)])
      if (stored === undefined || status === undefined) return []
      const webhooks = webhooksOf(stored, identifier => webhookUrl(services.settings.publicUrl, identifier))
      return [
        {
          cycleId,
          status: state ?? status.state,
          templateId,
          templateReleaseId: stored.origin?.releaseId ?? '',
          webhooks: webhooks.map(({ stepName, url }) => ({ stepName, url })),
        },
      ]
    }),
  )
  return found.flat()
}

/** Where the browser goes with the result in the fragment. */
export const returnAddress = (returnUrl: string, result: Completed['result']): string => {
  const url = new URL(returnUrl)
  url.hash = `result=${encodeURIComponent(JSON.stringify(result))}`
  return url.href
}

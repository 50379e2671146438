/** Operations and packages as the API shows them. */
import { ApiError } from '../../domain/errors.ts'
import { webhooksOf, webhookUrl } from '../../domain/webhook-url.ts'
import type { Installation } from '../../storage/installation.ts'
import type { Operation } from '../../storage/operation.ts'
import type { Package } from '../../storage/package.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Account } from '../../storage/registry.ts'
import { withStatus } from '../cycles/view.ts'
import { guidOf } from '../routes/lists.ts'
import type { Services } from '../services.ts'

const kinds = { install: 'Install', uninstall: 'Uninstall', start: 'Start', stop: 'Stop' } as const

export const operationView = (id: string, { kind, packageId, template, status, errors, startedAt, endedAt }: Operation) => ({
  id,
  kind: kinds[kind],
  packageId: template === undefined ? Number(packageId) : null,
  templateId: template?.templateId ?? null,
  status,
  errors,
  startedOnUtc: new Date(startedAt).toISOString(),
  endedOnUtc: endedAt === undefined ? null : new Date(endedAt).toISOString(),
})

/** Throws `operation_not_found`. */
export async function findOperation({ registry }: Services, account: Account, text: string | undefined) {
  const id = guidOf(text)
  const operation = id === undefined ? undefined : await registry.operations.get(account.id, id)
  if (id === undefined || operation === undefined) throw new ApiError('operation_not_found', 'There is no such operation in this account.')
  return operationView(id, operation)
}

/** Packages with what the account has of each. */
export async function packageViews(services: Services, account: Account, packages: readonly Versioned<Package>[]) {
  const { registry } = services
  const running = await registry.operations.running(account.id)
  return Promise.all(
    packages.map(async ({ id, value }) => {
      const operationId = running.get(id)
      const [installation, operation] = await Promise.all([
        registry.installations.of(account.id).get(id),
        operationId === undefined ? undefined : registry.operations.get(account.id, operationId),
      ])
      return {
        id: Number(id),
        marketplaceId: Number(value.marketplaceId),
        name: value.name,
        description: value.description,
        image: value.image ?? null,
        status: installation?.value.status ?? ('NotInstalled' as const),
        installedOnUtc: installation === undefined ? null : new Date(installation.value.installedAt).toISOString(),
        operation: operation?.status === 'Running' && operationId !== undefined ? operationView(operationId, operation) : null,
        cycles: installation === undefined ? [] : await cyclesOf(services, account, installation.value),
      }
    }),
  )
}

/** Those that are still there: a cycle may be deleted by itself. */
async function cyclesOf(services: Services, account: Account, { cycles }: Installation) {
  const found = await Promise.all(
    cycles.map(async ({ cycleId, templateId, templateReleaseId }) => {
      const stored = await services.registry.cycles.get({ account: account.id, cycle: cycleId })
      const live = stored === undefined ? undefined : await withStatus(services, stored)
      if (live === undefined) return []
      const webhooks = webhooksOf(live.stored, identifier => webhookUrl(services.settings.publicUrl, identifier))
      return [{ cycleId, name: live.stored.document.name, status: live.status.state, templateId, templateReleaseId, webhooks }]
    }),
  )
  return found.flat()
}

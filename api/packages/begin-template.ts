/** Begins the installation of one template by LAUNCH (marketplace.md 3, 4): a cycle in the account, and nothing else; durable as operations on packages are. */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import { asCycleId } from '../../domain/ids.ts'
import { installedFrom } from '../../storage/installed-templates.ts'
import type { Account } from '../../storage/registry.ts'
import type { Services } from '../services.ts'
import { liveRelease } from '../templates/releases.ts'
import { findTemplate } from '../templates/view.ts'
import { put, type BegunOperation } from './begin.ts'
import { readChoices, type Choices } from './choices.ts'

export interface TemplateRequest extends Partial<Choices> {
  readonly templateId: string | undefined
  /** Else the cycle is Paused. */
  readonly start: boolean
  /** It stops after its first run. */
  readonly runOnce: boolean
  /** Only where the account has no cycle of it. */
  readonly singleInstall: boolean
  readonly completeParameter?: string | undefined
}

/**
 * Throws `template_not_found` (also of one that is not published), `template_installed`, `operation_running`, and `request_invalid` with everything that is
 * wrong with the choices; nothing has begun then.
 */
export async function beginTemplate(services: Services, account: Account, request: TemplateRequest): Promise<BegunOperation> {
  const { start, runOnce, singleInstall, completeParameter, variables = {}, accountConnectors = {} } = request
  const template = await findTemplate(services, request.templateId)
  const live = liveRelease(template.value)
  if (live === undefined || !template.value.published) throw new ApiError('template_not_found', 'There is no such template.')
  const { id: templateId } = template
  if (singleInstall && (await installedFrom(services.registry.cycles, account.id)).has(templateId))
    throw new ApiError('template_installed', 'The template is installed in this account, and it can be there only once.')
  const choices = await readChoices(services, account, [{ id: templateId, live }], { variables, accountConnectors })
  const { name } = live.document
  const begun = await put(
    services,
    account,
    {
      kind: 'install',
      packageId: '',
      packageName: name,
      marketplaceId: '',
      template: { templateId, runOnce, singleInstall },
      status: 'Running',
      errors: [],
      startedAt: Date.now(),
      cycles: [{ cycleId: asCycleId(randomUUID()), name, templateId, templateReleaseId: live.id }],
      autoStart: start,
      ...(completeParameter === undefined ? {} : { completeParameter }),
      ...choices,
    },
    undefined,
  )
  if (begun === undefined) throw new Error('a template has an installation')
  return begun
}

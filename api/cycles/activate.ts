/** Starting a cycle: at once, or where applications have to be asked for its webhook steps by an operation that is waited for (connectors.md 4). */
import { ApiError } from '../../domain/errors.ts'
import { asProblems, type Prerequisite } from '../../domain/prerequisites.ts'
import { webhookUrl } from '../../domain/webhook-url.ts'
import { missingFor } from '../../storage/prerequisites.ts'
import type { StoredCycle } from '../../storage/registry.ts'
import { asksApplication, planFor } from '../../storage/subscription-plan.ts'
import type { Services } from '../services.ts'
import { unlessDeleted } from './view.ts'

/** What is missing before the cycle can start. */
export function missingNow({ registry, oauth }: Services, cycle: StoredCycle): Promise<readonly Prerequisite[]> {
  return missingFor(registry, cycle, account => oauth.revive(account))
}

const missing = (prerequisites: readonly Prerequisite[]): ApiError =>
  new ApiError('prerequisites_missing', 'The cycle cannot be activated yet.', asProblems(prerequisites))

/**
 * Throws `prerequisites_missing`, `subscription_failed` with the application's answer, and `service_unavailable` where an application has to be asked and
 * Temporal, or every worker, does not answer.
 */
export async function activateCycle(services: Services, cycle: StoredCycle): Promise<void> {
  const { registry, inbox, settings } = services
  const { place } = cycle
  const prerequisites = await missingNow(services, cycle)
  if (prerequisites.length > 0) throw missing(prerequisites)
  const plan = await planFor(registry, cycle, identifier => webhookUrl(settings.publicUrl, identifier))
  if (plan === undefined || (!asksApplication(plan) && (await registry.subscriptions.keep(place, plan.keep)))) {
    unlessDeleted(await inbox.activate(place))
    return
  }
  const activated = await services.activator.activate(place)
  switch (activated.outcome) {
    case 'active':
      return
    case 'gone':
      unlessDeleted('deleted')
      return
    case 'missing':
      throw missing(activated.prerequisites)
    case 'refused':
      throw new ApiError('subscription_failed', 'The application did not take the subscription: the cycle was not activated.', activated.problems)
    case 'unreachable':
      throw new ApiError(
        'service_unavailable',
        'Temporal does not answer: the webhook steps could not be subscribed, and the cycle was not activated. Try again.',
      )
    case 'late':
      throw new ApiError('service_unavailable', 'The webhook steps were not subscribed within a minute, and the cycle was not activated. Try again.')
  }
}

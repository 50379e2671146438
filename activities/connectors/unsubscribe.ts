/** Ends subscriptions at applications (connectors.md 4): once, or again and again until they are done. Any of it may be repeated. */
import { ApplicationFailure } from '@temporalio/common'
import { baseUrlOf, buildCall } from '../../domain/connector-request.ts'
import { StepError } from '../../domain/errors.ts'
import type { Place } from '../../domain/ids.ts'
import { escapedSettings } from '../../domain/secrets.ts'
import { isEnded, needsSubscriptionId, webhookMethod, type Subscription } from '../../domain/subscription.ts'
import type { Incidents, Registry } from '../../storage/registry.ts'
import { withRetired } from '../../storage/retired.ts'
import { awaitRegistry, type GuardDeps } from '../registry.ts'
import { heartbeating, type ActivityRuntime } from '../runtime.ts'
import { askApplication, type ApplicationDeps } from './application.ts'
import { TokenServerDown } from './oauth/deps.ts'

export interface UnsubscribeDeps extends ApplicationDeps, GuardDeps {
  readonly registry: Pick<Registry, 'connectors' | 'accountConnectors' | 'subscriptions'> & { readonly cycles: Pick<Registry['cycles'], 'version'> } & {
    readonly incidents: Pick<Incidents, 'add'>
  }
  readonly runtime: () => ActivityRuntime
}

/** Undefined: it has ended, and is forgotten. Else why it has not. */
export async function unsubscribeOne(deps: UnsubscribeDeps, place: Place, one: Subscription, signal: AbortSignal): Promise<string | undefined> {
  const { registry } = deps
  const turn = await registry.subscriptions.askEnd(place, one.id)
  if (turn === 'gone') return undefined
  if (turn === 'busy') return 'The application is being asked at this moment'
  // It may have got its id since it was read.
  const now = (await registry.subscriptions.of(place)).find(({ id }) => id === one.id) ?? one
  const reason = await askedToEnd(deps, place, now, signal).catch(async (error: unknown) => {
    await registry.subscriptions.unanswered(place, one.id)
    throw error
  })
  if (reason === undefined) await registry.subscriptions.ended(place, one.id)
  else await registry.subscriptions.unanswered(place, one.id)
  return reason
}

async function askedToEnd(deps: UnsubscribeDeps, place: Place, one: Subscription, signal: AbortSignal): Promise<string | undefined> {
  const { registry } = deps
  const { terms, subscriptionId } = one
  const connector = await registry.connectors.get(terms.connectorId)
  const method = connector && webhookMethod(connector.value.definition, terms.method)
  const call = method === undefined ? terms.unsubscribe : method.unsubscribe
  if (call === undefined) return undefined
  if (subscriptionId === undefined && needsSubscriptionId(call)) {
    await tell(deps, place, one, 'Warning', 'The application never said whether it made the subscription: it may be left there')
    return undefined
  }
  // Today's address: a partner who moved away from a host does not send credentials there.
  const definition = connector?.value.definition ?? { baseUrl: terms.baseUrl, authentication: terms.authentication }
  const id = terms.accountConnectorId
  const retiredToo = withRetired(registry)
  const held = id === undefined ? undefined : await retiredToo.accountConnectors.of(place.account).get(id)
  try {
    const settings = escapedSettings(terms.settings)
    const { answer, detail } = await askApplication(
      { ...deps, registry: retiredToo },
      {
        account: place.account,
        request: buildCall(definition, call, {
          settings,
          webhook: { url: terms.url },
          ...(subscriptionId === undefined ? {} : { subscription: { id: subscriptionId } }),
        }),
        idempotencyKey: `${one.id}/end`,
        authentication: definition.authentication,
        baseUrl: baseUrlOf(definition, terms.settings),
        rateLimit: connector?.value.definition.rateLimit,
        connectorId: terms.connectorId,
        held,
        quiet: terms.quiet,
      },
      signal,
    )
    return isEnded(answer.status) ? undefined : detail
  } catch (error) {
    if (error instanceof StepError) return error.detail
    if (error instanceof TokenServerDown) return error.message
    throw error
  }
}

/** Ends all of a cycle that are to end; fails, to be repeated, while some have not. */
export const unsubscribeCycle = (deps: UnsubscribeDeps, place: Place): Promise<void> =>
  heartbeating(deps.runtime(), async signal => {
    const ending = (await deps.registry.subscriptions.of(place)).filter(({ state }) => state === 'ending')
    // In an emptied Redis they come back with the import, which orders their end anew.
    if (ending.length === 0) return awaitRegistry(deps)
    const reasons: string[] = []
    for (const one of ending) {
      signal.throwIfAborted()
      const reason = await unsubscribeOne(deps, place, one, signal)
      if (reason !== undefined) reasons.push(`${one.terms.connector}, ${one.terms.method}: ${reason.split('\n')[0] ?? ''}`)
    }
    if (reasons.length > 0) throw ApplicationFailure.retryable(`Subscriptions have not ended yet:\n${reasons.join('\n')}`, 'notUnsubscribed')
  })

/** Forgets those that could not be ended for too long, and says so. */
export async function abandonSubscriptions(deps: UnsubscribeDeps, place: Place): Promise<void> {
  for (const one of await deps.registry.subscriptions.of(place)) {
    if (one.state !== 'ending') continue
    await tell(deps, place, one, 'Error', 'The application did not end the subscription for 7 days: it may be left there')
    await deps.registry.subscriptions.ended(place, one.id)
  }
}

/** A cycle that is deleted has no incidents. */
async function tell({ registry }: UnsubscribeDeps, place: Place, { terms, subscriptionId }: Subscription, level: 'Error' | 'Warning', why: string) {
  if ((await registry.cycles.version(place)) === undefined) return
  const which = `${terms.connector}, ${terms.method}${subscriptionId === undefined ? '' : `, id ${subscriptionId}`}`
  await registry.incidents.add(place, {
    at: Date.now(),
    level,
    stepId: terms.stepId,
    message: 'Failed to unsubscribe the webhook',
    detail: `${why} (${which})`,
  })
}

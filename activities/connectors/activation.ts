/**
 * Starts a cycle whose webhook steps have to be subscribed at applications (connectors.md 4): shared by the API's activation and by packages. It may be
 * repeated at any point: what the application may have made is noted before it is asked.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApplicationFailure } from '@temporalio/common'
import { baseUrlOf } from '../../domain/connector-request.ts'
import { StepError, type Problem } from '../../domain/errors.ts'
import type { Identifier, Place } from '../../domain/ids.ts'
import { toText } from '../../domain/merge.ts'
import { lookupIn, parsePath } from '../../domain/path.ts'
import type { Prerequisite } from '../../domain/prerequisites.ts'
import { isRefusal } from '../../domain/subscription.ts'
import type { InboxControl } from '../../storage/inbox.ts'
import type { Registry, StoredCycle } from '../../storage/registry.ts'
import { planFor, type WantedSubscription } from '../../storage/subscription-plan.ts'
import type { Activated } from '../contract.ts'
import type { HttpAnswer } from '../http/index.ts'
import { awaitRegistry } from '../registry.ts'
import { askApplication } from './application.ts'
import { TokenServerDown } from './oauth/deps.ts'
import { unsubscribeOne, type UnsubscribeDeps } from './unsubscribe.ts'

export interface ActivationDeps extends UnsubscribeDeps {
  readonly registry: UnsubscribeDeps['registry'] & Pick<Registry, 'cycles'>
  readonly inbox: Pick<InboxControl, 'activate' | 'status'>
  readonly prerequisites: (cycle: StoredCycle) => Promise<readonly Prerequisite[]>
  readonly webhookUrl: (identifier: Identifier) => string
}

/** How often an application is asked that gives no answer, or one that says nothing. */
const TRIES = 3
const DELAY_MS = 1_000
/** How often it is looked anew where something changes meanwhile. */
const ROUNDS = 5

const again = (why: string): ApplicationFailure => ApplicationFailure.create({ message: why, type: 'busy', nextRetryDelay: 1_000 })

/** Fails, to be repeated, where another activation of the cycle is at it. */
export async function activateCycle(deps: ActivationDeps, place: Place, signal: AbortSignal): Promise<Activated> {
  const { registry, inbox } = deps
  for (let round = 0; round < ROUNDS; round++) {
    const [cycle, status] = await Promise.all([registry.cycles.get(place), inbox.status(place)])
    if (cycle === undefined || status === undefined) {
      await awaitRegistry(deps)
      return { outcome: 'gone' }
    }
    const prerequisites = await deps.prerequisites(cycle)
    if (prerequisites.length > 0) return { outcome: 'missing', prerequisites }
    const subscribed = await subscribe(deps, cycle, signal)
    if (Array.isArray(subscribed)) return { outcome: 'refused', problems: subscribed }
    signal.throwIfAborted()
    if (subscribed === 'changed' || (await registry.cycles.version(place)) !== cycle.version) continue
    return { outcome: (await inbox.activate(place)) === 'done' ? 'active' : 'gone' }
  }
  throw again('The cycle, or what it uses, is being changed')
}

/** Makes what the cycle wants and ends what it does not want; problems where an application does not do it. */
async function subscribe(deps: ActivationDeps, cycle: StoredCycle, signal: AbortSignal): Promise<'done' | 'changed' | Problem[]> {
  const { registry } = deps
  const { place } = cycle
  const plan = await planFor(registry, cycle, deps.webhookUrl)
  if (plan === undefined) return 'done'
  if (plan.impossible.length > 0) return plan.impossible.map(({ path, stepName, detail }) => problem(path, stepName, detail))
  if (plan.end.length > 0) await registry.subscriptions.end(place, plan.end)
  // Once, so that the old one goes before the new one comes; where that fails the operation that was ordered goes on with it.
  const wanted = new Set(plan.make.map(({ wanted: { terms } }) => terms.stepId))
  for (const one of await registry.subscriptions.of(place))
    if (one.state === 'ending' && (wanted.has(one.terms.stepId) || plan.end.includes(one.id))) await unsubscribeOne(deps, place, one, signal)

  const problems: Problem[] = []
  const made: string[] = []
  for (const { wanted: one, id = randomUUID() } of plan.make) {
    const turn = await registry.subscriptions.ask(place, id, one.terms, deps.runtime().runId)
    if (turn === 'busy') throw again('The application is being asked by another activation')
    if (turn === 'gone') return 'changed'
    const answer = await makeOne(deps, place, id, one, signal)
    if (answer === 'ending') return 'changed'
    if (answer === 'made') made.push(id)
    else problems.push(problem(one.path, one.stepName, answer.detail))
  }
  if (problems.length > 0) return problems
  return (await registry.subscriptions.keep(place, [...plan.keep, ...made])) ? 'done' : 'changed'
}

const problem = (path: string, step: string, detail: string): Problem => ({ path, message: `Failed to subscribe the step ${JSON.stringify(step)}: ${detail}` })

/** Asks until the application has answered something that says whether it made it. */
async function makeOne(
  deps: ActivationDeps,
  place: Place,
  id: string,
  one: WantedSubscription,
  signal: AbortSignal,
): Promise<'made' | 'ending' | { readonly detail: string }> {
  const { subscriptions } = deps.registry
  for (let left = TRIES; ; left--) {
    const { detail, answer, certain } = await ask(deps, place, id, one, signal).catch(async (error: unknown) => {
      // Its turn has not come, or the process ends: whoever tries next need not wait.
      await subscriptions.unanswered(place, id)
      throw error
    })
    if (answer !== undefined && answer.status >= 200 && answer.status <= 299) {
      const subscriptionId = one.idPath === undefined ? undefined : idIn(answer, one.idPath)
      if (one.idPath === undefined || subscriptionId !== undefined) return subscriptions.made(place, id, one.terms, subscriptionId)
      await subscriptions.unanswered(place, id)
      return { detail: `The answer has no ${one.idPath}\n${detail}` }
    }
    if (certain) await subscriptions.ended(place, id)
    else if (left <= 1) await subscriptions.unanswered(place, id)
    if (certain || left <= 1) return { detail }
    await sleep(DELAY_MS * (TRIES - left + 1), undefined, { signal })
  }
}

interface Asked {
  readonly detail: string
  readonly answer?: HttpAnswer
  /** The application has not made it. */
  readonly certain: boolean
}

async function ask(deps: ActivationDeps, place: Place, id: string, one: WantedSubscription, signal: AbortSignal): Promise<Asked> {
  try {
    const { answer, detail } = await askApplication(
      deps,
      {
        account: place.account,
        request: one.request,
        idempotencyKey: id,
        authentication: one.terms.authentication,
        baseUrl: baseUrlOf(one.terms, one.terms.settings),
        rateLimit: one.rateLimit,
        connectorId: one.terms.connectorId,
        held: one.held,
        quiet: one.terms.quiet,
      },
      signal,
    )
    return { answer, detail, certain: isRefusal(answer.status) }
  } catch (error) {
    // What could not be built, or has no credentials, was not sent.
    if (error instanceof StepError)
      return { detail: error.detail, certain: error.code === 'buildFailed' || error.code === 'sourceEmpty' || error.code === 'notAuthenticated' }
    if (error instanceof TokenServerDown) return { detail: error.message, certain: false }
    throw error
  }
}

/** The application's id, as text; a path that begins with `body` or `headers`. */
function idIn({ body, headers, status }: HttpAnswer, path: string): string | undefined {
  const parsed = parsePath(path)
  if (!parsed.ok) return undefined
  const found = lookupIn({ body, headers: { ...headers }, status })(parsed.path)
  if (found === undefined || found === null || typeof found === 'object') return undefined
  const text = toText(found)
  return text === '' ? undefined : text
}

/** Which subscriptions a cycle wants at applications (connectors.md 4), as its connectors are now; shared by the API and the worker. */
import { createHash } from 'node:crypto'
import type { RateLimit } from '../domain/connector.ts'
import { chooseAccountConnector } from '../domain/connector-choice.ts'
import { baseUrlOf, buildCall, type BuiltRequest } from '../domain/connector-request.ts'
import { StepError } from '../domain/errors.ts'
import type { Identifier } from '../domain/ids.ts'
import { escapedSettings } from '../domain/secrets.ts'
import { planSubscriptions, webhookMethod, type SubscriptionPlan, type SubscriptionTerms } from '../domain/subscription.ts'
import type { AccountConnector } from './account-connector.ts'
import { allOf } from './pages.ts'
import type { Versioned } from './records.ts'
import type { Registry, StoredCycle } from './registry.ts'

/** A subscription as it is to be made. */
export interface WantedSubscription {
  readonly terms: SubscriptionTerms
  readonly stepName: string
  /** Of the step in the document. */
  readonly path: string
  readonly request: BuiltRequest
  /** Path into the answer to its id. */
  readonly idPath?: string
  readonly held?: Versioned<AccountConnector>
  /** Of the connector. */
  readonly rateLimit?: RateLimit
}

/** One that cannot be asked for: `detail` says why. */
export interface ImpossibleSubscription {
  readonly stepName: string
  readonly path: string
  readonly detail: string
}

export interface CyclePlan extends SubscriptionPlan<WantedSubscription> {
  readonly impossible: readonly ImpossibleSubscription[]
}

type Needs = Pick<Registry, 'connectors' | 'accountConnectors' | 'subscriptions'>

const hashOf = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex')

/**
 * What is to be done before the cycle starts; undefined where it has no subscriptions and wants none. A connector that is not there, or not
 * authenticated, is a prerequisite: its steps are passed over here.
 */
export async function planFor(registry: Needs, cycle: StoredCycle, webhookUrl: (identifier: Identifier) => string): Promise<CyclePlan | undefined> {
  const held = await registry.subscriptions.of(cycle.place)
  const steps = [...cycle.document.steps.entries()].flatMap(([at, step]) =>
    step.type === 'webhook' && step.connector !== undefined ? [{ at, step, name: step.connector }] : [],
  )
  const items = steps.length === 0 ? [] : await allOf(page => registry.accountConnectors.of(cycle.place.account).list(page))
  const wanted: WantedSubscription[] = []
  const impossible: ImpossibleSubscription[] = []
  for (const { at, step, name } of steps) {
    const connector = await registry.connectors.byName(name)
    const method = connector && webhookMethod(connector.value.definition, step.method)
    const identifier = cycle.identifiers[step.id]
    if (connector === undefined || method?.subscribe === undefined || identifier === undefined) continue
    const choice = chooseAccountConnector(items, connector.id, cycle.accountConnectors?.[name])
    const one = choice.kind === 'one' ? choice.one : undefined
    const { definition } = connector.value
    const where = { stepName: step.name ?? step.id, path: `steps[${at}]` }
    const settings = one?.value.settings ?? {}
    const url = webhookUrl(identifier)
    try {
      const request = buildCall(definition, method.subscribe, { settings: escapedSettings(settings), webhook: { url } })
      const external = one?.value.externalId ?? null
      wanted.push({
        ...where,
        request,
        ...(method.subscribe.id === undefined ? {} : { idPath: method.subscribe.id }),
        ...(one === undefined ? {} : { held: one }),
        ...(definition.rateLimit === undefined ? {} : { rateLimit: definition.rateLimit }),
        terms: {
          stepId: step.id,
          url,
          connectorId: connector.id,
          connector: name,
          method: method.id,
          ...(one === undefined ? {} : { accountConnectorId: one.id }),
          settings,
          baseUrl: definition.baseUrl,
          authentication: definition.authentication,
          ...(method.unsubscribe === undefined ? {} : { unsubscribe: method.unsubscribe }),
          fingerprint: hashOf([connector.id, method.id, one?.id ?? null, external, baseUrlOf(definition, settings), request, method.subscribe.id ?? null]),
          ...(cycle.document.settings?.log === 'none' ? { quiet: true } : {}),
        },
      })
    } catch (error) {
      if (!(error instanceof StepError)) throw error
      impossible.push({ ...where, detail: error.detail })
    }
  }
  const plan = planSubscriptions(wanted, held)
  return wanted.length + impossible.length + held.length === 0 ? undefined : { ...plan, impossible }
}

/** Whether an application has to be asked before the cycle starts. */
export const asksApplication = ({ make, end, impossible }: CyclePlan): boolean => make.length + end.length + impossible.length > 0

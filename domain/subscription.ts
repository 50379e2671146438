/** Subscriptions of webhook steps at applications (connectors.md 4): which a cycle wants, and what is to be done about those that it has. Pure. */
import type { ConnectorAuthentication, ConnectorCall, ConnectorDocument, WebhookMethod } from './connector.ts'
import type { StepId } from './ids.ts'

/** What a subscription is made of. It holds no secret. */
export interface SubscriptionTerms {
  readonly stepId: StepId
  /** The step's URL. */
  readonly url: string
  readonly connectorId: string
  /** Its name. */
  readonly connector: string
  /** Id of the method. */
  readonly method: string
  /** Absent of a connector that needs none. */
  readonly accountConnectorId?: string
  /** Those of the account connector, as they were. */
  readonly settings: { readonly [name: string]: string }
  /** Of the connector as it was: used where it was deleted since. */
  readonly baseUrl: string
  readonly authentication: ConnectorAuthentication
  readonly unsubscribe?: ConnectorCall
  /** SHA-256 (hex) of all that decides what the application is asked: another one is another subscription. */
  readonly fingerprint: string
  /** No payload is told of its calls. */
  readonly quiet?: boolean
}

/** `asked`: the application may have made it. `made`: it has. `ending`: it is to be taken away there. */
export type SubscriptionState = 'asked' | 'made' | 'ending'

export interface Subscription {
  /** GUID: the `Idempotency-Key` of every try to make it. */
  readonly id: string
  readonly state: SubscriptionState
  /** When it was wanted last (ms since the epoch). */
  readonly at: number
  /** What the application calls it; absent while that is not known, and of methods that say no `id`. */
  readonly subscriptionId?: string
  readonly terms: SubscriptionTerms
}

export interface SubscriptionPlan<W> {
  /** They stay as they are. */
  readonly keep: readonly string[]
  /** `id`: of one that was asked for before, and nobody knows with what success. */
  readonly make: readonly { readonly wanted: W; readonly id?: string }[]
  readonly end: readonly string[]
}

/** What is to be done so that a cycle has what it wants. One that ends already is not wanted back. */
export function planSubscriptions<W extends { readonly terms: Pick<SubscriptionTerms, 'stepId' | 'fingerprint'> }>(
  wanted: readonly W[],
  held: readonly Subscription[],
): SubscriptionPlan<W> {
  const live = held.filter(({ state }) => state !== 'ending')
  const fitting = wanted.map(one => {
    const same = live.filter(({ terms }) => terms.stepId === one.terms.stepId && terms.fingerprint === one.terms.fingerprint)
    return { wanted: one, found: same.find(({ state }) => state === 'made') ?? same[0] }
  })
  const used = new Set(fitting.flatMap(({ found }) => found?.id ?? []))
  return {
    keep: fitting.flatMap(({ found }) => (found?.state === 'made' ? [found.id] : [])),
    make: fitting.flatMap(({ wanted: one, found }) => (found?.state === 'made' ? [] : [{ wanted: one, ...(found === undefined ? {} : { id: found.id }) }])),
    end: live.flatMap(({ id }) => (used.has(id) ? [] : [id])),
  }
}

/** The method that brings events, by its id. */
export const webhookMethod = ({ methods }: Pick<ConnectorDocument, 'methods'>, id: string | undefined): WebhookMethod | undefined =>
  methods.find((one): one is WebhookMethod => one.id === id && one.type === 'webhook')

/** Whether a call cannot be made without the application's id of the subscription. */
export const needsSubscriptionId = (call: ConnectorCall): boolean => /\{\{\s*subscription\b/.test(JSON.stringify(call))

/** What an answer to `unsubscribe` says: it is gone, or never was. */
export const isEnded = (status: number): boolean => (status >= 200 && status <= 299) || status === 404 || status === 410

/** Whether an answer to `subscribe` leaves no doubt that nothing was made. */
export const isRefusal = (status: number): boolean => status >= 400 && status <= 499 && status !== 408 && status !== 409 && status !== 425 && status !== 429

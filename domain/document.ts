/**
 * The cycle document (cycles.md 1 to 4) as it stands after validation: what the author wrote, with nothing added.
 * Types only: the schema that parses it is `domain/schema/`, and derived facts (next steps, modes, paths) are functions over it.
 */
import type { Json } from './json.ts'
import type { StepId } from './ids.ts'

export interface CycleDocument {
  readonly name: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly variables?: readonly Variable[]
  readonly settings?: Settings
  readonly steps: readonly Step[]
}

export interface Variable {
  readonly name: string
  readonly label?: string
  readonly description?: string
  readonly value?: Json
  readonly userConfigurable?: boolean
  readonly required?: boolean
  readonly options?: readonly { readonly label: string; readonly value: Json }[]
  /** Never shown, logged, or put in clear into Temporal (cycles.md 1). */
  readonly secret?: boolean
}

/** Durations as written: `500ms`, `90s`, `15m`, `2h`, `31d`, `1w`. */
export type DurationText = string

/** What a step error does (cycles.md 5). */
export type ErrorRule = 'stopTransaction' | 'ignore' | 'retry' | 'stopCycle'

/** How often, and after which pauses, the rule `retry` tries again. */
export interface Retries {
  /** 1 to 5. */
  readonly maxRetries?: number
  /** Before the first, second … retry; the last one stands for those that are left out. */
  readonly retryDelays?: readonly DurationText[]
}

export interface Settings extends Retries {
  readonly onStepError?: ErrorRule
  readonly syncTimeout?: DurationText
  readonly maxConcurrency?: number
  readonly retention?: { readonly success?: DurationText; readonly errored?: DurationText }
  readonly log?: 'requests' | 'none'
}

/** A step id or a list of them; a list starts one concurrent path for each. */
export type Next = StepId | readonly StepId[]

export interface StepBase {
  readonly id: StepId
  readonly name?: string
  readonly description?: string
}

export interface WebhookStep extends StepBase {
  readonly type: 'webhook'
  readonly next?: Next
  /** Required on every webhook step that is not the trigger. */
  readonly match?: { readonly request: string; readonly transaction: string }
  readonly earlyArrivalWindow?: DurationText
  /** Name of a connector and id of its method of type webhook, both or none: the step gets the connector's events (connectors.md 4). */
  readonly connector?: string
  readonly method?: string
  readonly script?: string
  /** Parameters that the script sees as `script_parameters`. */
  readonly scriptParameters?: { readonly [name: string]: Json }
  readonly verify?: Verify
  /** Path in the step's own data to a list: each element goes on in a transaction of its own (cycles.md 4). */
  readonly split?: string
}

/** A trigger on a timer: `every` or `cron`, one of the two. */
export interface ScheduleStep extends StepBase {
  readonly type: 'schedule'
  readonly next?: Next
  readonly every?: DurationText
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron?: string
  /** IANA name; default: the account's. */
  readonly timezone?: string
  /** ISO 8601; without an offset in `timezone`. */
  readonly startAt?: string
  readonly runOnce?: boolean
}

/** webhooks.md 10. In the registry the secret stands sealed; to people it shows as `********`. */
export type Verify =
  | { readonly scheme: 'standardWebhooks'; readonly secret: string }
  | {
      readonly scheme: 'hmac'
      readonly secret: string
      readonly header: string
      readonly algorithm: 'sha256' | 'sha1' | 'sha512'
      readonly encoding: 'hex' | 'base64'
      readonly prefix?: string
    }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'header'; readonly header: string; readonly value: string }

export type BodyType = 'json' | 'xml' | 'form' | 'text' | 'html'

export interface SynchronousResponseStep extends StepBase {
  readonly type: 'synchronousResponse'
  readonly next?: Next
  readonly status?: number | string
  readonly headers?: { readonly [name: string]: Json }
  readonly body?: Json
  readonly bodyType?: BodyType
}

export type RequestAuth =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  | { readonly type: 'bearer'; readonly token: string }
  | { readonly type: 'header'; readonly header: string; readonly value: string }

/** What the steps that call other systems share. */
export interface CallStep extends StepBase, Retries {
  readonly next?: Next
  readonly query?: { readonly [name: string]: Json }
  readonly headers?: { readonly [name: string]: Json }
  readonly bodyType?: BodyType
  readonly timeout?: DurationText
  /** As `onStepError`, for this step. */
  readonly onError?: ErrorRule
  readonly split?: string
  /** JavaScript with `before_action`, `after_action`, `after_action_paging` and `after_error`. */
  readonly script?: string
  /** Parameters that the script sees as `script_parameters`, with merge fields. */
  readonly scriptParameters?: { readonly [name: string]: Json }
}

export interface RequestStep extends CallStep {
  readonly type: 'request'
  readonly method: string
  readonly url: string
  readonly body?: Json
  readonly auth?: RequestAuth
}

/** A call of a connector's method (connectors.md 3). */
export interface MethodStep extends CallStep {
  readonly type: 'method'
  /** The connector's name. */
  readonly connector: string
  /** Id of the method. */
  readonly method: string
  readonly parameters?: { readonly [name: string]: Json }
  /** The body. */
  readonly fields?: Json
}

export interface ScriptStep extends StepBase {
  readonly type: 'script'
  readonly next?: Next
  readonly source: string
  readonly input?: Json
}

export type Condition =
  | 'exists'
  | 'notExists'
  | 'equals'
  | 'notEquals'
  | 'contains'
  | 'notContains'
  | 'greaterThan'
  | 'greaterThanOrEqual'
  | 'lessThan'
  | 'lessThanOrEqual'
  | 'startsWith'
  | 'endsWith'
  | 'in'
  | 'matches'

export interface DecisionStep extends StepBase {
  readonly type: 'decision'
  readonly left: Json
  readonly condition: Condition
  readonly right?: Json
  readonly true?: Next
  readonly false?: Next
}

export interface SwitchStep extends StepBase {
  readonly type: 'switch'
  readonly value: Json
  readonly cases: readonly { readonly equals: Json; readonly next?: Next }[]
  readonly default?: Next
}

export interface DelayStep extends StepBase {
  readonly type: 'delay'
  readonly next?: Next
  readonly for: DurationText
}

export interface WaitUntilStep extends StepBase {
  readonly type: 'waitUntil'
  readonly next?: Next
  /** An instant in ISO 8601; without an offset in the account's time zone. */
  readonly at: string
}

/** The join of a run's paths and split items. */
export interface WaitAllStep extends StepBase {
  readonly type: 'waitAll'
  readonly next?: Next
}

export type Step =
  | WebhookStep
  | ScheduleStep
  | SynchronousResponseStep
  | RequestStep
  | MethodStep
  | ScriptStep
  | DecisionStep
  | SwitchStep
  | DelayStep
  | WaitUntilStep
  | WaitAllStep
/** What a cycle begins with. */
export type TriggerStep = WebhookStep | ScheduleStep
export type StepType = Step['type']
export type StepOf<T extends StepType> = Extract<Step, { readonly type: T }>

/** What a webhook step yields: its step data (webhooks.md 3). */
export interface WebhookData {
  readonly body: Json
  readonly headers: { readonly [name: string]: string }
  readonly query: { readonly [name: string]: string | string[] }
  readonly method: string
}

/** What a schedule yields: when the run fell due, and when it was taken (ISO 8601, UTC). */
export interface ScheduleData {
  readonly scheduledAt: string
  readonly startedAt: string
}
export type TriggerData = WebhookData | ScheduleData

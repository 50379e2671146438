/** The state of a transaction as the interpreter changes it, and its frozen form that a continue-as-new carries on. */
import type { StepId } from '../../domain/ids.ts'
import type { Json } from '../../domain/json.ts'
import type { Carried, Delivery, Failure, Incident, ResponseResult, Run, StepRecord } from '../messages.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Incidents beyond this many are in the incident log only: the state must stay small. */
const KEPT_INCIDENTS = 50
/** Characters of response bodies that the state carries: older ones give way. */
const KEPT_RESPONSES = 4 * 1024 * 1024

export interface State {
  /** undefined until it was begun. */
  startedAt: number | undefined
  status: Carried['status']
  readonly data: Map<StepId, Json>
  /** Sizes of data as JSON, each counted once. */
  readonly sizes: WeakMap<object, number>
  executions: number
  readonly reached: Set<StepId>
  readonly registered: Map<StepId, { readonly value: string; readonly hash?: string }>
  readonly records: Map<StepId, Mutable<Omit<StepRecord, 'data'>>>
  incidents: Incident[]
  /** How many incidents there were. */
  reported: number
  readonly responses: Map<string, ResponseResult>
  readonly queue: Delivery[]
  readonly seen: Map<StepId, number>
  readonly consumed: Map<StepId, number>
  run: Run | undefined
  /** A step failed for good: the transaction stands there. */
  failure: Failure | undefined
  /** Number of the latest question by `fail` or `revive`. */
  asked: number
  /** How many runs there were, and when the latest ended (ms since the epoch). */
  runs: number
  ranUntil: number | undefined
}

/** A state to begin or to go on with. */
export function createState(carried: Carried | undefined): State {
  return {
    startedAt: carried?.startedAt,
    status: carried?.status ?? 'InProgress',
    data: new Map(Object.entries(carried?.data ?? {})),
    sizes: new WeakMap(),
    executions: carried?.executions ?? 0,
    reached: new Set(carried?.reached),
    registered: new Map(Object.entries(carried?.registered ?? {})),
    records: new Map(Object.entries(carried?.records ?? {})),
    incidents: [...(carried?.incidents ?? [])],
    reported: carried?.reported ?? 0,
    responses: new Map(Object.entries(carried?.responses ?? {})),
    queue: [...(carried?.queue ?? [])],
    seen: new Map(Object.entries(carried?.seen ?? {})),
    consumed: new Map(Object.entries(carried?.consumed ?? {})),
    run: carried?.run,
    failure: carried?.failure,
    asked: carried?.asked ?? 0,
    runs: carried?.runs ?? 0,
    ranUntil: carried?.ranUntil,
  }
}

/** The frozen form; `trigger`'s data is left out, it travels in the input. */
export function freeze(state: State, trigger: StepId, shown: Carried['shown']): Carried {
  const data = new Map(state.data)
  data.delete(trigger)
  return {
    ...(state.startedAt === undefined ? {} : { startedAt: state.startedAt }),
    status: state.status,
    data: Object.fromEntries(data),
    executions: state.executions,
    reached: [...state.reached],
    registered: Object.fromEntries(state.registered),
    records: Object.fromEntries(state.records),
    incidents: state.incidents,
    reported: state.reported,
    responses: Object.fromEntries(state.responses),
    queue: state.queue,
    seen: Object.fromEntries(state.seen),
    consumed: Object.fromEntries(state.consumed),
    ...(state.run === undefined ? {} : { run: state.run }),
    ...(state.failure === undefined ? {} : { failure: state.failure }),
    asked: state.asked,
    runs: state.runs,
    ...(state.ranUntil === undefined ? {} : { ranUntil: state.ranUntil }),
    ...(shown === undefined ? {} : { shown }),
  }
}

/** Keeps an incident where operators see it, and answers it with its number, by which the incident log takes it once. */
export function addIncident(state: State, incident: Omit<Incident, 'seq'>): Incident {
  const numbered = { ...incident, seq: ++state.reported }
  state.incidents = [...state.incidents, numbered].slice(-KEPT_INCIDENTS)
  return numbered
}

/** Records the answer of a run; the first stays. The bodies of the oldest give way when all together grow too large: they cannot be told again then. */
export function settle(state: State, request: string, result: ResponseResult): void {
  if (state.responses.has(request)) return
  state.responses.set(request, result)
  let total = 0
  for (const [key, kept] of [...state.responses].reverse()) {
    if (kept.kind !== 'response') continue
    total += kept.body.length
    if (total > KEPT_RESPONSES && key !== request) state.responses.set(key, { kind: 'none' })
  }
}

/** Queues a delivery that is above all that came before in its lane; a repeat is ignored (protocol.md). */
export function receive(state: State, delivery: Delivery): void {
  if (delivery.deliveryId <= (state.seen.get(delivery.stepId) ?? 0)) return
  state.seen.set(delivery.stepId, delivery.deliveryId)
  state.queue.push(delivery)
}

/** Takes the delivery to run next: the first of those whose step was reached, in order of arrival (webhooks.md 6). */
export function nextDelivery(state: State): Delivery | undefined {
  let first: Delivery | undefined
  for (const delivery of state.queue)
    if (state.reached.has(delivery.stepId) && (first === undefined || delivery.deliveryId < first.deliveryId)) first = delivery
  return first
}

/** It is another transaction's. */
export function forget(state: State, delivery: Delivery): void {
  state.queue.splice(state.queue.indexOf(delivery), 1)
}

/** A run was made for it, or it counts as delivered. */
export function consume(state: State, delivery: Delivery): void {
  forget(state, delivery)
  state.consumed.set(delivery.stepId, delivery.deliveryId)
}

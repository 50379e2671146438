/** A transaction in memory: the interpreter's port with a clock of its own, so that days pass at once and every interleaving is the same each time. */
import type { HttpCall, HttpResult, MethodCall, MethodResult } from '../../../activities/contract.ts'
import type { CycleDocument, Step, WebhookData } from '../../../domain/document.ts'
import { asAccountId, asCycleId, asRequestId, asTransactionId, type StepId } from '../../../domain/ids.ts'
import type { Json } from '../../../domain/json.ts'
import type { EndStatus } from '../../../domain/states.ts'
import type { MatchValue, Resumed } from '../../../storage/inbox.ts'
import type { Expression, TransactionContext, Unplaced } from '../../../workflows/interpreter/context.ts'
import { answerFor, createLife, deliver, live, stop, type Life, type Passed } from '../../../workflows/interpreter/life.ts'
import { order } from '../../../workflows/interpreter/orders.ts'
import { freeze } from '../../../workflows/interpreter/state.ts'
import { splitId, type Incident, type Item, type JoinCounts, type Order, type RunAnswer, type TransactionInput } from '../../../workflows/messages.ts'

export const START = Date.UTC(2026, 0, 1)
export const TX = asTransactionId('00000000-0000-4000-8000-000000000001')

export const webhookData = (body: Json = {}): WebhookData => ({ body, headers: {}, query: {}, method: 'POST' })

export function documentOf(steps: readonly Step[], more: Partial<CycleDocument> = {}): CycleDocument {
  return { name: 'Test', steps, ...more }
}

export function inputOf(document: CycleDocument, body: Json = {}, limits: Partial<TransactionInput['limits']> = {}): TransactionInput {
  return {
    transaction: TX,
    snapshot: {
      account: { id: asAccountId('00000000-0000-4000-8000-00000000000a'), apiId: 'acme', name: 'Acme', timezone: 'UTC' },
      cycle: { id: asCycleId('00000000-0000-4000-8000-00000000000c'), name: document.name },
      document,
      variables: Object.fromEntries((document.variables ?? []).flatMap(v => (v.value === undefined || v.secret === true ? [] : [[v.name, v.value]]))),
      webhooks: Object.fromEntries(document.steps.filter(s => s.type === 'webhook').map(s => [s.id, `http://localhost/api/webhook/${s.id}`])),
      hash: 'hash',
      kernel: 1,
    },
    trigger: { stepId: document.steps[0]?.id ?? '', data: webhookData(body) },
    acceptedAt: START,
    limits: { maxStepExecutions: 10_000, retentionMs: 31 * 24 * 3600_000, ...limits },
  }
}

interface Sleeper {
  readonly until: number
  readonly woken: () => boolean
  readonly wake: () => void
}

type Request = Unplaced<HttpCall>

/** How a stand-in for the outside answers; a rejection is a step error where it is a `StepError`. */
export interface World {
  http?: (call: Request, step: StepId) => HttpResult | Promise<HttpResult>
  method?: (call: Unplaced<MethodCall>, step: StepId) => MethodResult | Promise<MethodResult>
  /** ms that a call takes. */
  httpTakes?: (step: StepId) => number
  script?: (source: string, input: Json) => Json | Promise<Json>
  evaluate?: (expression: Expression) => Json | undefined
  begin?: () => 'go' | 'stop'
  resume?: (stepId: StepId, delivery: number) => Resumed
  park?: (seen: { readonly [step: StepId]: number }) => 'parked' | 'busy' | 'stop'
  /** How an item ends, and after how many ms. */
  item?: (item: Item) => { readonly ends?: keyof JoinCounts; readonly takes?: number }
  fail?: () => 'failed' | 'stop'
  revive?: () => 'go' | 'busy' | 'refused' | 'stop'
  /** A new history is wanted after about that many looks. */
  suspendEvery?: number
}

/** What happened, in order: the interpreter's calls of its port. */
export type Call =
  | { readonly call: 'begin'; readonly values: readonly MatchValue[] }
  | { readonly call: 'http'; readonly step: StepId; readonly request: Request; readonly execution: number; readonly failed: number; readonly at: number }
  | {
      readonly call: 'method'
      readonly step: StepId
      readonly request: Unplaced<MethodCall>
      readonly execution: number
      readonly failed: number
      readonly at: number
    }
  | { readonly call: 'script'; readonly step: StepId; readonly input: Json }
  | { readonly call: 'evaluate'; readonly step: StepId; readonly answered: boolean }
  | { readonly call: 'resume'; readonly step: StepId; readonly delivery: number }
  | { readonly call: 'register'; readonly step: StepId; readonly value: string | undefined }
  | { readonly call: 'park'; readonly seen: { readonly [step: StepId]: number } }
  | { readonly call: 'beginItem'; readonly values: readonly MatchValue[] }
  | { readonly call: 'startItem'; readonly item: Item }
  | { readonly call: 'awaitItems'; readonly split: string; readonly wakeAt: number }
  | { readonly call: 'stopItems'; readonly split: string }
  | { readonly call: 'answerParent'; readonly answer: RunAnswer }
  | { readonly call: 'fail'; readonly consumed: { readonly [step: StepId]: number }; readonly retentionMs: number; readonly asked: number }
  | { readonly call: 'revive'; readonly asked: number }
  | { readonly call: 'stopCycle' }
  | { readonly call: 'end'; readonly consumed: { readonly [step: StepId]: number }; readonly status: EndStatus; readonly retentionMs: number }

export function createMemory(input: TransactionInput, world: World = {}) {
  let now = START
  let looks = 0
  let histories = 0
  let deliveryId = 0
  const calls: Call[] = []
  const incidents: Incident[] = []
  const events: { readonly at: number; readonly run: () => void }[] = []
  let sleepers: Sleeper[] = []
  let cancels: (() => void)[] = []

  const sleep = (until: number, woken: () => boolean): Promise<void> => new Promise(wake => sleepers.push({ until, woken, wake }))

  async function cancellable<T>(work: Promise<T>): Promise<T> {
    return Promise.race([work, new Promise<never>((_, reject) => cancels.push(() => reject(new Error('cancelled'))))])
  }

  const context: TransactionContext = {
    now: () => now,
    async callHttp(step, { execution, failed }, request) {
      calls.push({ call: 'http', step: step.id, request, execution, failed, at: now - START })
      const takes = world.httpTakes?.(step.id) ?? 0
      const work = async (): Promise<HttpResult> => {
        if (takes > 0) await sleep(now + takes, () => false)
        return world.http?.(request, step.id) ?? { status: 200, headers: {}, body: null }
      }
      return cancellable(work())
    },
    async callMethod(step, { execution, failed }, request) {
      calls.push({ call: 'method', step: step.id, request, execution, failed, at: now - START })
      return cancellable(Promise.resolve(world.method?.(request, step.id) ?? { status: 200, headers: {}, body: null }))
    },
    async runScript(step, _execution, scriptInput) {
      calls.push({ call: 'script', step: step.id, input: scriptInput })
      return cancellable(Promise.resolve(world.script?.(step.source, scriptInput) ?? null))
    },
    async evaluate(step, expressions, answered) {
      calls.push({ call: 'evaluate', step: step.id, answered })
      await sleep(now, () => true)
      return expressions.map(expression => world.evaluate?.(expression))
    },
    async wait(_label, until, woken) {
      if (until > now && !woken()) await sleep(until, woken)
    },
    async begin(values) {
      calls.push({ call: 'begin', values })
      return world.begin?.() ?? 'go'
    },
    async resume(step, delivery) {
      calls.push({ call: 'resume', step, delivery })
      return world.resume?.(step, delivery) ?? { answer: 'go' }
    },
    async register(step, value) {
      calls.push({ call: 'register', step, value })
      return value === undefined ? undefined : `hash of ${value}`
    },
    async park(seen) {
      calls.push({ call: 'park', seen })
      return world.park?.(seen) ?? 'parked'
    },
    async end(consumed, status, retentionMs) {
      calls.push({ call: 'end', consumed, status, retentionMs })
    },
    async beginItem(values) {
      calls.push({ call: 'beginItem', values })
      return world.begin?.() ?? 'go'
    },
    async startItem(item) {
      calls.push({ call: 'startItem', item })
      const split = splitOf(splitId(item.stepId, item.execution))
      split.running.add(item.index)
      const end = (): void => {
        if (split.running.delete(item.index)) split.end(world.item?.(item).ends ?? 'completed')
      }
      events.push({ at: now + (world.item?.(item).takes ?? 0), run: end })
    },
    async awaitItems(id, wakeAt) {
      calls.push({ call: 'awaitItems', split: id, wakeAt })
      const split = splitOf(id)
      split.wakeAt = wakeAt
      return { ...split.counts }
    },
    async stopItems(id) {
      calls.push({ call: 'stopItems', split: id })
      const split = splitOf(id)
      for (const index of [...split.running]) {
        split.running.delete(index)
        split.end('stopped')
      }
    },
    async answerParent(answer) {
      calls.push({ call: 'answerParent', answer })
    },
    async fail(consumed, retentionMs, asked) {
      calls.push({ call: 'fail', consumed, retentionMs, asked })
      return world.fail?.() ?? 'failed'
    },
    async revive(asked) {
      calls.push({ call: 'revive', asked })
      return world.revive?.() ?? 'go'
    },
    async stopCycle() {
      calls.push({ call: 'stopCycle' })
    },
    async incident(incident) {
      incidents.push(incident)
    },
    interrupt() {
      for (const cancel of cancels) cancel()
      cancels = []
    },
    suspendWanted() {
      if (world.suspendEvery === undefined || ++looks < world.suspendEvery + histories) return false
      // Ever later, so that paths that are looked at in turn all come on.
      looks = 0
      histories++
      return true
    },
    changed() {},
  }

  const splits = new Map<string, ReturnType<typeof createSplit>>()
  const createSplit = (id: string) => {
    const counts = { completed: 0, errored: 0, stopped: 0 }
    return {
      counts,
      running: new Set<number>(),
      wakeAt: Infinity,
      end(how: keyof JoinCounts) {
        counts[how]++
        if (counts.completed + counts.errored + counts.stopped >= this.wakeAt) life.told.add(id)
      },
    }
  }
  const splitOf = (id: string): ReturnType<typeof createSplit> => {
    const split = splits.get(id) ?? createSplit(id)
    splits.set(id, split)
    return split
  }

  let life: Life = createLife(input, context)

  /** Lets time pass until the transaction is over; every suspension goes on in a new life, from its frozen state. */
  async function run(): Promise<EndStatus> {
    for (;;) {
      const passed = await pass(live(life))
      if (passed !== 'suspended') return passed
      const carried = JSON.parse(JSON.stringify(freeze(life.state, life.trigger.id, undefined)))
      life = createLife({ ...input, carried }, context)
    }
  }

  async function pass(living: Promise<Passed>): Promise<Passed> {
    let ended: Passed | undefined
    let failed: { error: unknown } | undefined
    living.then(
      value => {
        ended = value
      },
      (error: unknown) => {
        failed = { error }
      },
    )
    for (;;) {
      await new Promise(resolve => setImmediate(resolve))
      if (failed !== undefined) throw failed.error
      if (ended !== undefined) return ended
      const awake = sleepers.filter(sleeper => sleeper.woken() || sleeper.until <= now)
      if (awake.length > 0) {
        sleepers = sleepers.filter(sleeper => !awake.includes(sleeper))
        for (const sleeper of awake) sleeper.wake()
        continue
      }
      const next = Math.min(...events.map(event => event.at), ...sleepers.map(sleeper => sleeper.until))
      if (!Number.isFinite(next)) throw new Error('The transaction waits for nothing that will come')
      now = Math.max(now, next)
      const due = events.filter(event => event.at <= now)
      for (const event of due) {
        events.splice(events.indexOf(event), 1)
        event.run()
      }
    }
  }

  return {
    calls,
    incidents,
    run,
    life: () => life,
    /** Lets time pass until that pass over the life is over. */
    drive: pass,
    answer: (request: string) => answerFor(life, request),
    /** The calls of one kind. */
    of: <K extends Call['call']>(kind: K) => calls.filter((call): call is Extract<Call, { call: K }> => call.call === kind),
    at(ms: number, act: () => void) {
      events.push({ at: START + ms, run: act })
    },
    stop: () => stop(life),
    order: (kind: Order, about?: Json) => order(life, kind, about),
    /** A request for a mid-cycle step arrives. */
    deliver(stepId: StepId, body: Json = {}, id = ++deliveryId) {
      deliver(life, { stepId, deliveryId: id, requestId: asRequestId(`request-${id}`), data: webhookData(body) })
    },
  }
}

/** Binds the interpreter's port to Temporal: steps as regular activities, the index as local ones, waits as timers. */
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common'
import {
  CancellationScope,
  condition,
  getExternalWorkflowHandle,
  log,
  proxyActivities,
  proxyLocalActivities,
  startChild,
  workflowInfo,
  type ActivityOptions,
} from '@temporalio/workflow'
import type { CallScript, LocalActivities, SplitActivities, StepActivities } from '../activities/contract.ts'
import type { MethodStep, RequestStep, Step } from '../domain/document.ts'
import { StepError, type StepErrorCode } from '../domain/errors.ts'
import { stepById } from '../domain/graph.ts'
import type { Place } from '../domain/ids.ts'
import { jsonSize, MAX_VALUE_BYTES } from '../domain/size.ts'
import type { TransactionView } from '../storage/inbox.ts'
import { stepErrorOf } from './failures.ts'
import { createTaskBudget, inlineBytes, type Weight } from './payload.ts'
import type { Attempt, TransactionContext } from './interpreter/context.ts'
import { ANSWER_RUN, itemId, ITEMS_ENDED, LARGE_BYTES, splitId, TRANSACTION, transactionWorkflowId, type Item, type TransactionInput } from './messages.ts'
import { pack } from './parcel.ts'
import { transactionOptions } from './start.ts'

const RETRY = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' } as const

/**
 * Short calls of the index: they share the workflow task's timeout, and are repeated for as long as Redis is away. A pause longer than the threshold is a
 * timer: while a task is held open, the history grows by some lines every few seconds.
 */
const index = proxyLocalActivities<Omit<LocalActivities, 'evaluate'>>({ startToCloseTimeout: '10s', retry: RETRY, localRetryThreshold: '10s' })
const operations = proxyActivities<SplitActivities>({ startToCloseTimeout: '1h', heartbeatTimeout: '15s', retry: RETRY })
/** The sandbox cuts a script off at 60 s at most. */
const EVALUATE = { startToCloseTimeout: '90s', retry: RETRY } as const
const HEARTBEAT = '5s'
/** A script may stand behind others in the sandbox. */
const SCRIPT_TIMEOUT_MS = 600_000
/** A list may come in many pages, each in its turn (connectors.md 3); each call has its own timeout, and a worker that died is noticed by its heartbeat. */
const METHOD_TIMEOUT = '24h'
/** Over the call's own timeout, so that it ends itself. */
const CALL_MARGIN_MS = 10_000
/** Server-side timers hold 292 years. */
const LONGEST_WAIT_MS = 100 * 365 * 24 * 3600 * 1000

export interface PortHooks {
  /** What the history holds: the port adds what calls send and get. */
  readonly weight: Weight
  /** Before the workflow blocks on something that others can see: shows where it stands. */
  readonly show: () => void
  readonly changed: () => void
  readonly suspendWanted: () => boolean
}

export const placeOf = (input: TransactionInput): Place => ({ account: input.snapshot.account.id, cycle: input.snapshot.cycle.id })

/** What an item is started with: the same snapshot, and what it needs of the step data. */
function itemInput({ snapshot, trigger, acceptedAt, limits, transaction }: TransactionInput, item: Item): TransactionInput {
  return {
    transaction: itemId(transaction, splitId(item.stepId, item.execution), item.index),
    snapshot,
    trigger: { stepId: trigger.stepId },
    acceptedAt,
    limits,
    item,
  }
}

/** Asks the index whether the transaction was stopped with its cycle (signal `checkStop`), and tells it what the transaction is. */
export const check = (input: TransactionInput, view: TransactionView): Promise<'go' | 'stop'> => index.check(placeOf(input), input.transaction, view)

export function createPort(input: TransactionInput, hooks: PortHooks): TransactionContext {
  const place = placeOf(input)
  const { transaction } = input
  const calls = new Set<CancellationScope>()
  const budget = createTaskBudget()
  const { weight } = hooks

  const { item } = input
  /** A parent that is closed needs nothing any more. */
  const toParent = async <T>(signal: string, about: T): Promise<void> => {
    if (item === undefined) return
    const parent = getExternalWorkflowHandle(transactionWorkflowId(place.cycle, item.parent))
    await parent.signal(signal, about).catch((error: unknown) => log.info('the parent of an item could not be told', { error: String(error) }))
  }
  const wakeParent = (): Promise<void> => (item === undefined ? Promise.resolve() : toParent(ITEMS_ENDED, splitId(item.stepId, item.execution)))

  /**
   * Runs a step's activity on `data` so that `interrupt` cancels it; its failure becomes a step error. `recorded`: bytes of its result that the same
   * workflow task has to send, at most.
   */
  async function call<T>(fallback: StepErrorCode, data: unknown, recorded: number, run: () => Promise<T>): Promise<T> {
    const bytes = weight.add(data, MAX_VALUE_BYTES)
    if (bytes > MAX_VALUE_BYTES) throw new StepError('buildFailed', `It would take more than ${MAX_VALUE_BYTES} bytes of data, or data that nests too deeply`)
    const scope = new CancellationScope()
    calls.add(scope)
    try {
      return await scope.run(async () => {
        await budget(inlineBytes(bytes) + recorded)
        const result = await run()
        weight.add(result)
        return result
      })
    } catch (error) {
      throw stepErrorOf(error, fallback)
    } finally {
      calls.delete(scope)
    }
  }
  const options = (step: Step, { execution, failed }: Attempt, startToCloseTimeout: ActivityOptions['startToCloseTimeout'] & {}): ActivityOptions => ({
    activityId: `${step.id}${execution === 1 ? '' : `#${execution}`}${failed === 0 ? '' : `~${failed}`}`,
    summary: step.name ?? step.id,
    startToCloseTimeout,
    heartbeatTimeout: HEARTBEAT,
    retry: RETRY,
    cancellationType: 'TRY_CANCEL',
  })
  const identity = (step: Step) => ({ place, transaction, stepId: step.id })
  const scriptOf = ({ script }: RequestStep | MethodStep): { readonly script?: CallScript } => {
    const { account, variables } = input.snapshot
    return script === undefined ? {} : { script: { source: script, variables, account: { id: account.id, apiId: account.apiId } } }
  }
  const keyOf = (step: Step, { execution }: Attempt): string => `${transaction}/${step.id}/${execution}`

  return {
    now: () => Date.now(),
    callHttp(step, attempt, request) {
      hooks.show()
      const margin = step.script === undefined ? CALL_MARGIN_MS : SCRIPT_TIMEOUT_MS
      const activities = proxyActivities<StepActivities>(options(step, attempt, request.timeoutMs + margin))
      const asked = { ...request, ...scriptOf(step) }
      return call('callFailed', asked, 0, () => activities.callHttp({ ...asked, ...identity(step), idempotencyKey: keyOf(step, attempt) }))
    },
    callMethod(step, attempt, request) {
      hooks.show()
      const activities = proxyActivities<StepActivities>(options(step, attempt, METHOD_TIMEOUT))
      const asked = { ...request, ...scriptOf(step) }
      return call('callFailed', asked, 0, () => activities.callMethod({ ...asked, ...identity(step), idempotencyKey: keyOf(step, attempt) }))
    },
    runScript(step, attempt, input) {
      hooks.show()
      const activities = proxyActivities<StepActivities>(options(step, attempt, SCRIPT_TIMEOUT_MS))
      return call('callFailed', input, 0, () => activities.runScript({ ...identity(step), source: step.source, input }))
    },
    async evaluate(step, expressions, answered) {
      const fallback = step.type === 'synchronousResponse' ? 'responseNotBuilt' : step.type === 'waitUntil' ? 'waitFailed' : 'buildFailed'
      // A local activity holds back its workflow task, and with it an answer that was given in it.
      const activities = answered
        ? proxyActivities<Pick<LocalActivities, 'evaluate'>>({ ...EVALUATE, summary: step.name ?? step.id, cancellationType: 'TRY_CANCEL' })
        : proxyLocalActivities<Pick<LocalActivities, 'evaluate'>>({ ...EVALUATE, summary: step.name ?? step.id, cancellationType: 'TRY_CANCEL' })
      const results = await call(fallback, expressions, answered ? 0 : LARGE_BYTES, () => activities.evaluate(expressions))
      return results.map(result => result.value)
    },
    async wait(label, until, woken) {
      const ms = Math.min(until - Date.now(), LONGEST_WAIT_MS)
      if (ms <= 0 || woken()) return
      hooks.show()
      await condition(woken, ms, { summary: label })
    },
    begin: values => index.begin(place, transaction, values, input.startedBy),
    resume: (stepId, delivery) => index.resume(place, transaction, stepId, delivery),
    register: async (stepId, value) => (await index.register(place, transaction, stepId, value ?? null)) ?? undefined,
    async park(seen) {
      const { answer, wake } = await index.park(place, transaction, { ...seen })
      if (wake) await wakeParent()
      return answer
    },
    beginItem: values =>
      item === undefined ? Promise.resolve('stop') : index.beginItem(place, transaction, item.parent, splitId(item.stepId, item.execution), values),
    async startItem(started) {
      const child = itemInput(input, started)
      await budget(inlineBytes(jsonSize(child)))
      try {
        await startChild(TRANSACTION, { ...transactionOptions(child, 'item'), args: pack(child), parentClosePolicy: 'ABANDON' })
      } catch (error) {
        // A reset made this transaction start it again.
        if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error
      }
    },
    awaitItems: (split, wakeAt) => index.awaitItems(place, transaction, split, wakeAt),
    stopItems: split => operations.stopItems(place, transaction, split),
    answerParent: answer => toParent(ANSWER_RUN, answer),
    async fail(consumed, retentionMs, asked) {
      const { answer, wake } = await index.fail(place, transaction, { ...consumed }, retentionMs, asked)
      if (wake) await wakeParent()
      return answer
    },
    revive: asked => index.revive(place, transaction, asked),
    stopCycle: () => index.stopCycle(place),
    async end(consumed, status, retentionMs) {
      const { wake } = await index.end(place, transaction, { ...consumed }, status, retentionMs)
      if (wake) await wakeParent()
    },
    incident(incident) {
      const step = incident.stepId === undefined ? undefined : stepById(input.snapshot.document, incident.stepId)
      return index.incident(place, transaction, step === undefined ? incident : { ...incident, stepName: step.name ?? step.id, stepType: step.type })
    },
    interrupt() {
      for (const scope of calls) scope.cancel()
    },
    suspendWanted: () => (workflowInfo().continueAsNewSuggested || weight.heavy()) && hooks.suspendWanted(),
    changed: hooks.changed,
  }
}

/** Binds the interpreter's port to Temporal: steps as regular activities, the index as local ones, waits as timers. */
import { CancellationScope, condition, proxyActivities, proxyLocalActivities, workflowInfo, type ActivityOptions } from '@temporalio/workflow'
import type { LocalActivities, StepActivities } from '../activities/contract.ts'
import type { Step } from '../domain/document.ts'
import { StepError, type StepErrorCode } from '../domain/errors.ts'
import { stepById } from '../domain/graph.ts'
import type { Place } from '../domain/ids.ts'
import { MAX_VALUE_BYTES } from '../domain/size.ts'
import { stepErrorOf } from './failures.ts'
import { createTaskBudget, inlineBytes, type Weight } from './payload.ts'
import type { TransactionContext } from './interpreter/context.ts'
import { LARGE_BYTES, type TransactionInput } from './messages.ts'

const RETRY = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' } as const

/** Short calls of the index: they share the workflow task's timeout, and are repeated for as long as Redis is away. */
const index = proxyLocalActivities<Omit<LocalActivities, 'evaluate'>>({ startToCloseTimeout: '10s', retry: RETRY })
/** The sandbox cuts a script off at 60 s at most. */
const EVALUATE = { startToCloseTimeout: '90s', retry: RETRY } as const
const HEARTBEAT = '5s'
/** A script may stand behind others in the sandbox. */
const SCRIPT_TIMEOUT_MS = 600_000
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

/** Asks the index whether the transaction was stopped with its cycle (signal `checkStop`). */
export const check = (input: TransactionInput): Promise<'go' | 'stop'> => index.check(placeOf(input), input.transaction)

export function createPort(input: TransactionInput, hooks: PortHooks): TransactionContext {
  const place = placeOf(input)
  const { transaction } = input
  const calls = new Set<CancellationScope>()
  const budget = createTaskBudget()
  const { weight } = hooks

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
  const options = (step: Step, execution: number, startToCloseTimeout: ActivityOptions['startToCloseTimeout'] & {}): ActivityOptions => ({
    activityId: execution === 1 ? step.id : `${step.id}#${execution}`,
    summary: step.name ?? step.id,
    startToCloseTimeout,
    heartbeatTimeout: HEARTBEAT,
    retry: RETRY,
    cancellationType: 'TRY_CANCEL',
  })
  const identity = (step: Step) => ({ place, transaction, stepId: step.id })

  return {
    now: () => Date.now(),
    callHttp(step, execution, request) {
      hooks.show()
      const { account, variables } = input.snapshot
      const script = step.script === undefined ? {} : { script: { source: step.script, variables, account: { id: account.id, apiId: account.apiId } } }
      const margin = step.script === undefined ? CALL_MARGIN_MS : SCRIPT_TIMEOUT_MS
      const activities = proxyActivities<StepActivities>(options(step, execution, request.timeoutMs + margin))
      const idempotencyKey = `${transaction}/${step.id}/${execution}`
      const asked = { ...request, ...script }
      return call('callFailed', asked, 0, () => activities.callHttp({ ...asked, ...identity(step), idempotencyKey }))
    },
    runScript(step, execution, input) {
      hooks.show()
      const activities = proxyActivities<StepActivities>(options(step, execution, SCRIPT_TIMEOUT_MS))
      return call('callFailed', input, 0, () => activities.runScript({ ...identity(step), source: step.source, input }))
    },
    async evaluate(step, expressions, answered) {
      const fallback = step.type === 'synchronousResponse' ? 'responseNotBuilt' : 'buildFailed'
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
    park: seen => index.park(place, transaction, { ...seen }),
    end: (consumed, status, retentionMs) => index.end(place, transaction, { ...consumed }, status, retentionMs),
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

/** The workflow of one transaction: binds its life to Temporal's signals, updates, queries and histories (architecture.md 4). */
import {
  allHandlersFinished,
  ApplicationFailure,
  CancelledFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { RawValue } from '@temporalio/common'
import { stepErrors } from '../domain/errors.ts'
import type { StepId } from '../domain/ids.ts'
import type { Json } from '../domain/json.ts'
import type { EndStatus } from '../domain/states.ts'
import { answerFor, answerRun, createLife, deliver, live, stop, type Life } from './interpreter/life.ts'
import { order } from './interpreter/orders.ts'
import { freeze } from './interpreter/state.ts'
import { viewFor } from './interpreter/values.ts'
import { stateOf } from './interpreter/view.ts'
import {
  ANSWER_RUN,
  AWAIT_RESPONSE,
  CHECK_STOP,
  DELIVER,
  FAIL_STEP,
  ITEMS_ENDED,
  RESPONSE,
  RETRY_STEP,
  SKIP_STEP,
  STATE,
  STEP_DATA,
  STOP,
  type Delivery,
  type Order,
  type ResponseResult,
  type RunAnswer,
  type TransactionInput,
} from './messages.ts'

import { pack, unpack, type Packed, type Part } from './parcel.ts'
import { answerOf, createWeight } from './payload.ts'
import { check, createPort } from './port.ts'
import { createShow } from './show.ts'

const deliverSignal = defineSignal<[Delivery]>(DELIVER)
const checkStopSignal = defineSignal(CHECK_STOP)
const stopSignal = defineSignal(STOP)
const retryStepSignal = defineSignal<[about?: Json]>(RETRY_STEP)
const skipStepSignal = defineSignal<[about?: Json]>(SKIP_STEP)
const failStepSignal = defineSignal<[about?: Json]>(FAIL_STEP)
const itemsEndedSignal = defineSignal<[string]>(ITEMS_ENDED)
const answerRunSignal = defineSignal<[RunAnswer]>(ANSWER_RUN)
const awaitResponseUpdate = defineUpdate<ResponseResult, [string]>(AWAIT_RESPONSE)
const stateQuery = defineQuery<RawValue>(STATE)
const stepDataQuery = defineQuery<RawValue, [StepId]>(STEP_DATA)
const responseQuery = defineQuery<RawValue, [string]>(RESPONSE)

/** Held senders keep a history open until it is this long; the server ends one at 51,200 events. */
const HELD_MAX_EVENTS = 20_000

/** What a closed transaction answers. Its responses are read by query `state`, also then. */
export interface TransactionResult {
  readonly status: EndStatus
}

export async function transaction(packed: Packed, ...parts: readonly Part[]): Promise<TransactionResult> {
  const input = unpack(packed, parts)
  let ended: EndStatus | undefined
  let held = 0
  const weight = createWeight()
  const show = createShow(
    () => life,
    () => ended,
    input.carried?.shown,
  )
  const context = createPort(input, {
    weight,
    show: show.now,
    changed: show.later,
    suspendWanted: () => held === 0 || workflowInfo().historyLength > HELD_MAX_EVENTS,
  })
  const life: Life = createLife(input, context)

  setHandler(deliverSignal, delivery => {
    weight.add(delivery.data)
    deliver(life, delivery)
  })
  setHandler(stopSignal, () => stop(life))
  // One that changes nothing wakes nobody: what the details say of it is shown here.
  const take = (kind: Order) => (about?: Json) => {
    order(life, kind, about)
    show.details()
  }
  setHandler(retryStepSignal, take('retry'))
  setHandler(skipStepSignal, take('skip'))
  setHandler(failStepSignal, take('fail'))
  setHandler(itemsEndedSignal, split => void life.told.add(split))
  setHandler(answerRunSignal, answer => answerRun(life, answer))
  // Hints that come while the index is asked make one more question together.
  let hints = 0
  setHandler(checkStopSignal, () =>
    CancellationScope.nonCancellable(async () => {
      if (++hints > 1) return
      for (let asked = 0; asked < hints && !life.closed && !life.stopping;) {
        asked = hints
        if ((await check(input, viewFor(life))) === 'stop') stop(life)
      }
      hints = 0
    }),
  )
  setHandler(awaitResponseUpdate, request =>
    CancellationScope.nonCancellable(async () => {
      held++
      try {
        await condition(() => answerFor(life, request) !== undefined)
      } finally {
        held--
      }
      return answerFor(life, request) ?? { kind: 'moved' }
    }),
  )
  setHandler(stateQuery, () => answerOf(stateOf(life, ended)))
  setHandler(stepDataQuery, stepId => answerOf(life.state.data.get(stepId)))
  setHandler(responseQuery, request => answerOf(life.state.responses.get(request)))
  // An operator's cancellation in Temporal's own UI stops the transaction like `stop` does.
  let cancelled = false
  void CancellationScope.current().cancelRequested.catch(() => {
    cancelled = true
    stop(life)
  })

  return CancellationScope.nonCancellable(async () => {
    let passed = await live(life)
    while (passed === 'suspended') {
      if (held === 0) await condition(allHandlersFinished)
      // Stopped meanwhile: a new history would not know it.
      if (life.stopping) {
        passed = await live(life)
        continue
      }
      return goOn({ ...input, carried: freeze(life.state, life.trigger.id, show.shown()) })
    }
    ended = passed
    show.later()
    show.now()
    await condition(allHandlersFinished)
    if (passed === 'Completed') return { status: passed }
    if (passed === 'Stopped' && cancelled) throw new CancelledFailure(stepErrors.transactionStopped.message)
    throw failureOf(life, passed)
  })
}

/** Goes on in a new history. One that has large data to read first gets more time for it, whoever takes it over. */
function goOn(input: TransactionInput): Promise<never> {
  const args = pack(input)
  return makeContinueAsNewFunc<typeof transaction>({ workflowTaskTimeout: args.length > 1 ? '30s' : '5s' })(...args)
}

/** Errored and stopped transactions close as failed: Temporal's own status shows it (operations.md 5). */
function failureOf(life: Life, status: EndStatus): ApplicationFailure {
  const failure = status === 'Stopped' ? undefined : life.state.failure
  const code = failure?.code ?? 'transactionStopped'
  const detail = failure?.detail
  const message = stepErrors[code].message
  return ApplicationFailure.nonRetryable(detail === undefined ? message : `${message}: ${detail}`, code, { status } satisfies TransactionResult)
}

/** The baseline's workflows: the least that does the same work, written as Temporal's own samples are. */
import { defineSearchAttributeKey, SearchAttributeType, TypedSearchAttributes } from '@temporalio/common'
import {
  allHandlersFinished,
  condition,
  defineSignal,
  defineUpdate,
  executeChild,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow'
import { AWAIT_RESPONSE, RESUME, type BareActivities, type BareInput, type BareParentInput, type Order } from './messages.ts'

const { mark } = proxyLocalActivities<Pick<BareActivities, 'mark'>>({ startToCloseTimeout: '5s' })
const { call } = proxyActivities<Pick<BareActivities, 'call'>>({ startToCloseTimeout: '40s' })

const awaitResponse = defineUpdate<Order, [string?]>(AWAIT_RESPONSE)
const resume = defineSignal<[string, Order]>(RESUME)
const status = defineSearchAttributeKey('TransactionStatus', SearchAttributeType.KEYWORD)
const waitingFor = defineSearchAttributeKey('WaitingFor', SearchAttributeType.KEYWORD_LIST)

/** Begins, calls if it is told to, answers, ends. */
export async function bare(input: BareInput): Promise<Order> {
  let answer: Order | undefined
  setHandler(awaitResponse, async () => {
    await condition(() => answer !== undefined)
    return answer ?? { order: '' }
  })
  await mark('begin')
  const called = input.url === undefined ? { order: input.order } : await call(input.url, { order: input.order })
  answer = called
  await mark('end')
  await condition(allHandlersFinished)
  return called
}

/** Waits for signals; each is a run with an answer of its own. */
export async function bareWaiting(input: BareInput): Promise<void> {
  const queue: { id: string; order: Order }[] = []
  const answers = new Map<string, Order>()
  setHandler(resume, (id, order) => {
    queue.push({ id, order })
  })
  setHandler(awaitResponse, async (id = '') => {
    await condition(() => answers.has(id))
    return answers.get(id) ?? { order: '' }
  })
  await mark('begin')
  await mark('register')
  upsertSearchAttributes([
    { key: status, value: 'Waiting' },
    { key: waitingFor, value: [input.order] },
  ])
  await mark('park')
  for (;;) {
    await condition(() => queue.length > 0)
    const next = queue.shift()
    if (next === undefined) continue
    await mark('resume')
    answers.set(next.id, next.order)
    await mark('park')
  }
}

/** Children under way at once: the server takes 2,000 at most. */
const AHEAD = 500

/** Starts children, each with the attributes of a transaction, and waits for their results. */
export async function bareParent({ group, count }: BareParentInput): Promise<void> {
  const typedSearchAttributes = new TypedSearchAttributes([
    { key: defineSearchAttributeKey('AccountId', SearchAttributeType.KEYWORD), value: 'bench' },
    { key: defineSearchAttributeKey('CycleId', SearchAttributeType.KEYWORD), value: group },
    { key: defineSearchAttributeKey('CycleName', SearchAttributeType.KEYWORD), value: 'Bench' },
    { key: defineSearchAttributeKey('TriggerStep', SearchAttributeType.KEYWORD), value: 'order' },
  ])
  let next = 0
  const work = async (): Promise<void> => {
    while (next < count) {
      const n = next++
      await executeChild(bare, {
        workflowId: `bench/${group}/${n}`,
        args: [{ order: String(n) }],
        typedSearchAttributes,
        staticSummary: 'Bench · Bench',
      })
    }
  }
  await Promise.all(Array.from({ length: Math.min(AHEAD, count) }, work))
}

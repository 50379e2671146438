/** The senders and the api: accepts, repeats with a key, and synchronous starts in Temporal. */
import { AGES, cycleHash, newRequest, newTransaction, recordOf, stepOf, TICK, violate, type Sender, type Value, type World } from './world.ts'
import { fallDue } from './schedule.ts'
import { newWorkflow } from './workflow.ts'
import type { Refusal, RequestOutcome, TriggerAnswer } from '../../storage/inbox.ts'

/** One try of a sender, by one api process. */
export async function accept(world: World, api: number, index: number): Promise<void> {
  const sender = world.senders[index]
  if (sender === undefined) return
  if (sender.tries++ > 0) world.budget.retries--
  sender.out = true
  sender.refused = false
  const start = await acceptOf(world, index, sender.kind)
  world.api[api] = { sender: index, transaction: start, at: world.now, state: start === undefined ? 'ack' : 'start' }
}

async function acceptOf(world: World, index: number, kind: Sender['kind']) {
  if (kind === 'mid') return midCycle(world, index)
  if (kind !== 'due') return trigger(world, index)
  await fallDue(world, index)
  return undefined
}

const refused = (outcome: string): outcome is Refusal['outcome'] => ['deleted', 'inactive', 'full', 'stale'].includes(outcome)

/** Answers the transaction that the api has to start itself. */
async function trigger(world: World, index: number) {
  const sender = world.senders[index]
  if (sender === undefined) throw new Error('no such sender')
  const fresh = newTransaction()
  const before = world.step
  const earlier = sender.transactions[0]
  const there = earlier === undefined ? undefined : await world.inbox.transaction(world.place, earlier)
  const answer: TriggerAnswer = await world.inbox.acceptTrigger({
    place: world.place,
    version: world.version,
    transaction: fresh,
    stepId: 'order',
    key: { identifier: 'order', key: sender.key },
    data: JSON.stringify({ value: sender.value }),
    values: [{ stepId: 'm1', value: sender.value }],
    ...(world.scenario.max === undefined ? {} : { maxConcurrency: world.scenario.max }),
    held: sender.kind === 'sync',
  })
  if (answer.outcome !== 'accepted') {
    if (answer.outcome === 'stale' || answer.outcome === 'full') violate('I1', `${answer.outcome} without a reason`)
    sender.request = undefined
    sender.refused = true
    sender.transactions = sender.transactions.filter(t => !world.dropped.has(t))
    return undefined
  }
  const { transaction, replayed } = answer
  if (!replayed) {
    for (const earlier of sender.transactions) {
      const record = await recordOf(world, earlier)
      const status = record['status']
      if (status !== 'Dropped' && status !== undefined && !(status === 'Queued' && world.lastDrop > sender.acceptedAt))
        violate('I6', `sender ${index} made ${earlier} (${status}) and ${transaction}`)
      if (world.workflows.has(earlier)) violate('I6', `${earlier} was dropped with its key though its workflow exists`)
      world.dropped.add(earlier)
    }
    sender.acceptedAt = before
    sender.acked = false
    world.order.set(transaction, before)
    world.senderOf.set(transaction, index)
    sender.transactions = [transaction]
  } else if (!sender.transactions.includes(transaction)) violate('I6', `sender ${index} is named ${transaction} instead of ${sender.transactions.join()}`)
  if (world.deleted) violate('I2', 'a deleted cycle accepts')
  // New, or taken away by the sweep and accepted again.
  if (there === undefined || !replayed) {
    if (answer.next === 'start') world.claimedAt.set(transaction, before)
    else world.claimedAt.delete(transaction)
  }
  return sender.kind === 'sync' && answer.next === 'start' ? transaction : undefined
}

async function midCycle(world: World, index: number): Promise<undefined> {
  const sender = world.senders[index]
  if (sender === undefined) throw new Error('no such sender')
  const before = world.step
  const answer = await world.inbox.acceptMidCycle({
    place: world.place,
    version: world.version,
    request: newRequest(),
    stepId: stepOf(sender.value),
    key: { identifier: 'mid', key: sender.key },
    data: JSON.stringify({ value: sender.value }),
    value: sender.value,
    window: AGES.window * TICK,
    ...(world.scenario.max === undefined ? {} : { maxConcurrency: world.scenario.max }),
    held: true,
  })
  if (refused(answer.outcome)) {
    if (answer.outcome === 'stale' || answer.outcome === 'full') violate('I1', `${answer.outcome} without a reason`)
    sender.refused = true
    return
  }
  if (!('request' in answer)) return
  const { request, replayed } = answer
  if (replayed && sender.request !== request) violate('I6', `sender ${index} is named ${request} instead of ${sender.request ?? 'none'}`)
  if (replayed) return
  if (sender.request !== undefined && !(world.lastDrop > sender.acceptedAt)) violate('I6', `sender ${index} made ${sender.request} and ${request}`)
  await mostRecent(world, sender.value, answer)
  sender.request = request
  sender.acceptedAt = before
  sender.acked = false
  world.senderOf.set(request, index)
}

/** I3: a match names the most recent transaction with the value that no stop has doomed; there is none where nothing is named. */
async function mostRecent(world: World, value: Value, answer: RequestOutcome): Promise<void> {
  if (answer.outcome === 'queued') return
  const epoch = Number((await cycleHash(world))['epoch'])
  const candidates: { readonly transaction: string; readonly order: number }[] = []
  const items = [...world.workflows.values()].filter(w => w.parent !== undefined).map(w => w.transaction)
  for (const transaction of [...world.senders.flatMap(sender => sender.transactions), ...items]) {
    const record = await recordOf(world, transaction)
    const own = world.senders[world.senderOf.get(transaction) ?? -1]?.value
    const has = value === 'c' ? world.workflows.get(transaction)?.registered === true : own === value
    const open =
      ['Queued', 'InProgress', 'Waiting'].includes(record['status'] ?? '') && !(record['status'] === 'Queued' && Number(record['start']) <= world.dropTo)
    const doomed = (record['role'] === 'begun' || record['role'] === 'item') && Number(record['ep']) < epoch
    if (answer.outcome === 'matched' && answer.transaction === transaction && doomed) violate('I3', `a request matches ${transaction}, which a stop has doomed`)
    if (has && open && !doomed) candidates.push({ transaction, order: Number(record['order']) })
  }
  const most = Math.max(...candidates.map(({ order }) => order))
  // Items are as recent as their parent.
  const best = candidates.filter(({ order }) => order === most).map(({ transaction }) => transaction)
  const named = answer.outcome === 'matched' ? answer.transaction : undefined
  // A registration whose answer was lost is not known here.
  if (named === undefined ? best.length > 0 : !best.includes(named) && value !== 'c')
    violate('I3', `a request for ${value} matches ${named ?? 'nothing'} instead of ${best.join(' or ')}`)
}

/** The api answers, unless it died: then the sender does not know. */
export function answer(world: World, api: number): void {
  const call = world.api[api]
  const sender = call === undefined ? undefined : world.senders[call.sender]
  if (call === undefined || sender === undefined) return
  world.api[api] = undefined
  sender.out = false
  if (!sender.refused) sender.acked = true
}

export function forget(world: World, api: number): void {
  const call = world.api[api]
  const sender = call === undefined ? undefined : world.senders[call.sender]
  if (sender !== undefined) sender.out = false
  world.api[api] = undefined
}

/** Update with start: the workflow is made unless it is there. */
export function startDirectly(world: World, api: number, reached: boolean, known: boolean): void {
  const call = world.api[api]
  if (call?.transaction === undefined) return
  const value = world.senders[call.sender]?.value
  if (reached && value !== undefined && !world.workflows.has(call.transaction))
    world.workflows.set(call.transaction, newWorkflow(world, call.transaction, value))
  if (known) call.state = 'ack'
  else forget(world, api)
}

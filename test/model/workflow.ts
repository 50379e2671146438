/** The simulated transaction workflow: asks the inbox as the real one does, and is checked at every answer. */
import { UnknownCycle } from '../../domain/errors.ts'
import type { RequestId, TransactionId } from '../../domain/ids.ts'
import type { EndStatus } from '../../domain/states.ts'
import type { Told } from '../../storage/inbox.ts'
import { violate, type Ask, type Value, type Workflow, type World } from './world.ts'

const RETENTION = 86_400_000

export function newWorkflow(world: World, transaction: TransactionId, value: Value): Workflow {
  return {
    transaction,
    value,
    open: true,
    phase: 'begin',
    back: 'run',
    queue: [],
    seen: {},
    consumed: {},
    registered: false,
    reached: false,
    hinted: false,
    status: 'Completed',
    asked: 0,
    inRun: false,
    parked: false,
    parent: undefined,
    splitName: '',
    placeless: false,
    tells: false,
    split: undefined,
    splits: 0,
    told: false,
    queueAtEnd: 0,
    inProgressAt: world.claimedAt.get(transaction) ?? world.step,
    stopped: false,
    doomed: false,
  }
}

export function askOf(workflow: Workflow): Ask {
  switch (workflow.phase) {
    case 'begin':
      return { name: 'begin', values: [workflow.value] }
    case 'register':
      return { name: 'register' }
    case 'resume': {
      const next = workflow.queue[0]
      if (next === undefined) throw new Error('nothing to resume')
      return { name: 'resume', step: next.step, id: next.id, request: next.request }
    }
    case 'park':
      return { name: 'park', seen: { ...workflow.consumed } }
    case 'check':
      return { name: 'check' }
    case 'fail':
      return { name: 'fail', consumed: { ...workflow.consumed }, asked: workflow.asked }
    case 'revive':
      return { name: 'revive', asked: workflow.asked }
    case 'beginItem':
      if (workflow.parent === undefined) throw new Error('no item')
      return { name: 'beginItem', parent: workflow.parent, split: workflow.splitName }
    case 'await':
      if (workflow.split === undefined) throw new Error('no split')
      return { name: 'await', split: workflow.split.name, items: workflow.split.items }
    default:
      return { name: 'end', consumed: { ...workflow.consumed }, status: workflow.status }
  }
}

/** What the activity answers, with ` wake` where the parent is to be told. A cycle that is gone with all its keys was deleted. */
async function call(world: World, transaction: TransactionId, ask: Ask): Promise<string> {
  try {
    return await put(world, transaction, ask)
  } catch (error) {
    if (!(error instanceof UnknownCycle) || !world.deleted) throw error
    return ask.name === 'await' ? 'some' : 'stop'
  }
}

async function put(world: World, transaction: TransactionId, ask: Ask): Promise<string> {
  const { inbox, place } = world
  const told = ({ answer, wake }: Told<string>): string => (wake ? `${answer} wake` : answer)
  switch (ask.name) {
    case 'begin':
      return inbox.begin(
        place,
        transaction,
        ask.values.map(value => ({ stepId: 'm1', value })),
        undefined,
      )
    case 'register':
      await inbox.register(place, transaction, { stepId: 'm2', value: 'c' })
      return 'ok'
    case 'resume': {
      const answer = await inbox.resume(place, transaction, ask.step, ask.id)
      return answer.answer === 'stop' && answer.taken ? 'taken' : answer.answer
    }
    case 'park':
      return told(await inbox.park(place, transaction, ask.seen))
    case 'check':
      return inbox.check(place, transaction, { status: 'InProgress', acceptedAt: 0, values: [] })
    case 'fail':
      return told(await inbox.fail(place, transaction, ask.consumed, RETENTION, ask.asked))
    case 'revive':
      return inbox.revive(place, transaction, ask.asked)
    case 'end':
      return told({ answer: 'ok', ...(await inbox.end(place, transaction, ask.consumed, ask.status, RETENTION)) })
    case 'beginItem':
      return inbox.beginItem(place, transaction, ask.parent, ask.split, [])
    case 'await': {
      const { completed, errored, stopped } = await inbox.awaitItems(place, transaction, ask.split, ask.items)
      if (completed + errored + stopped > ask.items) violate('I10', `${completed + errored + stopped} of ${ask.items} items of ${transaction} are counted`)
      return completed + errored + stopped === ask.items ? 'all' : 'some'
    }
  }
}

/** I2 and I7: checked when a run begins. */
async function runBegins(world: World, workflow: Workflow, first: boolean): Promise<void> {
  const status = await world.inbox.status(world.place)
  if (status === undefined || status.state === 'Stopped' || status.state === 'Paused')
    violate('I2', `${workflow.transaction} begins a run while the cycle is ${status?.state ?? 'deleted'}`)
  workflow.inRun = true
  workflow.parked = false
  world.begunOnce.add(workflow.transaction)
  const { max } = world.scenario
  if (max === undefined) return
  const running = [...world.workflows.values()].filter(w => w.open && w.inRun && !w.placeless)
  if (running.length > max) violate('I7', `${running.map(w => w.transaction).join(', ')} run with maxConcurrency ${max}`)
  if (max !== 1 || !first) return
  for (const item of await world.inbox.list(world.place, { status: 'Queued', limit: 500 })) {
    const sender = world.senders[world.senderOf.get(item.id) ?? -1]
    const mine = world.order.get(workflow.transaction) ?? 0
    if (sender !== undefined && (world.order.get(item.id) ?? 0) < mine) violate('I7', `${workflow.transaction} begins before ${item.id}`)
  }
}

function consume(world: World, workflow: Workflow): void {
  const next = workflow.queue.shift()
  if (next === undefined) throw new Error('nothing to consume')
  workflow.consumed[next.step] = next.id
  const all = world.delivered.get(next.request) ?? []
  all.push(workflow.transaction)
  world.delivered.set(next.request, all)
  if (all.length > 1) violate('I3', `${next.request} is delivered to ${all.join(', ')}`)
  if (next.again) return
  const lane = `${workflow.transaction} ${next.step}`
  const accepted = world.senders[world.senderOf.get(next.request) ?? -1]?.acceptedAt ?? 0
  if (accepted < (world.lastTaken.get(lane) ?? 0)) violate('I3', `${workflow.transaction} takes ${next.request} after a later one`)
  world.lastTaken.set(lane, accepted)
}

export function toEnd(world: World, workflow: Workflow, status: EndStatus): void {
  workflow.phase = 'ending'
  workflow.status = status
  if (status === 'Stopped' && !workflow.stopped && !world.deleted && !world.refused.has(workflow.transaction) && world.lastStop <= workflow.inProgressAt)
    violate('I2', `${workflow.transaction} is stopped by a stop from before it was in progress`)
}

/** Runs what the workflow asks next; `recorded` false: the answer is lost, and it will ask again. */
export async function runActivity(world: World, workflow: Workflow, recorded: boolean): Promise<void> {
  const ask = askOf(workflow)
  const before = ask.name === 'begin' ? await world.inbox.transaction(world.place, workflow.transaction) : undefined
  const [answer = '', wake] = (await call(world, workflow.transaction, ask)).split(' ')
  if (ask.name === 'begin' && answer === 'go' && before === undefined) workflow.inProgressAt = world.step
  if (ask.name === 'resume' && answer === 'go') noteTaken(world, workflow, ask.request)
  if (answer === 'parked') workflow.placeless = false
  if (ask.name === 'park' && answer !== 'stop') workflow.inRun = answer === 'busy' ? workflow.inRun : false
  if (ask.name === 'end' || answer === 'failed') workflow.inRun = false
  if (!recorded) return
  if (wake !== undefined) workflow.tells = true
  switch (ask.name) {
    case 'begin':
      if (answer === 'go') {
        workflow.phase = 'run'
        return runBegins(world, workflow, true)
      }
      return toEnd(world, workflow, 'Stopped')
    case 'resume':
      if (answer === 'go') {
        workflow.phase = 'run'
        await runBegins(world, workflow, false)
        return consume(world, workflow)
      }
      if (answer === 'moved') {
        workflow.queue.shift()
        workflow.phase = 'stand'
        return
      }
      if (answer === 'taken' && !world.deleted) {
        if (taken.get(world)?.has(ask.request) !== true) violate('I3', `${ask.request} counts as taken by ${workflow.transaction}, which never took it`)
        consume(world, workflow)
      }
      return toEnd(world, workflow, 'Stopped')
    case 'register':
      workflow.registered = true
      workflow.phase = 'run'
      return
    case 'park':
      if (answer === 'stop') return toEnd(world, workflow, 'Stopped')
      workflow.phase = 'idle'
      workflow.parked = answer === 'parked'
      return
    case 'check':
      workflow.hinted = false
      if (answer === 'stop') return toEnd(world, workflow, 'Stopped')
      workflow.phase = workflow.back
      return
    case 'fail':
      if (answer === 'stop') return toEnd(world, workflow, 'Stopped')
      workflow.phase = 'failed'
      return
    case 'revive':
      if (answer === 'stop') return toEnd(world, workflow, 'Stopped')
      if (answer === 'refused') workflow.phase = 'failed'
      if (answer !== 'go') return
      workflow.phase = workflow.split === undefined ? 'run' : 'await'
      workflow.placeless = false
      workflow.inProgressAt = world.step
      return runBegins(world, workflow, false)
    case 'beginItem':
      // Its parent runs no more: nobody stopped the item itself.
      workflow.phase = answer === 'go' ? 'run' : 'ending'
      workflow.status = 'Stopped'
      if (answer !== 'go') return
      workflow.placeless = true
      workflow.inProgressAt = world.step
      return runBegins(world, workflow, false)
    case 'await':
      workflow.told = false
      workflow.phase = 'items'
      if (answer === 'some' && !world.deleted) return
      if (!world.deleted) itemsOver(world, workflow)
      workflow.split = undefined
      workflow.phase = 'run'
      return
    case 'end':
      workflow.phase = 'closing'
      workflow.queueAtEnd = workflow.queue.length
  }
}

/** I10: a parent goes on only when each of its items has come to its first end. */
function itemsOver(world: World, workflow: Workflow): void {
  for (const item of world.workflows.values()) {
    if (item.parent !== workflow.transaction || item.splitName !== workflow.split?.name) continue
    if (item.open && item.inRun && item.placeless) violate('I10', `${workflow.transaction} goes on while its item ${item.transaction} runs`)
  }
}

/** Requests whose `resume` was answered with go at least once. */
const taken = new WeakMap<World, Set<RequestId>>()
function noteTaken(world: World, workflow: Workflow, request: RequestId): void {
  const set = taken.get(world) ?? new Set<RequestId>()
  taken.set(world, set.add(request))
  // The workflow was closed from outside meanwhile: nobody will say that it was taken.
  if (!workflow.open) world.excused.add(request)
}

/** An activity that was given up runs all the same, its answer is lost. */
export async function runLate(world: World, transaction: TransactionId, ask: Ask): Promise<void> {
  const [answer = ''] = (await call(world, transaction, ask)).split(' ')
  const workflow = world.workflows.get(transaction)
  if (workflow === undefined) return
  if (ask.name === 'resume' && answer === 'go') noteTaken(world, workflow, ask.request)
  if (answer === 'parked') workflow.placeless = false
  if (answer === 'parked' || answer === 'failed' || ask.name === 'end') workflow.inRun = false
}

/** Terminated from outside: what it took and had not counted yet is lost with it. */
export function terminate(world: World, workflow: Workflow): void {
  workflow.open = false
  workflow.tells = false
  workflow.inRun = false
  for (const { request } of workflow.queue) if (taken.get(world)?.has(request) === true) world.excused.add(request)
}

/** After `end`: closes, unless a signal came meanwhile; then Temporal repeats the task, `end` included. */
export function close(workflow: Workflow): void {
  if (workflow.queue.length !== workflow.queueAtEnd) workflow.phase = 'ending'
  else workflow.open = false
}

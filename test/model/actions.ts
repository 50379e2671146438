/** Everything that can happen in the world, and how. */
import type { Members } from '../../storage/inbox-upkeep.ts'
import { partitionKey, partitionSuffix } from '../../storage/keys.ts'
import { neighbour } from './neighbour.ts'
import { running, tellParent } from './running.ts'
import { following } from './schedule.ts'
import { accept, answer, forget, startDirectly } from './senders.ts'
import { newWorkflow, runLate, terminate, toEnd } from './workflow.ts'
import { AGES, partition, TICK, wasRematched, type Dispatcher, type Item, type Operation, type Value, type Workflow, type World } from './world.ts'

export interface Action {
  readonly name: string
  /** How often it is chosen, beside 1. */
  readonly weight: number
  run(): Promise<void> | void
}

type Add = (name: string, run: () => Promise<void> | void, weight?: number) => void

/** What may happen next, as far as the world can tell without asking Redis: an action that finds nothing to do does nothing. */
export function enabled(world: World): Action[] {
  const actions: Action[] = []
  const add: Add = (name, run, weight = 1) => void actions.push({ name, weight, run })
  senders(world, add)
  for (const [i, dispatcher] of world.dispatchers.entries()) dispatching(world, i, dispatcher, add)
  for (const workflow of world.workflows.values()) if (workflow.open) running(world, workflow, add)
  operations(world, add)
  upkeep(world, add)
  neighbour(world, add)
  if (!world.settling) people(world, add)
  return actions
}

function senders(world: World, add: Add): void {
  const { budget, settling } = world
  for (const [index, sender] of world.senders.entries()) {
    const due = settling
      ? sender.tries > 0 && !sender.acked && !sender.refused && !world.deleted
      : sender.tries === 0 || (sender.tries < 4 && budget.retries > 0)
    if (sender.out || !due || (sender.kind === 'due' && !(world.temporalUp && (sender.tries > 0 || world.schedule !== undefined)))) continue
    for (const [api, call] of world.api.entries()) if (call === undefined) add(`accept ${api} ${index}`, () => accept(world, api, index))
  }
  for (const [api, call] of world.api.entries()) {
    if (call === undefined) continue
    if (call.state === 'ack') add(`answer ${api}`, () => answer(world, api))
    else if (world.now - call.at >= AGES.sweep * TICK) add(`too late ${api}`, () => forget(world, api))
    else {
      if (world.temporalUp) add(`start directly ${api}`, () => startDirectly(world, api, true, true))
      if (!settling && budget.errors > 0) {
        add(`start directly, answer lost ${api}`, () => (budget.errors--, startDirectly(world, api, true, false)))
        add(`start directly, not reached ${api}`, () => (budget.errors--, startDirectly(world, api, false, false)))
      }
    }
    if (!settling && budget.crashes > 0) add(`api dies ${api}`, () => (budget.crashes--, forget(world, api)), 0.5)
  }
}

function dispatching(world: World, i: number, dispatcher: Dispatcher, add: Add): void {
  const { budget, settling } = world
  if (dispatcher.turn === undefined) {
    if (world.hash['ready'] !== undefined || world.neighbourHash['ready'] !== undefined) add(`take ${i}`, () => take(world, i, dispatcher))
  } else if (dispatcher.replay === 'read') add(`read replay ${i}`, () => readReplay(world, dispatcher))
  else if (dispatcher.replay === 'apply') add(`apply replay ${i}`, () => applyReplay(world, dispatcher))
  else {
    if (dispatcher.items.length < 2 && !dispatcher.none) for (const n of [1, 2]) add(`claim ${i} ${n}`, () => claim(world, dispatcher, n))
    if (dispatcher.items.length === 0 && dispatcher.none) add(`release ${i}`, () => release(world, dispatcher))
  }
  for (const [k, item] of dispatcher.items.entries()) {
    const name = `${i} ${item.entry.transaction} ${item.entry.id}`
    if (item.state === 'done') add(`done ${name}`, () => done(world, dispatcher, k))
    else if (world.temporalUp) {
      add(`call ${name}`, () => callTemporal(world, item, true))
      if (!settling && budget.errors > 0) add(`call, answer lost ${name}`, () => (budget.errors--, callTemporal(world, item, false)))
      if (!settling && budget.refusals > 0 && item.place.cycle === world.place.cycle && !world.workflows.has(item.entry.transaction))
        add(`call, refused ${name}`, () => refuse(world, item), 0.3)
    }
  }
  if (dispatcher.turn !== undefined && !settling && budget.crashes > 0)
    add(
      `dispatcher dies ${i}`,
      () => {
        budget.crashes--
        Object.assign(dispatcher, { turn: undefined, items: [], none: false, replay: 'no', batch: [] })
      },
      0.5,
    )
}

async function take(world: World, i: number, dispatcher: Dispatcher): Promise<void> {
  // A token of our own: a dispatcher may look at any time, also when nothing told it to.
  await world.redis.rpush(partitionKey(partition(world)) + partitionSuffix.wake, '1')
  await world.inbox.waitForWork(1_000, new AbortController().signal)
  dispatcher.turn = await world.inbox.take(`w${i}`)
  dispatcher.none = false
}
async function claim(world: World, dispatcher: Dispatcher, max: number): Promise<void> {
  if (dispatcher.turn === undefined) return
  const waiting = new Set([...world.workflows.values()].filter(w => w.parked).map(w => w.transaction))
  const { place } = dispatcher.turn
  const mine = place.cycle === world.place.cycle
  const found = await world.inbox.claim(dispatcher.turn, max, mine ? world.scenario.max : undefined)
  if (found.state === 'lost') dispatcher.turn = undefined
  else if (found.state === 'replay') dispatcher.replay = 'read'
  else {
    dispatcher.none = found.entries.length === 0
    for (const entry of found.entries) {
      const workflow = world.workflows.get(entry.transaction)
      if (entry.kind === 'delivery' && workflow !== undefined && waiting.has(entry.transaction)) workflow.inProgressAt = world.step
      if (entry.kind === 'start' && mine) world.claimedAt.set(entry.transaction, world.claimedAt.get(entry.transaction) ?? world.step)
      dispatcher.items.push({ place, entry, again: entry.kind === 'delivery' && (await wasRematched(world, entry.id)), state: 'call', result: 'ok' })
    }
  }
}
const valueIn = (entry: { readonly data: string }): Value => JSON.parse(entry.data).value
async function readReplay(world: World, dispatcher: Dispatcher): Promise<void> {
  if (dispatcher.turn === undefined) return
  const entries = await world.inbox.readReplay(dispatcher.turn, 2)
  dispatcher.batch = entries.map(entry =>
    entry.kind === 'start'
      ? { id: entry.id, gone: false, values: [{ stepId: 'm1', value: valueIn(entry) }] }
      : { id: entry.id, gone: false, value: valueIn(entry), window: AGES.window * TICK },
  )
  dispatcher.replay = entries.length === 0 ? 'no' : 'apply'
}
async function applyReplay(world: World, dispatcher: Dispatcher): Promise<void> {
  if (dispatcher.turn !== undefined) await world.inbox.applyReplay(dispatcher.turn, dispatcher.batch)
  dispatcher.replay = 'read'
}
async function release(world: World, dispatcher: Dispatcher): Promise<void> {
  if (dispatcher.turn !== undefined) await world.inbox.release(dispatcher.turn)
  dispatcher.turn = undefined
}

function callTemporal(world: World, item: Item, answered: boolean): void {
  const { entry } = item
  const workflow = world.workflows.get(entry.transaction)
  if (item.place.cycle === world.neighbour.cycle) {
    if (world.neighbours.get(entry.transaction) === 'accepted') world.neighbours.set(entry.transaction, 'started')
  } else if (entry.kind === 'start') {
    if (workflow === undefined) world.workflows.set(entry.transaction, newWorkflow(world, entry.transaction, valueIn(entry)))
  } else if (workflow?.open !== true) item.result = 'notFound'
  else if (entry.id > (workflow.seen[entry.stepId] ?? 0)) {
    workflow.seen[entry.stepId] = entry.id
    workflow.queue.push({ id: entry.id, step: entry.stepId, request: entry.request, again: item.again })
  }
  if (answered) item.state = 'done'
}
function refuse(world: World, item: Item): void {
  if (item.entry.kind !== 'start') return
  world.budget.refusals--
  item.state = 'done'
  item.result = 'refused'
}
async function done(world: World, dispatcher: Dispatcher, k: number): Promise<void> {
  const item = dispatcher.items[k]
  if (item === undefined) return
  dispatcher.items.splice(k, 1)
  dispatcher.none = false
  const { entry, place, result } = item
  const turn = { place, token: dispatcher.turn?.token ?? 'lost' }
  if (entry.kind === 'delivery') return world.inbox.deliveryDone(turn, entry, result === 'ok' ? 'signalled' : result)
  if (result !== 'refused') return world.inbox.startDone(turn, entry)
  // Another dispatcher may have started it meanwhile: then it is there, and this refusal is void.
  if (world.workflows.has(entry.transaction)) return world.inbox.startDone(turn, entry)
  world.refused.add(entry.transaction)
  return world.inbox.startRefused(turn, entry)
}

function operations(world: World, add: Add): void {
  for (const [i, { transaction, ask }] of world.late.entries())
    add(
      `late ${ask.name} ${transaction}`,
      () => {
        world.late.splice(i, 1)
        return runLate(world, transaction, ask)
      },
      0.4,
    )
  if (!world.temporalUp) return
  add('controls', () => controls(world), 0.3)
  for (const [id, operation] of world.operations) {
    if (operation.over) continue
    if (operation.op === 'unsubscribe') continue
    if (operation.op === 'schedule') {
      for (const action of following(world, id, operation)) add(action.name, action.run, action.weight)
      continue
    }
    const { op } = operation
    if (operation.list === undefined) add(`list ${id}`, async () => void (operation.list = await listed(world, op)))
    else add(`operate ${id}`, () => operate(world, operation))
  }
}
async function listed(world: World, op: 'stop' | 'delete'): Promise<Workflow['transaction'][]> {
  const found: Workflow['transaction'][] = []
  for (let from: string | undefined = ''; from !== undefined;) {
    const page: Members = await world.inbox[op === 'stop' ? 'doomed' : 'everyone'](world.place, from, 2)
    found.push(...page.transactions)
    from = page.next
  }
  return found
}

async function controls(world: World): Promise<void> {
  const all = (await world.inbox.controls(partition(world), 10)).filter(control => control.place.cycle === world.place.cycle)
  const latest = all.findLast(({ op }) => op === 'schedule')
  for (const control of all) {
    if (control.op === 'schedule' && control !== latest) {
      await world.inbox.controlDone(control)
      continue
    }
    const id = `${control.op} ${control.epoch}`
    if (!world.operations.has(id)) world.operations.set(id, { op: control.op, list: undefined, over: false, phase: 'read', seen: undefined })
    if (!world.settling && world.budget.lost > 0 && world.step % 3 === 0) world.budget.lost--
    else await world.inbox.controlDone(control)
  }
}
async function operate(world: World, operation: Operation): Promise<void> {
  const transaction = operation.list?.shift()
  if (transaction === undefined) {
    operation.over = true
    if (operation.op !== 'delete') return
    world.schedule = undefined
    await world.inbox.purge(world.place)
    return
  }
  for (const workflow of world.workflows.values()) {
    if (workflow.transaction !== transaction || !workflow.open) continue
    if (operation.op === 'stop') workflow.hinted = true
    else terminate(world, workflow)
  }
}

function upkeep(world: World, add: Add): void {
  add('sweep', () => world.inbox.sweep(partition(world)), 0.3)
  if (world.temporalUp)
    add(
      'wakes',
      async () => {
        for (const wake of await world.inbox.wakes(partition(world), 10)) {
          tellParent(world, wake.transaction)
          if (world.settling || world.step % 3 !== 0) await world.inbox.woken(wake)
        }
      },
      0.2,
    )
  const { question } = world
  if (question === undefined) {
    if (world.temporalUp) add('ask', () => ask(world), 0.4)
  } else
    add('answer', async () => {
      world.question = undefined
      if (question.found === 'open') return
      await world.inbox.answer(world.place, question.transaction, question.since, question.found)
    })
}
async function ask(world: World): Promise<void> {
  // The neighbour's are always found open.
  const [asked, ...others] = (await world.inbox.toAsk(partition(world), 1)).filter(({ place }) => place.cycle === world.place.cycle)
  if (asked === undefined) return
  // Each was marked as asked about: it is not asked again for long.
  for (const other of others) {
    const workflow = world.workflows.get(other.transaction)
    if (workflow?.open !== true) await world.inbox.answer(world.place, other.transaction, other.since, workflow === undefined ? 'unknown' : 'closed')
  }
  const workflow = world.workflows.get(asked.transaction)
  world.question = { ...asked, found: workflow === undefined ? 'unknown' : workflow.open ? 'open' : 'closed' }
}

function people(world: World, add: Add): void {
  const { budget, inbox, place } = world
  if (budget.user > 0 && !world.deleted) {
    const state = world.hash['state']
    const runs = state === 'Active' || state === 'Stopping'
    if (state !== 'Active') add('activate', () => (budget.user--, inbox.activate(place).then(() => undefined)), 0.4)
    if (runs) add('deactivate', () => (budget.user--, deactivate(world)), 0.2)
    if (state === 'Active') add('finish', () => (budget.user--, inbox.finish(place).then(() => undefined)), 0.25)
    if (budget.deletes > 0) add('delete', () => (budget.user--, budget.deletes--, remove(world)), 0.1)
  }
  if (budget.edits > 0 && !world.deleted && world.hash['state'] === 'Stopped') add('edit', () => edit(world), 0.3)
  if (budget.stops > 0) for (const sender of world.senders) for (const t of sender.transactions) add(`stop ${t}`, () => stopOne(world, t), 0.1)
  if (budget.downs > 0 && world.temporalUp) add('temporal down', () => (budget.downs--, void (world.temporalUp = false)), 0.3)
  if (!world.temporalUp) add('temporal up', () => void (world.temporalUp = true))
  if (budget.ticks > 0) add('tick', () => (budget.ticks--, void (world.now += TICK)), 0.5)
}
async function deactivate(world: World): Promise<void> {
  const before = await world.inbox.status(world.place)
  await world.inbox.deactivate(world.place)
  if (before?.state !== 'Active' && before?.state !== 'Stopping') return
  world.lastStop = world.step
  for (const workflow of world.workflows.values()) if (workflow.open && workflow.inRun) workflow.doomed = true
}
async function remove(world: World): Promise<void> {
  await world.inbox.delete(world.place)
  world.deleted = true
  world.lastStop = world.step
}
async function edit(world: World): Promise<void> {
  world.budget.edits--
  if ((await world.inbox.edited(world.place, world.version + 1)) === 'done') world.version++
}
async function stopOne(world: World, transaction: Workflow['transaction']): Promise<void> {
  world.budget.stops--
  const answered = await world.inbox.stopTransaction(world.place, transaction)
  const workflow = world.workflows.get(transaction)
  if (answered === 'stopped') world.refused.add(transaction)
  if (answered !== 'signal' || workflow?.open !== true || workflow.phase === 'ending' || workflow.phase === 'closing') return
  if (!['run', 'stand', 'idle', 'failed', 'items'].includes(workflow.phase)) return
  workflow.stopped = true
  toEnd(world, workflow, 'Stopped')
}

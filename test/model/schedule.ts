/** Cycles whose trigger is a schedule: runs that fall due, and the operations that make the Temporal Schedule follow the cycle (activities/schedules.ts). */
import type { Action } from './actions.ts'
import { cycleHash, newTransaction, violate, type Operation, type World } from './world.ts'

/** A run falls due by the schedule that is there; a repeat is the same run. */
export async function fallDue(world: World, index: number): Promise<void> {
  const sender = world.senders[index]
  if (sender === undefined) throw new Error('no such sender')
  sender.activation ??= world.schedule ?? 0
  const before = world.step
  const hash = await cycleHash(world)
  const status = await world.inbox.status(world.place)
  const answer = await world.inbox.acceptScheduled({
    place: world.place,
    version: world.version,
    transaction: newTransaction(),
    stepId: 'order',
    due: sender.key,
    activation: sender.activation,
    data: JSON.stringify({ value: sender.value }),
    values: [{ stepId: 'm1', value: sender.value }],
    ...(world.scenario.max === undefined ? {} : { maxConcurrency: world.scenario.max }),
    once: world.scenario.once,
  })
  if (answer.outcome === 'stale') violate('I1', 'stale without a reason')
  if (answer.outcome === 'skipped' && (status?.inProgress ?? 0) + (status?.queued ?? 0) === 0) violate('schedule', 'a run is skipped though nothing runs')
  if (answer.outcome !== 'accepted') return
  const { transaction, replayed } = answer
  if (replayed) {
    if (!sender.transactions.includes(transaction)) violate('I6', `the run ${sender.key} is named ${transaction} instead of ${sender.transactions.join()}`)
    return
  }
  if (sender.transactions.length > 0) violate('I6', `the run ${sender.key} made ${sender.transactions.join()} and ${transaction}`)
  if (hash['state'] !== 'Active') violate('I2', `a run is accepted while the cycle is ${hash['state'] ?? 'deleted'}`)
  if (hash['activation'] !== String(sender.activation)) violate('schedule', 'a run of a schedule from before the last start is accepted')
  const asked = new Set(['park', 'check', 'ending', 'closing'])
  const running = [...world.workflows.values()].find(w => w.open && w.inRun && !w.placeless && !w.doomed && !asked.has(w.phase))
  if (running !== undefined) violate('schedule', `a run is accepted while ${running.transaction} runs`)
  sender.acceptedAt = before
  world.order.set(transaction, before)
  world.senderOf.set(transaction, index)
  sender.transactions = [transaction]
}

/** The steps of one operation: it reads, writes, and looks whether what it read is still so; its worker may die at each of them. */
export function following(world: World, id: string, operation: Operation): Action[] {
  const actions: Action[] = [{ name: `follow, ${operation.phase} ${id}`, weight: 1, run: () => follow(world, operation) }]
  if (operation.phase !== 'read' && !world.settling && world.budget.crashes > 0)
    actions.push({
      name: `follow dies ${id}`,
      weight: 0.3,
      run: () => {
        world.budget.crashes--
        operation.phase = 'read'
      },
    })
  return actions
}

async function follow(world: World, operation: Operation): Promise<void> {
  switch (operation.phase) {
    case 'read':
      operation.seen = await world.inbox.scheduling(world.place)
      operation.phase = 'write'
      return
    case 'write':
      world.schedule = operation.seen?.state === 'Active' ? operation.seen.activation : undefined
      operation.phase = 'look'
      return
    case 'look': {
      const now = await world.inbox.scheduling(world.place)
      if (now?.change === operation.seen?.change) operation.over = true
      else operation.phase = 'read'
    }
  }
}

/** Once everything has settled: there is the schedule of the last start, where the cycle is Active. */
export function scheduleAtRest(world: World, hash: Record<string, string>): void {
  const wanted = world.scenario.scheduled && !world.deleted && hash['state'] === 'Active' ? Number(hash['activation']) : undefined
  if (world.schedule !== wanted) violate('schedule', `there is the schedule ${world.schedule ?? 'none'} instead of ${wanted ?? 'none'}`)
}

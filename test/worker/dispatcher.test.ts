import { randomUUID } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { asCycleId, asRequestId, asTransactionId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import { DELIVER, type TransactionInput } from '../../workflows/messages.ts'
import { until } from '../support/until.ts'
import { createRig, document, type Rig } from './dispatcher-rig.ts'

let rig: Rig
beforeEach(async () => (rig = await createRig()))
afterEach(() => rig.close())

const DAY = 86_400_000
/** `COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION`. */
const CONTINUE_AS_NEW = 10

const partition = (): number => partitionOf(rig.place.account)
const startedInput = async (workflowId: string): Promise<TransactionInput> => {
  const { events } = await rig.client.workflow.getHandle(workflowId).fetchHistory()
  const data = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads?.[0]?.data
  return JSON.parse(Buffer.from(data ?? []).toString('utf8'))
}
const request = (order: string) =>
  rig.inbox.acceptMidCycle({
    place: rig.place,
    version: 1,
    request: asRequestId(`r-${order}-${Math.random()}`),
    stepId: 'despatched',
    data: JSON.stringify({ body: { order }, headers: {}, query: {}, method: 'POST' }),
    value: order,
    window: 0,
    held: true,
  })
const signals = async (workflowId: string): Promise<number> =>
  ((await rig.client.workflow.getHandle(workflowId).fetchHistory()).events ?? []).filter(
    e => e.workflowExecutionSignaledEventAttributes?.signalName === DELIVER,
  ).length

describe('the dispatcher', () => {
  test('starts what was accepted as its workflow, with the snapshot of the document', async () => {
    const transaction = await rig.accept({ id: 7 })
    rig.run('worker-7')
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    const input = await startedInput(rig.workflowOf(transaction))
    expect(input).toMatchObject({
      transaction,
      trigger: { stepId: 'order', data: { body: { id: 7 } } },
      startedBy: 'worker-7',
      snapshot: { cycle: { id: rig.place.cycle, name: 'Orders' }, webhooks: { order: 'http://localhost/api/webhook/o' }, hash: 'hash' },
    })
  })

  test('holds at most 32 of one account that have not begun, and goes on as they begin', async () => {
    const transactions = await Promise.all(Array.from({ length: 40 }, () => rig.accept()))
    rig.run('narrow')
    await until(async () => (await rig.inbox.status(rig.place))?.inProgress === 32)
    expect((await rig.inbox.status(rig.place))?.queued).toBe(8)
    const begun = new Set<string>()
    await until(async () => {
      const started = await rig.inbox.list(rig.place, { status: 'InProgress', limit: 50 })
      for (const { id } of started.filter(({ id: one }) => !begun.has(one))) {
        begun.add(id)
        await rig.inbox.begin(rig.place, id, [], 'narrow')
      }
      return begun.size === 40
    })
    const last = transactions.at(-1)
    if (last === undefined) throw new Error('nothing was accepted')
    await until(async () => (await rig.temporal.describe(rig.place, last)) === 'open')
  })

  test('a start that was made before counts as done', async () => {
    const transaction = await rig.accept()
    const { start } = rig.temporal
    let calls = 0
    rig.ports.start = async options => {
      rig.ports.start = start
      delete rig.ports.start
      calls++
      await rig.temporal.start(options)
      return { outcome: 'later', reason: 'the answer was lost' }
    }
    rig.run()
    await until(async () => calls === 1 && (await rig.inbox.status(rig.place))?.oldest === undefined)
    expect(await rig.temporal.describe(rig.place, transaction)).toBe('open')
  })

  test('tries again while Temporal is away, and keeps its lease meanwhile', async () => {
    const transaction = await rig.accept()
    let away = 4
    rig.ports.start = async options => {
      if (--away > 0) return { outcome: 'later', reason: 'away' }
      delete rig.ports.start
      return rig.temporal.start(options)
    }
    rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
  })

  test('what Temporal refuses for good is Errored with an incident, and does not hold up the next', async () => {
    const poisoned = await rig.accept()
    const next = await rig.accept()
    rig.ports.start = async () => {
      delete rig.ports.start
      return { outcome: 'refused', reason: 'poison' }
    }
    rig.run()
    await until(() => rig.temporal.describe(rig.place, next).then(found => found === 'open'))
    await until(async () => (await rig.inbox.transaction(rig.place, poisoned))?.status === 'Errored')
    expect(rig.incidents).toMatchObject([{ level: 'Error', stepId: 'order', message: 'Webhook failed' }])
  })

  test('brings requests to a transaction that has begun, in order', async () => {
    const transaction = await rig.accept({ id: 'a' }, { values: [{ stepId: 'despatched', value: 'a' }] })
    rig.run()
    expect([await request('a'), await request('a')]).toMatchObject([{ transaction }, { transaction }])
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    expect(await signals(rig.workflowOf(transaction))).toBe(0)
    await rig.inbox.begin(rig.place, transaction, [], undefined)
    await until(async () => (await signals(rig.workflowOf(transaction))) === 2)
  })

  test('a request to a workflow that is closed is matched once more, else it is a warning', async () => {
    const transaction = await rig.accept({ id: 'a' }, { values: [{ stepId: 'despatched', value: 'a' }] })
    rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    await rig.inbox.begin(rig.place, transaction, [], undefined)
    await rig.client.workflow.getHandle(rig.workflowOf(transaction)).terminate()
    await request('a')
    await until(async () => (await rig.inbox.status(rig.place))?.unmatched === 1)
    await rig.upkeep.pass(partition())
    expect(rig.incidents).toMatchObject([{ level: 'Warning', stepId: 'despatched', message: 'Failed to find the webhook source key' }])
    expect(await rig.inbox.transaction(rig.place, transaction)).toMatchObject({ status: 'Stopped' })
  })

  test("takes over a dead worker's entries after its lease", async () => {
    const transaction = await rig.accept()
    const dead = await rig.inbox.take('dead')
    if (dead === undefined) throw new Error('nothing is ready')
    expect(await rig.inbox.claim(dead, 10, undefined)).toMatchObject({ state: 'ok', entries: [{ transaction }] })
    rig.run()
    await until(async () => {
      await rig.upkeep.pass(partition())
      return (await rig.temporal.describe(rig.place, transaction)) === 'open'
    })
  })

  test('registers what was queued under the document of the next start', async () => {
    await rig.inbox.deactivate(rig.place)
    const transaction = await rig.accept({ id: 'old', number: 'new' })
    await rig.edit({
      ...document,
      steps: document.steps.map(step =>
        step.id === 'despatched' ? { id: 'despatched', type: 'webhook', match: { request: 'body.order', transaction: 'order.body.number' } } : step,
      ),
    })
    await rig.inbox.activate(rig.place)
    rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    const input = await startedInput(rig.workflowOf(transaction))
    expect(input.snapshot.document.steps[1]).toMatchObject({ match: { transaction: 'order.body.number' } })
  })
})

describe('the upkeep', () => {
  test('starts one operation for each stop and each delete, then forgets it', async () => {
    await rig.inbox.deactivate(rig.place)
    await rig.inbox.activate(rig.place)
    await rig.inbox.delete(rig.place)
    await rig.upkeep.pass(partition())
    await rig.upkeep.pass(partition())
    expect(await rig.inbox.controls(partition(), 10)).toEqual([])
    for (const id of ['stop/1', 'delete/3']) {
      const handle = rig.client.workflow.getHandle(`cycleOperation/${rig.place.cycle}/${id}`)
      expect((await handle.describe()).type).toBe('cycleOperation')
      await handle.terminate()
    }
  })

  test('starts one operation for the latest change that a schedule has to follow', async () => {
    const place = { ...rig.place, cycle: asCycleId(randomUUID()) }
    await rig.inbox.create(place, 1, { scheduled: true })
    for (let n = 0; n < 3; n++) {
      await rig.inbox.activate(place)
      await rig.inbox.deactivate(place)
    }
    const asked: string[] = []
    rig.ports.operate = async ({ op, epoch }) => {
      asked.push(`${op} ${epoch}`)
      return { outcome: 'started' }
    }
    await rig.upkeep.pass(partition())
    expect(asked).toEqual(['stop 1', 'stop 2', 'stop 3', 'schedule 6'])
    expect(await rig.inbox.controls(partition(), 10)).toEqual([])
  })

  test('tells of a run that was skipped: when it fell due, and what ran', async () => {
    const place = { ...rig.place, cycle: asCycleId(randomUUID()) }
    await rig.inbox.create(place, 1, { scheduled: true })
    await rig.inbox.activate(place)
    const activation = (await rig.inbox.scheduling(place))?.activation ?? 0
    const run = { place, version: 1, stepId: 'tick', activation, data: '{}', values: [], once: false }
    const [first, second] = [asTransactionId(randomUUID()), asTransactionId(randomUUID())]
    await rig.inbox.acceptScheduled({ ...run, transaction: first, due: '2030-01-01T00:00:00.000Z' })
    await rig.inbox.acceptScheduled({ ...run, transaction: second, due: '2030-01-01T00:00:01.000Z' })
    rig.ports.operate = async () => ({ outcome: 'started' })
    await rig.upkeep.pass(partition())
    const detail = `The run that fell due at 2030-01-01T00:00:01.000Z was skipped: the previous one, transaction ${first}, was still in progress or queued`
    expect(rig.incidents).toMatchObject([{ level: 'Warning', stepId: 'tick', message: 'Trigger Skipped', detail }])
  })

  test('keeps a stop that Temporal cannot take now', async () => {
    await rig.inbox.deactivate(rig.place)
    rig.ports.operate = async () => ({ outcome: 'later' })
    await rig.upkeep.pass(partition())
    expect(await rig.inbox.controls(partition(), 10)).toHaveLength(1)
  })

  test('finds members whose workflow is closed or never was', async () => {
    const never = await rig.accept({}, { held: true })
    const closed = await rig.accept()
    const stop = rig.run()
    await until(() => rig.temporal.describe(rig.place, closed).then(found => found === 'open'))
    await rig.inbox.begin(rig.place, closed, [], undefined)
    await stop()
    await rig.client.workflow.getHandle(rig.workflowOf(closed)).terminate()
    await until(async () => {
      await rig.upkeep.ask(partition())
      return (await rig.inbox.status(rig.place))?.inProgress === 0
    })
    expect(await rig.inbox.transaction(rig.place, never)).toBeUndefined()
    expect((await rig.inbox.transaction(rig.place, closed))?.status).toBe('Stopped')
  })

  test('keeps what lies beside Temporal of workflows that are open', async () => {
    const transaction = await rig.accept()
    rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    await until(async () => {
      await rig.upkeep.ask(partition())
      return rig.blobs.includes(`renew ${rig.workflowOf(transaction)}`)
    })
  })

  test('takes what is past its retention away, with its workflow and what lies beside it; a day after its end at the earliest (cycles.md 1)', async () => {
    const transaction = await rig.accept()
    const stop = rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    await stop()
    await rig.inbox.begin(rig.place, transaction, [], undefined)
    await rig.inbox.end(rig.place, transaction, {}, 'Completed', 0)
    expect(await rig.inbox.transaction(rig.place, transaction)).toBeUndefined()
    rig.later(DAY - 60_000)
    await rig.upkeep.remove(partition())
    expect(await rig.temporal.describe(rig.place, transaction)).toBe('open')

    rig.later(120_000)
    rig.ports.remove = async () => 'later'
    await rig.upkeep.remove(partition())
    expect(await rig.inbox.removals(partition(), 10)).toEqual([{ place: rig.place, transaction, started: true }])
    delete rig.ports.remove
    await rig.upkeep.remove(partition())
    expect(rig.blobs).toEqual([`delete ${rig.workflowOf(transaction)}`])
    expect(await rig.inbox.removals(partition(), 10)).toEqual([])
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'unknown'))
    expect(await rig.temporal.remove(rig.place, transaction)).toBe('removed')
  })

  test('takes the earlier runs of a long workflow away as well', async () => {
    const transaction = await rig.accept()
    const stop = rig.run()
    await until(() => rig.temporal.describe(rig.place, transaction).then(found => found === 'open'))
    await stop()
    await goesOnAsNew(rig.workflowOf(transaction))
    const query = `WorkflowId = '${rig.workflowOf(transaction)}'`
    const runs = (n: number) => until(async () => (await rig.client.workflow.count(query)).count === n, { timeoutMs: 120_000, everyMs: 500 })
    await runs(2)
    expect(await rig.temporal.remove(rig.place, transaction)).toBe('removed')
    await runs(0)
  }, 300_000)
})

/** Answers its first workflow task as a worker does whose workflow continues as new. */
async function goesOnAsNew(workflowId: string): Promise<void> {
  const { workflowService } = rig.client
  const namespace = rig.client.options.namespace
  const taskQueue = { name: rig.taskQueue }
  // A poll of a busy server may come back without a task.
  let taskToken: Uint8Array = new Uint8Array()
  await until(async () => {
    const task = await workflowService.pollWorkflowTaskQueue({ namespace, taskQueue, identity: 'test' })
    taskToken = task.taskToken
    return task.workflowExecution?.workflowId === workflowId
  })
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    taskToken,
    commands: [
      {
        commandType: CONTINUE_AS_NEW,
        continueAsNewWorkflowExecutionCommandAttributes: { workflowType: { name: 'transaction' }, taskQueue },
      },
    ],
  })
}

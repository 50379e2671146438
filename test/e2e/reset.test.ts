import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { asCycleId, asTransactionId } from '../../domain/ids.ts'
import { transactionWorkflowId } from '../../workflows/messages.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { waiting } from './documents.ts'

let system: TestSystem
let connection: Connection
let client: Client
beforeAll(async () => {
  system = await startSystem()
  connection = await Connection.connect({ address: system.temporalAddress })
  client = new Client({ connection, namespace: 'flywheel' })
})
afterAll(async () => {
  await connection?.close()
  await system?.stop()
})

/** As the Temporal UI does it: back to the first workflow task. */
async function reset(cycle: string, transaction: string): Promise<void> {
  const workflowId = transactionWorkflowId(asCycleId(cycle), asTransactionId(transaction))
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
  const first = events?.find(event => event.workflowTaskCompletedEventAttributes)?.eventId
  if (first === undefined || first === null) throw new Error('no workflow task was completed')
  await client.workflowService.resetWorkflowExecution({
    namespace: 'flywheel',
    workflowExecution: { workflowId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: first,
  })
}
const calls = (path: string): number => system.receiver.at(path).length

describe("a reset in Temporal's UI (operations.md 5)", () => {
  it('runs a transaction that ended once more, from its beginning', async () => {
    const path = `/reset/${randomUUID()}`
    const cycle = await system.client.cycle({
      name: 'Ends',
      steps: [
        { id: 'order', type: 'webhook', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: system.receiver.url + path },
      ],
    })
    const { transaction = '' } = await cycle.post({})
    await cycle.settled(transaction, ['Completed'])
    await reset(cycle.id, transaction)
    await system.receiver.waitFor(path, 2)
    await cycle.settled(transaction, ['Completed'])
    expect(calls(path)).toBe(2)
    expect(await cycle.view()).toMatchObject({ InProgressTransactionCount: 0 })
  })
  it('runs one that stands failed once more', async () => {
    const path = `/reset/${randomUUID()}`
    let fails = 1
    system.receiver.respond(request => (request.path === path && fails-- > 0 ? { status: 500 } : undefined))
    const cycle = await system.client.cycle({
      name: 'Fails',
      steps: [
        { id: 'order', type: 'webhook', next: 'tell' },
        { id: 'tell', type: 'request', method: 'POST', url: system.receiver.url + path },
      ],
    })
    const { transaction = '' } = await cycle.post({})
    await cycle.settled(transaction, ['Errored'])
    await reset(cycle.id, transaction)
    await cycle.settled(transaction, ['Completed'])
    expect(calls(path)).toBe(2)
  })
  it('leaves one that waits waiting, and it takes requests', async () => {
    const cycle = await system.client.cycle(waiting(system.receiver.url))
    const id = randomUUID()
    const { transaction = '' } = await cycle.post({ id })
    await cycle.settled(transaction, ['Waiting'])
    await reset(cycle.id, transaction)
    await cycle.settled(transaction, ['Waiting'])
    const before = calls('/updates')
    const reply = await cycle.post({ id, n: 1 }, { step: 'update' })
    expect(reply.transaction).toBe(transaction)
    await system.receiver.waitFor('/updates', before + 1)
    await cycle.settled(transaction, ['Waiting'])
  })
})

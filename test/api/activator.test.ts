import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { describe, expect, inject, it } from 'vitest'
import { createCycleActivator } from '../../api/cycles/activator.ts'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { cycleOperationWorkflowId } from '../../workflows/messages.ts'

const place = () => ({ account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) })

describe('a start that waits for an application (docs/decisions/0020)', () => {
  it('is late where no worker takes it in time, and nothing of it begins after that', async () => {
    const connection = Connection.lazy({ address: inject('temporalAddress') })
    const client = new Client({ connection, namespace: 'flywheel' })
    const at = place()
    expect(await createCycleActivator(client, randomUUID(), { lateMs: 1_000 }).activate(at)).toEqual({ outcome: 'late' })
    expect((await client.workflow.getHandle(cycleOperationWorkflowId(at.cycle, 'activate', 0)).describe()).status.name).toBe('TIMED_OUT')
    await connection.close()
  })

  it('is unreachable where Temporal does not answer', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' })
    const client = new Client({ connection, namespace: 'flywheel' })
    expect(await createCycleActivator(client, randomUUID(), { startMs: 500 }).activate(place())).toEqual({ outcome: 'unreachable' })
    await connection.close()
  })
})

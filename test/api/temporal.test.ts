import { randomUUID } from 'node:crypto'
import { Client, Connection } from '@temporalio/client'
import { describe, expect, inject, it } from 'vitest'
import { createTransactionViewer } from '../../api/temporal.ts'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'

const place = { account: asAccountId(randomUUID()), cycle: asCycleId(randomUUID()) }
const transaction = asTransactionId(randomUUID())
const options = { uiUrl: 'http://ui.example', namespace: 'flywheel' }

describe('what is asked of Temporal about a transaction', () => {
  it('is unknown where there is no such workflow', async () => {
    const connection = Connection.lazy({ address: inject('temporalAddress') })
    const viewer = createTransactionViewer(new Client({ connection, namespace: 'flywheel' }), options)
    expect(await viewer.state(place, transaction)).toBe('unknown')
    expect(await viewer.outline(place, transaction)).toBe('unknown')
    expect(await viewer.stop(place, transaction)).toBe('unknown')
    expect(await viewer.order(place, transaction, 'retry', 'work')).toBe('unknown')
    await connection.close()
  })

  it('is unreachable, within its deadline, where Temporal does not answer', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' })
    const viewer = createTransactionViewer(new Client({ connection, namespace: 'flywheel' }), { ...options, deadlineMs: 500 })
    expect(await viewer.state(place, transaction)).toBe('unreachable')
    expect(await viewer.stop(place, transaction)).toBe('unreachable')
    expect(await viewer.order(place, transaction, 'retry', 'work')).toBe('unreachable')
    await connection.close()
  })

  it("has its page in Temporal's UI", () => {
    const viewer = createTransactionViewer(new Client({ connection: Connection.lazy(), namespace: 'flywheel' }), options)
    expect(viewer.url(place, transaction)).toBe(`http://ui.example/namespaces/flywheel/workflows/transaction%2F${place.cycle}%2F${transaction}`)
  })
})

import { randomUUID } from 'node:crypto'
import { Client } from '@temporalio/client'
import { NativeConnection } from '@temporalio/worker'
import type { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest'
import { asAccountId, type AccountId } from '../../domain/ids.ts'
import { createLogger } from '../../platform/logger.ts'
import { partitionOf } from '../../storage/keys.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { registryKeys } from '../../storage/registry-keys.ts'
import type { Registry } from '../../storage/registry.ts'
import { createPackageStarts } from '../../worker/package-starts.ts'
import { createTemporalPorts, type TemporalPorts } from '../../worker/temporal-ports.ts'
import { packageOperationWorkflowId } from '../../workflows/messages-package.ts'
import { freshRedis } from '../support/redis.ts'

let redis: Redis
let registry: Registry
let connection: NativeConnection
let client: Client
let account: AccountId
let id: string
beforeEach(async () => {
  redis = (await freshRedis()).client
  registry = createRegistry(redis)
  connection = await NativeConnection.connect({ address: inject('temporalAddress') })
  client = new Client({ connection, namespace: 'flywheel' })
  account = asAccountId(randomUUID())
  id = randomUUID()
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  const of = { kind: 'install' as const, packageId: '12', packageName: 'Orders', marketplaceId: '1', status: 'Running' as const, errors: [] }
  await registry.operations.begin(account, id, { ...of, startedAt: Date.now(), cycles: [], autoStart: true }, undefined)
})
afterEach(async () => {
  await handle()
    .terminate()
    .catch(() => undefined)
  await redis.quit()
  await connection.close()
})

const handle = () => client.workflow.getHandle(packageOperationWorkflowId(id))
const due = () => registry.operations.due(partitionOf(account), 10)
/** As half a minute later. */
const later = () => redis.zadd(registryKeys.operationsDue(partitionOf(account)), 0, `${account} ${id}`)

/** No worker polls the task queue, so that what is started stays open. */
async function pass(temporal: Partial<TemporalPorts> = {}): Promise<void> {
  const ports = createTemporalPorts(client, { taskQueue: `test-${randomUUID()}` })
  const logger = createLogger({ logLevel: 'silent' }, 'test')
  await createPackageStarts({ registry, temporal: { ...ports, ...temporal }, logger })(partitionOf(account), new AbortController().signal)
}

describe('an operation on a package', () => {
  it('whose workflow the api did not start is started by the worker, once', async () => {
    await pass()
    const first = await handle().describe()
    expect([first.status.name, await due()]).toEqual(['RUNNING', []])
    await later()
    await pass()
    expect((await handle().describe()).runId).toBe(first.runId)
  })

  it('waits while Temporal does not answer', async () => {
    await pass({ operatePackage: async () => ({ outcome: 'later' }) })
    expect(await due()).toMatchObject([{ account, id }])
  })

  it('whose workflow somebody terminated before it had ended is started again', async () => {
    await pass()
    const first = await handle().describe()
    await handle().terminate()
    await later()
    await pass()
    const second = await handle().describe()
    expect(second.status.name).toBe('RUNNING')
    expect(second.runId).not.toBe(first.runId)
  })

  it('that has ended is not looked for', async () => {
    await pass()
    await handle().terminate()
    const operation = await registry.operations.get(account, id)
    if (operation === undefined) throw new Error('there is no operation')
    const ended = { ...operation, status: 'Failed' as const, endedAt: Date.now() }
    await registry.operations.finish(account, id, { operation: ended, installation: undefined, notification: undefined, states: [] })
    await later()
    await pass()
    expect((await handle().describe()).status.name).toBe('TERMINATED')
  })
})

import { randomUUID } from 'node:crypto'
import { expect, it } from 'vitest'
import { asAccountId, asCycleId } from '../../domain/ids.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import { activities, redis, useRig } from './rig.ts'

useRig()

it('an installation that an import went on with has each of its cycles once', async () => {
  const registry = createRegistry(redis.client)
  const account = asAccountId(randomUUID())
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  const templateId = randomUUID()
  const document = { name: 'Orders', steps: [{ id: 'order', type: 'webhook' }] } as const
  const releases = [{ id: 'release', status: 'Live', createdAt: 0, document }] as const
  await registry.templates.create(templateId, { name: 'Orders', description: '', tags: [], published: true, releases })
  const cycle = { cycleId: asCycleId(randomUUID()), templateId, templateReleaseId: 'release' }
  const before = { packageId: '1', marketplaceId: '1', cycles: [cycle], installedAt: 5, status: 'Installed' } as const
  await registry.installations.of(account).create('1', before)
  const operation = randomUUID()
  const what = { kind: 'install', packageId: '1', packageName: 'Orders', marketplaceId: '1', autoStart: false } as const
  const record = { ...what, status: 'Running', errors: [], startedAt: 5, cycles: [{ ...cycle, name: 'Orders' }] } as const
  expect(await registry.operations.begin(account, operation, record, 1)).toBe('begun')
  await activities().installCycle({ account, operation }, cycle.cycleId)
  expect(await activities().finishOperation({ account, operation }, { status: 'Completed', errors: [] })).toEqual([])
  expect((await registry.installations.of(account).get('1'))?.value).toEqual(before)
})

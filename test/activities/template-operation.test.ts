import { randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, it } from 'vitest'
import type { OperationPlace } from '../../activities/contract.ts'
import type { CycleDocument } from '../../domain/document.ts'
import { asAccountId, asCycleId, type AccountId, type CycleId } from '../../domain/ids.ts'
import { partitionOf } from '../../storage/keys.ts'
import type { TemplateInstall } from '../../storage/operation.ts'
import { createRegistry } from '../../storage/redis/registry.ts'
import type { Registry } from '../../storage/registry.ts'
import { activities, failureOf, inbox, redis, useRig } from './rig.ts'

const document: CycleDocument = {
  name: 'Orders',
  steps: [
    { id: 'order', type: 'webhook', next: 'ask' },
    { id: 'ask', type: 'method', connector: 'Shop', method: 'getOrder' },
  ],
}
const RELEASE = 'release'

let registry: Registry
let account: AccountId
let templateId: string
useRig()
beforeEach(async () => {
  registry = createRegistry(redis.client)
  account = asAccountId(randomUUID())
  templateId = randomUUID()
  await registry.accounts.create({ id: account, apiId: account, name: 'Acme', description: '', timezone: 'UTC', createdAt: 0, userId: '' })
  const release = { id: RELEASE, status: 'Live', createdAt: 0, document } as const
  await registry.templates.create(templateId, { name: 'Orders', description: '', tags: [], published: true, releases: [release] })
})

interface Begun {
  readonly at: OperationPlace
  readonly cycle: CycleId
}
async function begin(how: Partial<TemplateInstall> = {}): Promise<Begun> {
  const at = { account, operation: randomUUID() }
  const cycle = asCycleId(randomUUID())
  const begun = await registry.operations.begin(
    account,
    at.operation,
    {
      kind: 'install',
      packageId: '',
      packageName: 'Orders',
      marketplaceId: '',
      template: { templateId, runOnce: false, singleInstall: false, ...how },
      status: 'Running',
      errors: [],
      startedAt: 0,
      cycles: [{ cycleId: cycle, name: 'Orders', templateId, templateReleaseId: RELEASE }],
      autoStart: true,
      variables: {},
      accountConnectors: { Shop: 'chosen', Other: 'of another' },
    },
    undefined,
  )
  expect(begun).toBe('begun')
  return { at, cycle }
}
const run = () => {
  const acts = activities()
  return {
    install: ({ at, cycle }: Begun) => acts.installCycle(at, cycle),
    start: ({ at, cycle }: Begun) => acts.startCycle(at, cycle, true),
    finish: ({ at }: Begun) => acts.finishOperation(at, { status: 'Completed', errors: [] }),
  }
}
const stateOf = async ({ cycle }: Begun) => (await inbox.status({ account, cycle }))?.state

describe('an installation by LAUNCH (marketplace.md 3)', () => {
  it('makes one cycle, with the account connectors that were chosen, and leaves neither an installation nor a notification', async () => {
    const begun = await begin()
    const act = run()
    await act.install(begun)
    expect(await registry.cycles.get({ account, cycle: begun.cycle })).toMatchObject({
      origin: { templateId, releaseId: RELEASE },
      accountConnectors: { Shop: 'chosen' },
    })
    expect(await act.start(begun)).toEqual([])
    await act.finish(begun)
    const ended = await registry.operations.get(account, begun.at.operation)
    expect(ended).toMatchObject({ status: 'Completed', cycles: [{ cycleId: begun.cycle, state: 'Active' }] })
    expect(ended).not.toHaveProperty('accountConnectors')
    expect(ended).not.toHaveProperty('variables')
    expect((await registry.installations.of(account).list({ page: 1, pageSize: 10 })).total).toBe(0)
    expect(await registry.notifications.outbox(partitionOf(account), 10)).toEqual([])
    expect(await registry.operations.running(account)).toEqual(new Map())
  })

  it('is one at a time for a template, beside packages and other templates', async () => {
    await begin()
    const again = { kind: 'install', packageId: '', packageName: '', marketplaceId: '', status: 'Running', errors: [], startedAt: 0, cycles: [] } as const
    const put = (other: string) =>
      registry.operations.begin(
        account,
        randomUUID(),
        { ...again, autoStart: true, template: { templateId: other, runOnce: false, singleInstall: false } },
        undefined,
      )
    expect(await put(templateId)).toBe('running')
    expect(await put(randomUUID())).toBe('begun')
    expect([...(await registry.operations.running(account)).keys()]).toContain(`template/${templateId}`)
  })

  it('with RunOnce makes a cycle that stops after its first run, and a repeated start does not start it anew', async () => {
    const begun = await begin({ runOnce: true })
    const act = run()
    await act.install(begun)
    await act.start(begun)
    expect(await stateOf(begun)).toBe('Active')
    const request = { place: { account, cycle: begun.cycle }, version: 1, stepId: 'order', data: '{}', values: [], held: false }
    await inbox.acceptTrigger({ ...request, transaction: Object(randomUUID()) })
    expect(await stateOf(begun)).toBe('Stopping')
    expect(await act.start(begun)).toEqual([])
    expect(await stateOf(begun)).toBe('Stopping')
  })

  it('with SingleInstall is refused where the account has a cycle of that template, in words', async () => {
    const first = await begin()
    const act = run()
    await act.install(first)
    await act.finish(first)
    const second = await begin({ singleInstall: true })
    expect((await failureOf(act.install(second))).message).toBe('"Orders" is installed in this account, and it can be there only once')
    expect(await registry.cycles.get({ account, cycle: second.cycle })).toBe(undefined)
  })

  it('with SingleInstall may be repeated at any point', async () => {
    const begun = await begin({ singleInstall: true })
    const act = run()
    await act.install(begun)
    await act.install(begun)
    expect(await act.start(begun)).toEqual([])
  })
})

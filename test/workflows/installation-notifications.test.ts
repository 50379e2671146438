import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asAccountId, asTransactionId } from '../../domain/ids.ts'
import { installationNotificationsWorkflowId, type QueuedNotification } from '../../workflows/messages-installation.ts'
import { SEND_NOW, type NotificationTry } from '../../workflows/messages.ts'
import { installationNotificationsStart } from '../../workflows/start.ts'
import { until } from '../support/until.ts'
import { createRig, type Rig } from './real.ts'

type Answer = Pick<NotificationTry, 'status' | 'error'>
const HOUR = 3_600_000

let rig: Rig
/** How receivers answer, by URL; what came to them. */
const receivers = new Map<string, (id: string, tries: number) => Answer | Promise<Answer>>()
const posts: { readonly url: string; readonly id: string }[] = []
/** Of the log: those that are over. */
const over = new Set<string>()

beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
  rig.activities.sendNotification = async ({ url, id }) => {
    posts.push({ url, id })
    const tries = posts.filter(post => post.id === id).length
    return { at: Date.now(), durationMs: 7, ...(await (receivers.get(url)?.(id, tries) ?? { status: 204 })) }
  }
  rig.activities.beginNotification = async (id, again) => (over.has(id) && !again ? 'over' : 'go')
})
afterAll(() => rig.close())

interface Sent {
  readonly order: number
  readonly again?: boolean
  readonly retries?: readonly number[]
  readonly body?: string
}

/** One of a package in an account, with a receiver of its own. */
function installation(answer: (id: string, tries: number) => Answer | Promise<Answer> = () => ({ status: 204 })) {
  const key = { account: asAccountId(randomUUID()), package: '1234' }
  const url = `http://test/${key.account}`
  receivers.set(url, answer)
  const handle: WorkflowHandle = rig.client.workflow.getHandle(installationNotificationsWorkflowId(key))
  return {
    handle,
    /** Names of what came to the receiver: `n1` is the notification with the order 1. */
    posts: (): string[] => posts.filter(post => post.url === url).map(({ id }) => id.slice(37)),
    idOf: (order: number): string => `${key.account} n${order}`,
    statuses: (order: number): string[] => rig.index(asTransactionId(`${key.account} n${order}`)).calls,
    async notify({ order, again, retries = [HOUR], body = '{}' }: Sent): Promise<void> {
      const queued: QueuedNotification = {
        id: `${key.account} n${order}`,
        kind: 'started',
        account: key.account,
        installation: key,
        marketplaceId: '7',
        title: `Shop started ${order}`,
        url,
        userAgent: 'Flywheel',
        body,
        retries,
        order,
        ...(again === undefined ? {} : { again }),
      }
      const { workflowType, ...options } = installationNotificationsStart(key, queued, rig.taskQueue)
      await rig.client.workflow.signalWithStart(workflowType, options)
    },
  }
}

async function detailsOf(handle: WorkflowHandle): Promise<string[]> {
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return (currentDetails ?? '').split('\n')
}

describe('the notifications of an installation', () => {
  it('are sent one after the other, in order, each tried until it is taken (marketplace.md 2)', async () => {
    let busy = 0
    const one = installation(async (id, tries) => {
      expect(++busy).toBe(1)
      await sleep(20)
      busy--
      return id.endsWith('n2') && tries < 3 ? { status: 500 } : { status: 200 }
    })
    for (let order = 1; order <= 4; order++) await one.notify({ order, retries: [100, 100] })
    expect(await one.handle.result()).toEqual({ delivered: 4, gone: 0 })
    expect(one.posts()).toEqual(['n1', 'n2', 'n2', 'n2', 'n3', 'n4'])
    expect(one.statuses(2)).toEqual(['Pending', 'Pending', 'Delivered'])
    const { searchAttributes } = await one.handle.describe()
    expect(searchAttributes).toMatchObject({ AccountId: [expect.any(String)], PackageId: ['1234'] })
  })

  it('come once, however often they are handed over, also when they are over', async () => {
    const one = installation((_id, tries) => ({ status: tries === 1 ? 500 : 200 }))
    for (let repeat = 0; repeat < 3; repeat++) await one.notify({ order: 1, retries: [300] })
    expect(await one.handle.result()).toEqual({ delivered: 1, gone: 0 })
    over.add(one.idOf(1))
    await one.notify({ order: 1 })
    expect(await one.handle.result()).toEqual({ delivered: 0, gone: 0 })
    expect(one.posts()).toEqual(['n1', 'n1'])
  })

  it('that failed or are not wanted let the next one go; it closes as failed then, and says which and why', async () => {
    const one = installation(id => ({ status: { n1: 503, n2: 410 }[id.slice(37)] ?? 200 }))
    await one.notify({ order: 1, retries: [50] })
    for (const order of [2, 3]) await one.notify({ order })
    await expect(one.handle.result()).rejects.toMatchObject({
      cause: {
        type: 'notificationFailed',
        message: expect.stringMatching(/^Shop started 1: Not delivered to http:\/\/test\/.* in 2 tries; the last: it answered 503$/),
      },
    })
    expect(one.posts()).toEqual(['n1', 'n1', 'n2', 'n3'])
    expect([1, 2, 3].map(order => one.statuses(order).at(-1))).toEqual(['Failed', 'Gone', 'Delivered'])
  })

  it('are delayed by no other installation whose receiver is dead', async () => {
    const dead = installation(() => ({ error: 'ECONNREFUSED' }))
    let end: (answer: Answer) => void = () => undefined
    const hangs = installation(() => new Promise(resolve => (end = resolve)))
    for (let order = 1; order <= 3; order++) for (const one of [dead, hangs]) await one.notify({ order })
    const well = installation()
    for (let order = 1; order <= 3; order++) await well.notify({ order })
    expect(await well.handle.result()).toEqual({ delivered: 3, gone: 0 })
    expect([dead.posts(), hangs.posts()]).toEqual([['n1'], ['n1']])
    for (const { handle } of [dead, hangs]) await handle.terminate()
    end({ status: 200 })
  })

  it('lose nothing where the workflow ends when the next one comes', async () => {
    const one = installation()
    const many = Array.from({ length: 60 }, (_, n) => n + 1)
    for (const order of many) {
      await one.notify({ order })
      await sleep(Math.random() * 40)
    }
    await until(() => one.posts().length === many.length)
    expect(one.posts()).toEqual(many.map(order => `n${order}`))
  })

  it('show operators what is sent, what comes then and what was not delivered (operations.md 5)', async () => {
    const one = installation(() => ({ status: 503 }))
    await one.notify({ order: 1, retries: [] })
    for (let order = 2; order <= 14; order++) await one.notify({ order })
    const details = await until(async () => {
      const lines = await detailsOf(one.handle)
      return lines.length === 5 && lines[3]?.includes('more') === true && lines
    })
    expect(details).toEqual([
      expect.stringMatching(/^\*\*Pending\*\*: Try 2 of 2 at 20\d\d-.*Z; signal `sendNow` makes it at once$/),
      expect.stringMatching(/^- sends `Shop started 2` to `http:\/\/test\/.*`$/),
      expect.stringMatching(/^- last try at 20\d\d-.*Z, 7 ms: `it answered 503`$/),
      expect.stringMatching(/^- then: (`Shop started \d+`, ){9}`Shop started 12` and \d more$/),
      '- not delivered: `Shop started 1`',
    ])
    await one.handle.terminate()
  })

  it('are tried at once by the signal sendNow, the schedule beginning anew', async () => {
    const one = installation((_id, tries) => ({ status: tries < 4 ? 500 : 200 }))
    await one.notify({ order: 1, retries: [10, HOUR] })
    await until(() => one.posts().length === 2)
    await until(async () => (await detailsOf(one.handle))[0]?.includes('Try 3 of 3 at'))
    await one.handle.signal(SEND_NOW)
    expect(await one.handle.result()).toEqual({ delivered: 1, gone: 0 })
    expect(one.posts()).toHaveLength(4)
  })

  it('that an operator cancels count as failed, all that wait', async () => {
    const one = installation(() => ({ status: 500 }))
    for (const order of [1, 2, 3]) await one.notify({ order })
    await until(() => one.statuses(1).length === 1)
    await one.handle.cancel()
    await expect(one.handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect([1, 2, 3].map(order => one.statuses(order).at(-1))).toEqual(['Failed', 'Failed', 'Failed'])
    expect(one.posts()).toEqual(['n1'])
  })

  it('are at most a thousand that wait: what comes on top has failed, and lets the others be', async () => {
    const one = installation(() => ({ status: 500 }))
    await one.notify({ order: 1 })
    for (let order = 2; order <= 1_002; order += 40)
      await Promise.all(Array.from({ length: Math.min(40, 1_003 - order) }, (_, n) => one.notify({ order: order + n })))
    await until(() => one.statuses(1_001).at(-1) === 'Failed' && one.statuses(1_002).at(-1) === 'Failed')
    expect(one.statuses(1_000)).toEqual([])
    expect(one.posts()).toEqual(['n1'])
    await one.handle.terminate()
  })

  it('are carried along when the history grows long: none is lost, none comes twice, the order stays', async () => {
    let down = true
    const one = installation(() => ({ status: down ? 500 : 200 }))
    for (const order of [1, 2, 3]) await one.notify({ order })
    await until(() => one.statuses(1).length === 1)
    const first = await one.handle.describe()
    const large = JSON.stringify('x'.repeat(60_000))
    await until(async () => {
      for (let repeat = 0; repeat < 10; repeat++) await one.notify({ order: 2, body: large })
      return (await one.handle.describe()).runId !== first.runId
    })
    expect((await one.handle.describe()).searchAttributes).toMatchObject({ PackageId: ['1234'] })
    await one.notify({ order: 4 })
    expect(one.posts()).toEqual(['n1'])
    down = false
    await one.handle.signal(SEND_NOW)
    expect(await one.handle.result()).toEqual({ delivered: 4, gone: 0 })
    expect(one.posts()).toEqual(['n1', 'n1', 'n2', 'n3', 'n4'])
  })
})

describe('a notification of an installation that is sent again', () => {
  it('has its old place before those that came after it and still wait', async () => {
    let down = true
    const one = installation(() => ({ status: down ? 500 : 200 }))
    await one.notify({ order: 2, retries: [HOUR] })
    await one.notify({ order: 3 })
    await until(() => one.statuses(2).length === 1)
    down = false
    await one.notify({ order: 1, again: true })
    await until(() => one.posts().length === 2)
    expect(one.posts()).toEqual(['n2', 'n1'])
    await until(async () => (await detailsOf(one.handle))[0]?.includes('Try 2 of 2 at'))
    await one.handle.signal(SEND_NOW)
    expect(await one.handle.result()).toEqual({ delivered: 3, gone: 0 })
    expect(one.posts()).toEqual(['n2', 'n1', 'n2', 'n3'])
  })

  it('is tried at once where it is the first; where it waits, the first is, and the order stays', async () => {
    let down = true
    const one = installation(() => ({ status: down ? 500 : 200 }))
    for (const order of [1, 2]) await one.notify({ order, retries: [HOUR, HOUR] })
    await until(() => one.statuses(1).length === 1)
    await one.notify({ order: 1, again: true, retries: [HOUR, HOUR] })
    await until(() => one.statuses(1).length === 2)
    down = false
    await one.notify({ order: 2, again: true, retries: [HOUR, HOUR] })
    expect(await one.handle.result()).toEqual({ delivered: 2, gone: 0 })
    expect(one.posts()).toEqual(['n1', 'n1', 'n1', 'n2'])
  })

  it('is sent though the log had it as over, and counts as failed no more', async () => {
    let down = true
    const one = installation(() => ({ status: down ? 500 : 200 }))
    await one.notify({ order: 1, retries: [] })
    await one.notify({ order: 2 })
    await until(() => one.statuses(2).length === 1)
    over.add(one.idOf(1))
    down = false
    await one.notify({ order: 1, again: true })
    await until(() => one.statuses(1).at(-1) === 'Delivered')
    await one.handle.signal(SEND_NOW)
    expect(await one.handle.result()).toEqual({ delivered: 2, gone: 0 })
  })
})

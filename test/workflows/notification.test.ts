import { randomUUID } from 'node:crypto'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { asAccountId, asCycleId, asTransactionId } from '../../domain/ids.ts'
import { SEND_NOW, type NotificationInput, type NotificationTry } from '../../workflows/messages.ts'
import { notificationStart } from '../../workflows/start.ts'
import { until } from '../support/until.ts'
import { createRig, type Rig } from './real.ts'

let rig: Rig
beforeAll(async () => {
  rig = await createRig(inject('temporalAddress'))
})
afterAll(() => rig.close())

const HOUR = 3_600_000
type Answer = Pick<NotificationTry, 'status' | 'answer' | 'error'>

/** Starts one whose receiver gives those answers, the last for ever; `sent` tells when each try came. */
async function started(answers: readonly Answer[], retries: readonly number[]): Promise<{ handle: WorkflowHandle; sent: number[]; statuses: () => string[] }> {
  const sent: number[] = []
  const id = randomUUID()
  rig.activities.sendNotification = async message => {
    if (message.id !== id) throw new Error('another')
    sent.push(Date.now())
    return { at: Date.now(), durationMs: 7, ...answers[Math.min(sent.length, answers.length) - 1] }
  }
  const input: NotificationInput = {
    id,
    kind: 'incident',
    account: asAccountId(randomUUID()),
    cycle: asCycleId(randomUUID()),
    title: `Error: Webhook failed · ${'A long name '.repeat(20)}`,
    url: 'http://test/errors',
    userAgent: 'Flywheel',
    body: '{}',
    retries,
  }
  const { workflowType, ...options } = notificationStart(input, rig.taskQueue)
  const handle = await rig.client.workflow.start(workflowType, options)
  return { handle, sent, statuses: () => rig.index(asTransactionId(id)).calls }
}

const detailsOf = async (handle: WorkflowHandle): Promise<string> => {
  const { currentDetails } = await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')
  return currentDetails ?? ''
}

describe('a notification', () => {
  it('that is taken at once is delivered with one try', async () => {
    const { handle, statuses } = await started([{ status: 204 }], [HOUR])
    expect(await handle.result()).toEqual({ status: 'Delivered', tries: 1 })
    expect(statuses()).toEqual(['Delivered'])
    const { searchAttributes } = await handle.describe()
    expect(searchAttributes).toMatchObject({ AccountId: [expect.any(String)], CycleId: [expect.any(String)] })
  })

  it('is tried again at whatever is no 2xx, on its schedule, up to 20 % later (marketplace.md 2)', async () => {
    const answers: Answer[] = [{ status: 302 }, { status: 500, answer: 'no' }, { error: 'ECONNREFUSED' }, { status: 200 }]
    const { handle, sent, statuses } = await started(answers, [1_000, 1_500, 500])
    expect(await handle.result()).toEqual({ status: 'Delivered', tries: 4 })
    expect(statuses()).toEqual(['Pending', 'Pending', 'Pending', 'Delivered'])
    const timers = ((await handle.fetchHistory()).events ?? []).flatMap(event => event.timerStartedEventAttributes ?? [])
    const waits = timers.map(({ startToFireTimeout }) => Number(startToFireTimeout?.seconds ?? 0) * 1_000 + (startToFireTimeout?.nanos ?? 0) / 1e6)
    for (const [at, least] of [1_000, 1_500, 500].entries()) {
      expect(waits[at]).toBeGreaterThanOrEqual(least)
      expect(waits[at]).toBeLessThanOrEqual(least * 1.2)
      expect((sent[at + 1] ?? 0) - (sent[at] ?? 0)).toBeGreaterThanOrEqual(least - 50)
    }
  })

  it('ends at a 410: its receiver wants no more', async () => {
    const { handle, sent, statuses } = await started([{ status: 410 }], [10])
    expect(await handle.result()).toEqual({ status: 'Gone', tries: 1 })
    expect(sent).toHaveLength(1)
    expect(statuses()).toEqual(['Gone'])
  })

  it('whose every try failed closes as failed, and says where to and why', async () => {
    const { handle, statuses } = await started([{ status: 503, answer: 'down\nfor now' }], [10, 10])
    const error: unknown = await handle.result().catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(WorkflowFailedError)
    expect(error).toMatchObject({
      cause: { type: 'notificationFailed', message: 'Not delivered to http://test/errors in 3 tries; the last: it answered 503: down for now' },
    })
    expect(statuses()).toEqual(['Pending', 'Pending', 'Failed'])
  })

  it('shows operators what is sent where, which try comes, and why the last one failed (operations.md 5)', async () => {
    const { handle } = await started([{ error: 'ECONNREFUSED connect' }, { status: 200 }], [HOUR, HOUR])
    const details = await until(async () => {
      const text = await detailsOf(handle)
      return text.includes('last try') && text
    })
    expect(details.split('\n')).toEqual([
      expect.stringMatching(/^\*\*Pending\*\*: Try 2 of 3 at 20\d\d-.*Z; signal `sendNow` makes it at once$/),
      expect.stringMatching(/^- sends `Error: Webhook failed · A long name .*` to `http:\/\/test\/errors`$/),
      expect.stringMatching(/^- last try at 20\d\d-.*Z, 7 ms: `ECONNREFUSED connect`$/),
    ])
    const { events } = await handle.fetchHistory()
    const summaries = (events ?? []).flatMap(({ userMetadata }) => userMetadata?.summary?.data ?? []).map(data => Buffer.from(data).toString())
    expect(summaries).toEqual([expect.stringMatching(/^"Error: Webhook failed · .{75,90}…"$/), '"Try 1 of 3"', '"Until try 2 of 3"'])
    await handle.signal(SEND_NOW)
    expect(await handle.result()).toEqual({ status: 'Delivered', tries: 2 })
  })

  it('that is asked for is tried at once, and begins its schedule anew', async () => {
    const { handle, sent } = await started([{ status: 500 }, { status: 500 }, { status: 500 }, { status: 200 }], [10, HOUR])
    await until(() => sent.length === 2)
    await until(async () => (await detailsOf(handle)).includes('Try 3 of 3 at'))
    await handle.signal(SEND_NOW)
    expect(await handle.result()).toEqual({ status: 'Delivered', tries: 4 })
  })

  it('that an operator cancels counts as failed', async () => {
    const { handle, sent, statuses } = await started([{ status: 500 }], [HOUR])
    await until(() => sent.length === 1 && statuses().length === 1)
    await handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ cause: { name: 'CancelledFailure' } })
    expect(statuses()).toEqual(['Pending', 'Failed'])
  })
})

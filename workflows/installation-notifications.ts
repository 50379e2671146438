/**
 * Sends what is told of one installation, one after the other, the oldest first (marketplace.md 2). What comes while it is at work joins its queue; it
 * ends when there is nothing left, and the next one begins it anew.
 */
import { ApplicationFailure, CancellationScope, defineSignal, isCancellation, makeContinueAsNewFunc, setHandler, workflowInfo } from '@temporalio/workflow'
import {
  NOTIFY,
  type InstallationNotificationsInput,
  type InstallationNotificationsResult,
  type InstallationQueue,
  type QueuedNotification,
  type Sending,
} from './messages-installation.ts'
import { SEND_NOW } from './messages.ts'
import { code } from './markdown.ts'
import { deliver, failureOf, log, type SendingHooks } from './sending.ts'

const notifySignal = defineSignal<[QueuedNotification]>(NOTIFY)
const sendNowSignal = defineSignal(SEND_NOW)

/** Most that wait at once; what comes on top has failed, and can be sent again. */
const QUEUE_MAX = 1_000
/** Of those that wait or failed, so many are shown. */
const SHOWN = 10

interface Entry extends Sending {
  readonly order: number
  readonly again: boolean
  /** The log was asked whether it is still to be sent. */
  known: boolean
}

/** Fails at its end with the type `notificationFailed` where one of them was not delivered, and says which and why. */
export async function installationNotifications({ carried }: InstallationNotificationsInput): Promise<InstallationNotificationsResult> {
  const queue: Entry[] = [...(carried?.queue ?? [])]
  const failed = new Map((carried?.failed ?? []).map(one => [one.id, one]))
  let { delivered, gone } = carried ?? { delivered: 0, gone: 0 }
  const asked = { now: false }

  const remove = (entry: Entry): void => void queue.splice(queue.indexOf(entry), 1)
  const full = (): boolean => workflowInfo().continueAsNewSuggested
  const told = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : [`- ${title}: ${lines.slice(0, SHOWN).map(code).join(', ')}${lines.length > SHOWN ? ` and ${lines.length - SHOWN} more` : ''}`]
  const also = (): string[] => [
    ...told(
      'then',
      queue.slice(1).map(({ input }) => input.title),
    ),
    ...told(
      'not delivered',
      [...failed.values()].map(({ title }) => title),
    ),
  ]

  let first: Entry | undefined
  const hooks: SendingHooks = { asked, leave: () => queue[0] !== first || queue.length > QUEUE_MAX || full(), also }

  setHandler(notifySignal, ({ order, again = false, ...input }) => {
    const known = queue.some(entry => entry.input.id === input.id)
    // One that waits keeps its place; so that its turn comes, the first is tried at once.
    if (known && again) asked.now = true
    if (known) return
    const at = queue.findIndex(entry => entry.order > order)
    queue.splice(at === -1 ? queue.length : at, 0, { input, order, again, known: false, number: 1, total: 0 })
    hooks.show?.()
  })
  setHandler(sendNowSignal, () => {
    asked.now = true
  })

  async function sendFirst(entry: Entry): Promise<void> {
    if (!entry.known) {
      entry.known = true
      // A worker that was thought dead may bring one that is over.
      if ((await log.beginNotification(entry.input.id, entry.again)) === 'over') return remove(entry)
      if (queue[0] !== entry) return
    }
    const status = await deliver(entry, hooks)
    if (status === 'left') return
    remove(entry)
    failed.delete(entry.input.id)
    if (status === 'Delivered') delivered++
    else if (status === 'Gone') gone++
    else failed.set(entry.input.id, { id: entry.input.id, title: entry.input.title, reason: failureOf(entry) })
  }

  async function refuseLast(): Promise<void> {
    const [last] = queue.splice(-1)
    if (last === undefined) return
    const error = `${QUEUE_MAX} others of this installation wait already`
    await log.noteNotification(last.input.id, 'Failed', { at: Date.now(), durationMs: 0, error })
    failed.set(last.input.id, { id: last.input.id, title: last.input.title, reason: error })
  }

  function goOnAnew(): Promise<never> {
    if (asked.now && first?.due !== undefined) {
      delete first.due
      first.number = 1
    }
    const standing: InstallationQueue = { queue, failed: [...failed.values()].slice(-SHOWN), delivered, gone }
    return makeContinueAsNewFunc<typeof installationNotifications>()({ carried: standing })
  }

  try {
    for ([first] = queue; first !== undefined; [first] = queue) {
      if (queue.length > QUEUE_MAX) await refuseLast()
      else if (full()) await goOnAnew()
      else await sendFirst(first)
    }
  } catch (error) {
    // An operator cancelled it: what waits is not sent any more.
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(async () => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) await log.noteNotification(one.input.id, 'Failed', null)
      })
    }
    throw error
  }
  if (failed.size > 0) {
    const [{ title, reason } = { title: '', reason: '' }, ...more] = failed.values()
    throw ApplicationFailure.nonRetryable(`${title}: ${reason}${more.length === 0 ? '' : ` (and ${more.length} more)`}`, 'notificationFailed')
  }
  return { delivered, gone }
}

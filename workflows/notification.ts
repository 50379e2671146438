/** Sends one notification until it is taken, its receiver wants no more, or the schedule is over (marketplace.md 2). */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineSignal,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow'
import type { NotificationActivities, NotificationLogActivities } from '../activities/contract.ts'
import { outcomeOf, toldOf } from '../domain/notification.ts'
import { SEND_NOW, type NotificationInput, type NotificationResult, type NotificationStatus, type NotificationTry } from './messages.ts'

const sendNowSignal = defineSignal(SEND_NOW)

const RETRY = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' } as const
const log = proxyLocalActivities<NotificationLogActivities>({ startToCloseTimeout: '10s', retry: RETRY })
/** Over the try's own 15 s, so that it ends itself. */
const SEND_TIMEOUT = '25s'
/** Each wait is up to that much longer, so that those of one outage do not come back together. */
const JITTER = 0.2

/** Fails with the type `notificationFailed` after the last try, and says why that one failed. */
export async function notification(input: NotificationInput): Promise<NotificationResult> {
  const { retries, ...message } = input
  const tries = retries.length + 1
  let asked = false
  let last: NotificationTry | undefined
  setHandler(sendNowSignal, () => {
    asked = true
  })

  const send = async (number: number): Promise<NotificationTry> => {
    const summary = `Try ${number} of ${tries}`
    const options = { startToCloseTimeout: SEND_TIMEOUT, heartbeatTimeout: '5s', retry: RETRY, summary } as const
    return proxyActivities<NotificationActivities>(options).sendNotification(message)
  }

  try {
    for (let number = 1, total = 1; ; number++, total++) {
      asked = false
      show(input, 'Pending', last, `Try ${number} of ${tries} is under way`)
      last = await send(number)
      const outcome = outcomeOf(last)
      if (outcome !== 'failed') {
        const status = outcome === 'gone' ? 'Gone' : 'Delivered'
        await log.noteNotification(message.id, status, last)
        show(input, status, last, `${total} ${total === 1 ? 'try' : 'tries'}`)
        return { status, tries: total }
      }
      const delay = retries[number - 1]
      await log.noteNotification(message.id, delay === undefined && !asked ? 'Failed' : 'Pending', last)
      if (delay !== undefined) {
        const ms = Math.round(delay * (1 + Math.random() * JITTER))
        const next = `Try ${number + 1} of ${tries}`
        show(input, 'Pending', last, `${next} at ${instant(Date.now() + ms)}; signal \`${SEND_NOW}\` makes it at once`)
        await condition(() => asked, ms, { summary: `Until ${next.toLowerCase()}` })
      } else if (!asked) {
        show(input, 'Failed', last, `All ${tries} tries failed`)
        throw ApplicationFailure.nonRetryable(`Not delivered to ${input.url} in ${tries} tries; the last: ${toldOf(last)}`, 'notificationFailed')
      }
      if (asked) number = 0
    }
  } catch (error) {
    // An operator cancelled it: nothing is sent any more.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => log.noteNotification(message.id, 'Failed', null))
    throw error
  }
}

const instant = (ms: number): string => new Date(ms).toISOString()

/** Markdown: what is sent where, which try, why the last one failed (operations.md 5). */
function show(input: NotificationInput, status: NotificationStatus, last: NotificationTry | undefined, step: string): void {
  const lines = [`**${status}**: ${step}`, `- sends ${code(input.title)} to ${code(input.url)}`]
  if (last !== undefined) lines.push(`- last try at ${instant(last.at)}, ${last.durationMs} ms: ${code(toldOf(last))}`)
  setCurrentDetails(lines.join('\n'))
}

const code = (text: string): string => `\`${text.replaceAll('`', "'")}\``

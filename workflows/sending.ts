/** The tries of one notification on their schedule (marketplace.md 2): what the workflows that send have in common. */
import { condition, proxyActivities, proxyLocalActivities, setCurrentDetails } from '@temporalio/workflow'
import type { NotificationActivities, NotificationLogActivities } from '../activities/contract.ts'
import { outcomeOf, toldOf } from '../domain/notification.ts'
import { code } from './markdown.ts'
import type { Sending } from './messages-installation.ts'
import { SEND_NOW, type NotificationInput, type NotificationStatus, type NotificationTry } from './messages.ts'

const RETRY = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' } as const
export const log = proxyLocalActivities<NotificationLogActivities>({ startToCloseTimeout: '10s', retry: RETRY })
/** Over the try's own 15 s, so that it ends itself. */
const SEND_TIMEOUT = '25s'
/** Each wait is up to that much longer, so that those of one outage do not come back together. */
const JITTER = 0.2

export interface SendingHooks {
  /** `now`: somebody asked for a try at once, and that the schedule begin anew. Taken back when a try begins. */
  readonly asked: { now: boolean }
  /** Whether the wait for the next try is to be left: something else comes first. */
  leave(): boolean
  /** Lines for operators behind what is told of this one; `show` tells it anew when they changed. */
  also(): readonly string[]
  show?(): void
}

/** Tries until it is taken, its receiver wants no more, or the schedule is over; `left` at a wait that the hooks leave: call it again later. */
export async function deliver(sending: Sending, hooks: SendingHooks): Promise<Exclude<NotificationStatus, 'Pending'> | 'left'> {
  const { retries, ...message } = sending.input
  const { asked } = hooks
  const tries = retries.length + 1
  const tell = (status: NotificationStatus, step: string): void => {
    hooks.show = () => show(sending, status, step, hooks.also())
    hooks.show()
  }

  for (;;) {
    if (sending.due !== undefined) {
      const next = `Try ${sending.number} of ${tries}`
      tell('Pending', `${next} at ${instant(sending.due)}; signal \`${SEND_NOW}\` makes it at once`)
      const ms = Math.max(sending.due - Date.now(), 0)
      const woken = await condition(() => asked.now || hooks.leave(), ms, { summary: `Until ${next.toLowerCase()}` })
      if (asked.now) sending.number = 1
      else if (woken) return 'left'
      delete sending.due
    }
    asked.now = false
    tell('Pending', `Try ${sending.number} of ${tries} is under way`)
    const attempt = await send(message, `Try ${sending.number} of ${tries}`)
    sending.last = attempt
    sending.total++
    const outcome = outcomeOf(attempt)
    if (outcome !== 'failed') {
      const status = outcome === 'gone' ? 'Gone' : 'Delivered'
      await log.noteNotification(message.id, status, attempt)
      tell(status, `${sending.total} ${sending.total === 1 ? 'try' : 'tries'}`)
      return status
    }
    const delay = retries[sending.number - 1]
    await log.noteNotification(message.id, delay === undefined && !asked.now ? 'Failed' : 'Pending', attempt)
    if (delay !== undefined) {
      sending.number++
      sending.due = Date.now() + Math.round(delay * (1 + Math.random() * JITTER))
    } else if (asked.now) {
      sending.number = 1
    } else {
      tell('Failed', `All ${tries} tries failed`)
      return 'Failed'
    }
  }
}

function send(message: Omit<NotificationInput, 'retries'>, summary: string): Promise<NotificationTry> {
  const options = { startToCloseTimeout: SEND_TIMEOUT, heartbeatTimeout: '5s', retry: RETRY, summary } as const
  return proxyActivities<NotificationActivities>(options).sendNotification(message)
}

/** Why one that failed did, in one line. */
export function failureOf({ input, last }: Sending): string {
  const tries = input.retries.length + 1
  return `Not delivered to ${input.url} in ${tries} tries; the last: ${last === undefined ? 'none was made' : toldOf(last)}`
}

const instant = (ms: number): string => new Date(ms).toISOString()

/** Markdown: what is sent where, which try, why the last one failed (operations.md 5). */
function show({ input, last }: Sending, status: NotificationStatus, step: string, also: readonly string[]): void {
  const lines = [`**${status}**: ${step}`, `- sends ${code(input.title)} to ${code(input.url)}`]
  if (last !== undefined) lines.push(`- last try at ${instant(last.at)}, ${last.durationMs} ms: ${code(toldOf(last))}`)
  setCurrentDetails([...lines, ...also].join('\n'))
}

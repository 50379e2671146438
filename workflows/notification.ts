/** Sends one notification until it is taken, its receiver wants no more, or the schedule is over (marketplace.md 2). */
import { ApplicationFailure, CancellationScope, defineSignal, isCancellation, setHandler } from '@temporalio/workflow'
import type { Sending } from './messages-installation.ts'
import { SEND_NOW, type NotificationInput, type NotificationResult } from './messages.ts'
import { deliver, failureOf, log } from './sending.ts'

const sendNowSignal = defineSignal(SEND_NOW)

/** Fails with the type `notificationFailed` after the last try, and says why that one failed. */
export async function notification(input: NotificationInput): Promise<NotificationResult> {
  const asked = { now: false }
  setHandler(sendNowSignal, () => {
    asked.now = true
  })
  const sending: Sending = { input, number: 1, total: 0 }
  try {
    const status = await deliver(sending, { asked, leave: () => false, also: () => [] })
    if (status === 'Delivered' || status === 'Gone') return { status, tries: sending.total }
    throw ApplicationFailure.nonRetryable(failureOf(sending), 'notificationFailed')
  } catch (error) {
    // An operator cancelled it: nothing is sent any more.
    if (isCancellation(error)) await CancellationScope.nonCancellable(() => log.noteNotification(input.id, 'Failed', null))
    throw error
  }
}

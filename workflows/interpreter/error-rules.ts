/** What a step's error leads to (cycles.md 5): another try after a pause, the next step, or the end of the run. Pure. */
import type { CycleDocument, RequestStep, Step } from '../../domain/document.ts'
import { parseDuration } from '../../domain/duration.ts'
import type { StepError } from '../../domain/errors.ts'
import type { Retry } from '../messages.ts'

const MINUTE = 60_000
/** Each from the previous try; the last one stands for all that follow. */
const RETRY_DELAYS = [5, 35, 95, 275, 635].map(minutes => minutes * MINUTE)
const MAX_RETRIES = 5
/** For a 429 or 503 that does not say when to come again; then it is an error. */
const THROTTLED_DELAYS = [1, 1, 3, 7, 15, 30].map(minutes => minutes * MINUTE)
/** The least pause: a `Retry-After: 0` must not make a loop without a breath. */
const LEAST_PAUSE = 1_000

export type Verdict =
  | { readonly kind: 'retry'; readonly retry: Retry; readonly told: string }
  | { readonly kind: 'ignore' }
  | { readonly kind: 'fail'; readonly outOfRetries: boolean; readonly stopCycle: boolean }

/** `before`: the pause before the try that failed. `lastsUntil`: when the transaction is removed; no wait goes beyond it. All times in ms since the epoch. */
export function verdictOf(step: Step, document: CycleDocument, error: StepError, before: Retry | undefined, now: number, lastsUntil: number): Verdict {
  const { tries = 0, waits = 0, failed = 0 } = before ?? {}
  const again = (delay: number, counts: Pick<Retry, 'tries' | 'waits'>, told: string): Verdict => {
    const at = now + Math.max(delay, LEAST_PAUSE)
    return {
      kind: 'retry',
      retry: { at, ...counts, failed: failed + 1, code: error.code, detail: error.detail },
      told: `${told}: the next try is at ${new Date(at).toISOString()}`,
    }
  }
  const { throttled } = error.answer
  if (throttled !== undefined) {
    const delay = throttled.afterMs ?? THROTTLED_DELAYS[waits]
    if (delay !== undefined && now + delay <= lastsUntil)
      return again(
        delay,
        { tries, waits: throttled.afterMs === undefined ? waits + 1 : waits },
        throttled.afterMs === undefined ? `Wait ${waits + 1}` : 'Retry-After',
      )
  }
  const settings = document.settings ?? {}
  const own: Pick<RequestStep, 'onError' | 'maxRetries' | 'retryDelays'> = step.type === 'request' || step.type === 'method' ? step : {}
  const rule = own.onError ?? settings.onStepError ?? 'stopTransaction'
  if (rule === 'ignore') return { kind: 'ignore' }
  if (rule !== 'retry') return { kind: 'fail', outOfRetries: false, stopCycle: rule === 'stopCycle' }
  const most = own.maxRetries ?? settings.maxRetries ?? MAX_RETRIES
  if (tries >= most) return { kind: 'fail', outOfRetries: true, stopCycle: false }
  const delays = (own.retryDelays ?? settings.retryDelays)?.map(text => parseDuration(text) ?? 0) ?? RETRY_DELAYS
  return again(delays[Math.min(tries, delays.length - 1)] ?? 0, { tries: tries + 1, waits }, `Retry ${tries + 1} of ${most}`)
}

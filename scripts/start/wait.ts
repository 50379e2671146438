import { setTimeout as sleep } from 'node:timers/promises'

/** Tries until it is true; gives the last reason where it is not within the time, or where it was stopped. */
export async function waitFor(attempt: () => Promise<boolean>, timeoutMs: number, stopped: () => boolean = () => false): Promise<string | undefined> {
  const until = Date.now() + timeoutMs
  let reason = 'not in time'
  while (Date.now() < until) {
    if (stopped()) return 'stopped'
    try {
      if (await attempt()) return undefined
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error)
    }
    await sleep(100)
  }
  return reason
}

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
      reason = reasonOf(error)
    }
    await sleep(100)
  }
  return reason
}

/** ioredis tells of a connection that it cannot make only that it tried. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.name === 'MaxRetriesPerRequestError' ? 'it cannot be reached' : error.message
}

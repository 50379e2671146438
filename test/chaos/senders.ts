import { setTimeout as sleep } from 'node:timers/promises'
import type { PostOptions, TestCycle, WebhookReply } from '../support/client.ts'

/** A sender as webhooks.md 5 wants it: it repeats with the same key until it is answered 2xx; everything else is "not yet". */
export async function insist(cycle: TestCycle, body: unknown, options: PostOptions & { readonly step?: string; readonly key: string }): Promise<WebhookReply> {
  const deadline = performance.now() + 150_000
  for (let pause = 50; ; pause = Math.min(pause * 2, 1_000)) {
    try {
      const reply = await cycle.post(body, { timeoutMs: 60_000, ...options })
      if (reply.status < 300) return reply
      if (![429, 503, 504].includes(reply.status)) throw new Error(`refused: ${reply.status} ${reply.body}`)
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('refused')) throw error
    }
    if (performance.now() > deadline) throw new Error(`no answer for ${options.key}`)
    await sleep(pause)
  }
}

/** Runs `work` for each number below `count`, at most `width` at once. */
export async function inParallel<T>(count: number, width: number, work: (n: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  let next = 0
  const lane = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) results[n] = await work(n)
  }
  await Promise.all(Array.from({ length: width }, lane))
  return results
}

/** A size from the environment: the bracketed ones are the defaults. */
export const sizeOf = (name: string, fallback: number): number => Number(process.env[name] ?? fallback)

import { Redis } from 'ioredis'
import { inject } from 'vitest'

/** A database of its own in the run's shared Redis: its URL, and a client on it that the caller quits. */
export async function freshRedis(): Promise<{ readonly url: string; readonly client: Redis }> {
  const base = inject('redisUrl')
  const counter = new Redis(base)
  const n = await counter.incr('test:databases')
  await counter.quit()
  const url = `${base}/${n % 4000}`
  const client = new Redis(url)
  await client.flushdb()
  return { url, client }
}

/** Announcements: hints that something changed. They can be lost; who waits looks again each second. */
import type { Redis } from 'ioredis'

export interface InboxChannels {
  /** Calls `listener` with each message of a channel until the returned function is called. */
  listen(channel: string, listener: (message: string) => void): () => void
  close(): void
}

/** `redis`: its options serve for a connection of its own, made at the first `listen`. */
export function createInboxChannels(redis: Redis): InboxChannels {
  const listeners = new Map<string, Set<(message: string) => void>>()
  let subscriber: Redis | undefined

  function connect(): Redis {
    const connection = redis.duplicate({ enableAutoPipelining: false, maxRetriesPerRequest: null })
    connection.on('error', () => undefined)
    connection.on('message', (channel: string, message: string) => {
      for (const listener of listeners.get(channel) ?? []) listener(message)
    })
    return connection
  }

  return {
    listen(channel, listener) {
      subscriber ??= connect()
      const found = listeners.get(channel)
      if (found === undefined) {
        listeners.set(channel, new Set([listener]))
        // Fails while Redis is away: the client subscribes again by itself what it once subscribed, and the rest is polled.
        subscriber.subscribe(channel).catch(() => undefined)
      } else found.add(listener)
      return () => {
        const all = listeners.get(channel)
        if (all?.delete(listener) !== true || all.size > 0) return
        listeners.delete(channel)
        subscriber?.unsubscribe(channel).catch(() => undefined)
      }
    },
    close() {
      subscriber?.disconnect()
    },
  }
}

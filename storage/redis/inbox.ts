/** The inbox in Redis. */
import type { Redis } from 'ioredis'
import type { Inbox, InboxOptions } from '../inbox.ts'
import { inboxAccept } from './inbox-accept.ts'
import { createInboxChannels } from './inbox-channels.ts'
import { inboxControl } from './inbox-control.ts'
import { inboxDispatch } from './inbox-dispatch.ts'
import { inboxRebuild } from './inbox-rebuild.ts'
import { inboxSchedule } from './inbox-schedule.ts'
import { createInboxScripts } from './inbox-scripts.ts'
import { inboxTransaction } from './inbox-transaction.ts'
import { inboxUpkeep } from './inbox-upkeep.ts'

/** How long Redis may take to answer (ms): a hung one is a 503 within 10 s (webhooks.md 2). */
const COMMAND_TIMEOUT = 5_000

export interface InboxDeps {
  /** Connections of the inbox's own are made with its options; the caller keeps and closes this one. */
  readonly redis: Redis
  readonly options: InboxOptions
  /** Replaces Redis's clock, in ms: for tests. */
  readonly clock?: () => number
}

/** `close` breaks the inbox's connections: call it when nothing uses the inbox any more. */
export function createInbox(deps: InboxDeps): Inbox & { close(): Promise<void> } {
  const commands = deps.redis.duplicate({ enableAutoPipelining: true, commandTimeout: COMMAND_TIMEOUT, maxRetriesPerRequest: 0 })
  commands.on('error', () => undefined)
  let popping: Redis | undefined
  const blocking = (): Redis => {
    if (popping === undefined) {
      // No `commandTimeout`: it would reject pops that merely wait. A silent connection is found by its socket timeout.
      const { commandTimeout: _none, ...options } = deps.redis.options
      popping = deps.redis.duplicate({ ...options, enableAutoPipelining: false })
      popping.options.commandTimeout = undefined
      popping.on('error', () => undefined)
    }
    return popping
  }
  const channels = createInboxChannels(deps.redis)
  const run = createInboxScripts(commands, deps.options, deps.clock)
  return {
    ...inboxAccept(run, channels),
    ...inboxTransaction(run),
    ...inboxDispatch(run, channels, blocking),
    ...inboxSchedule(run),
    ...inboxUpkeep(run),
    ...inboxControl(run, channels),
    ...inboxRebuild(run),
    close() {
      channels.close()
      popping?.disconnect()
      commands.disconnect()
      return Promise.resolve()
    },
  }
}

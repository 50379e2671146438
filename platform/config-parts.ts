/** What parts of both processes are made with, from the configuration: the same in each. */
import type { Config } from './config.ts'

/** Answers over this are cut off (operations.md 4). */
const HTTP_MAX_BYTES = 10 * 1024 * 1024

/** Of the inbox. */
export const inboxOptions = (config: Config) => ({
  stoppedQueueTtlMs: config.stoppedQueueTtl,
  retentionMs: config.retentionMax,
  inboxLimit: config.inboxLimit,
  inboxBytes: config.inboxBytes,
  inboxTotalBytes: config.inboxTotalBytes,
})

/** Which addresses may be called (operations.md 4). */
export const addressRules = (config: Config) => ({
  allowPrivateAddresses: config.allowPrivateAddresses,
  allowedAddresses: [...config.allowedAddresses],
})

/** Of calls of other systems. */
export const callerOptions = (config: Config) => ({
  ...addressRules(config),
  maxBytes: HTTP_MAX_BYTES,
  maxDepth: config.maxDepth,
  maxValues: config.maxValues,
  userAgent: 'Flywheel',
})

/** Of the sandbox of scripts. */
export const scriptingOptions = (config: Config) => ({ timeoutMs: config.scriptTimeout, memoryBytes: 64 * 1024 * 1024 })

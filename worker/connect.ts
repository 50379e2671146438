/** The worker's connection to Temporal, once there is one (operations.md 1 and 3). */
import { Connection } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import type { Config } from '../platform/config.ts'
import type { Logger } from '../platform/logger.ts'
import { ensureNamespace, temporalOptions } from '../platform/temporal.ts'
import { patiently } from '../platform/waiting.ts'
import { SEARCH_ATTRIBUTES } from '../workflows/messages.ts'
import { connectNative } from './temporal-worker.ts'

const PREPARE_MS = 30_000

/** A connection to Temporal whose namespace has all that the workflows use. */
export function awaitTemporal(config: Config, logger: Logger, signal: AbortSignal): Promise<NativeConnection> {
  return patiently(`Temporal at ${config.temporalAddress}`, logger, signal, async () => {
    const connection = await Connection.connect({ ...temporalOptions(config), connectTimeout: '5s' })
    try {
      await connection.withDeadline(Date.now() + PREPARE_MS, () => ensureNamespace(connection, config, SEARCH_ATTRIBUTES))
    } finally {
      await connection.close()
    }
    return connectNative(config)
  })
}

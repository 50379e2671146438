/** Starts the workflows of operations on packages where the api could not, and again those that were lost before their operation had ended (marketplace.md 2). */
import { batchesOf } from '../domain/batches.ts'
import type { Logger } from '../platform/logger.ts'
import type { Registry } from '../storage/registry.ts'
import { packageInput } from '../workflows/messages-package.ts'
import type { OutboxPass } from './outbox.ts'
import type { TemporalPorts } from './temporal-ports.ts'

export interface PackageStartDeps {
  readonly registry: { readonly accounts: Pick<Registry['accounts'], 'get'>; readonly operations: Pick<Registry['operations'], 'due' | 'started'> }
  readonly temporal: Pick<TemporalPorts, 'operatePackage'>
  readonly logger: Logger
}

const BATCH = 100
const AT_ONCE = 10

/** A pass over one partition, until nothing is due, Temporal does not answer, or its signal is aborted. */
export function createPackageStarts({ registry, temporal, logger }: PackageStartDeps): OutboxPass {
  async function start({ account: id, id: operationId, operation }: Awaited<ReturnType<Registry['operations']['due']>>[number]): Promise<boolean> {
    const account = await registry.accounts.get(id)
    if (account !== undefined) {
      const { outcome, reason } = await temporal.operatePackage(packageInput(account, operationId, operation))
      if (outcome === 'later') return false
      if (outcome === 'refused') logger.error({ account: id, operation: operationId, reason }, 'Temporal refused to start an operation on a package')
    }
    await registry.operations.started({ account: id, id: operationId })
    return true
  }

  return async (partition, signal) => {
    for (;;) {
      const due = await registry.operations.due(partition, BATCH)
      for (const batch of batchesOf(due, AT_ONCE)) {
        const done = await Promise.all(batch.map(start))
        if (done.includes(false) || signal.aborted) return
      }
      if (due.length < BATCH) return
    }
  }
}

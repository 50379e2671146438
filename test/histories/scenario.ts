import type { WorkflowHandle } from '@temporalio/client'
import type { Rig } from '../workflows/real.ts'

export interface Scenario {
  readonly name: string
  /** Runs it; resolves when its history is worth keeping. */
  play(rig: Rig): Promise<WorkflowHandle>
}

/** Waits for the end, whatever it is. */
export async function ended(handle: WorkflowHandle): Promise<WorkflowHandle> {
  await handle.result().catch(() => undefined)
  return handle
}

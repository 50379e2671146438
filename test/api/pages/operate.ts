/** Carries an operation out as its workflow does, with the real activities, so that pages are tested without Temporal. */
import { createPackageActivities } from '../../../activities/package-operations.ts'
import { asAccountId, type CycleId } from '../../../domain/ids.ts'
import { webhookUrl } from '../../../domain/webhook-url.ts'
import { createMetrics } from '../../../platform/metrics.ts'
import type { ApiHarness } from '../harness.ts'
import type { Page } from './browser.ts'

export interface Operate {
  /** One step at a time. */
  readonly install: (cycle: number) => Promise<void>
  /** All of it: with errors it fails, and nothing is left of it. */
  readonly end: (errors?: readonly string[]) => Promise<void>
  readonly cycles: readonly CycleId[]
}

/** `refuses`: why a cycle of that name cannot be started. */
export async function operate(
  { registry, inbox }: ApiHarness,
  account: string,
  page: Pick<Page, 'location'>,
  refuses: { readonly [name: string]: string } = {},
): Promise<Operate> {
  const at = { account: asAccountId(account), operation: /operations\/([\w-]{36})/.exec(page.location)?.[1] ?? '' }
  const operation = await registry.operations.get(at.account, at.operation)
  if (operation === undefined) throw new Error(`no operation at ${page.location}`)
  const activities = createPackageActivities({
    registry,
    inbox,
    guard: { look: async () => 'there' },
    prerequisites: async () => [],
    async activate(place) {
      const reason = refuses[(await registry.cycles.get(place))?.document.name ?? '']
      if (reason !== undefined) return { outcome: 'missing', prerequisites: [{ reasonCode: 'connector', reason, objectType: '', objectId: '', path: '' }] }
      await inbox.activate(place)
      return { outcome: 'active' }
    },
    webhookUrl: identifier => webhookUrl('http://hooks.example', identifier),
    metrics: createMetrics('worker'),
    runtime: () => ({ heartbeat: () => undefined, runId: '', signal: new AbortController().signal, attempt: 1 }),
  })
  const cycles = operation.cycles.map(({ cycleId }) => cycleId)
  return {
    cycles,
    async install(cycle) {
      const id = cycles[cycle]
      if (id !== undefined) await activities.installCycle(at, id)
    },
    async end(failed = []) {
      const errors: string[] = []
      if (failed.length > 0) return void (await activities.finishOperation(at, { status: 'Failed', errors: failed }))
      if (operation.kind === 'install') for (const cycle of cycles) await activities.installCycle(at, cycle)
      if (operation.kind === 'start' || (operation.kind === 'install' && operation.autoStart))
        for (const cycle of cycles) errors.push(...(await activities.startCycle(at, cycle, true)))
      if (operation.kind === 'stop') for (const cycle of cycles) await inbox.deactivate({ account: at.account, cycle })
      if (operation.kind === 'uninstall') for (const cycle of cycles) await activities.removeCycle(at, cycle)
      await activities.finishOperation(at, { status: 'Completed', errors })
    },
  }
}

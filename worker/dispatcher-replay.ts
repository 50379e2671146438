/** The replay after an activation: what was queued is registered again under today's document, in batches (cycles.md 6). */
import type { TriggerData, WebhookData } from '../domain/document.ts'
import { parseDuration } from '../domain/duration.ts'
import { stepById, triggerOf } from '../domain/graph.ts'
import { requestValue, triggerValues } from '../domain/match.ts'
import { isScheduled } from '../domain/schedule.ts'
import type { CachedCycle } from '../storage/cycle-cache.ts'
import type { InboxDispatch, Replayed, ReplayEntry, Turn } from '../storage/inbox.ts'
import { acceptedRoots } from './accepted-roots.ts'

const BATCH = 200
/** `earlyArrivalWindow` where the step has none (webhooks.md 6). */
const DEFAULT_WINDOW = '1m'

/** What today's document says of one entry. */
export function replayed(entry: ReplayEntry, cycle: CachedCycle, publicUrl: string): Replayed {
  const { document } = cycle
  if (entry.kind === 'start') {
    const data: TriggerData = JSON.parse(entry.data)
    const trigger = triggerOf(document)
    // A webhook that has become a schedule, or the other way round, is another step.
    if (trigger.id !== entry.stepId || (trigger.type === 'schedule') !== isScheduled(data)) return { id: entry.id, gone: true }
    return { id: entry.id, gone: false, values: triggerValues(document, data, acceptedRoots(publicUrl)(cycle, entry.transaction)) }
  }
  const data: WebhookData = JSON.parse(entry.data)
  const step = stepById(document, entry.stepId)
  if (step?.type !== 'webhook' || step.match === undefined) return { id: entry.id, gone: true }
  return { id: entry.id, gone: false, value: requestValue(step, data), window: parseDuration(step.earlyArrivalWindow ?? DEFAULT_WINDOW) ?? 0 }
}

/** Replays until it has caught up, or the turn was lost (then nothing is read any more). */
export async function replay(inbox: Pick<InboxDispatch, 'readReplay' | 'applyReplay'>, turn: Turn, cycle: CachedCycle, publicUrl: string): Promise<void> {
  for (;;) {
    const entries = await inbox.readReplay(turn, BATCH)
    if (entries.length === 0) return
    await inbox.applyReplay(
      turn,
      entries.map(entry => replayed(entry, cycle, publicUrl)),
    )
  }
}

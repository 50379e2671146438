/**
 * What keeps the inboxes whole, each second over the partitions that this worker looks after: the sweep, questions to Temporal about
 * members that were silent, stops, deletes and changes of schedules that are to be carried out, notices that become incidents
 * (protocol.md, Sweep), the outbox of notifications, and operations on packages; and what is past its retention goes.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { batchesOf, inBatches } from '../domain/batches.ts'
import { stepErrors } from '../domain/errors.ts'
import type { Logger } from '../platform/logger.ts'
import type { BlobStore } from '../storage/blobs.ts'
import type { InboxUpkeep, Notice, Removal } from '../storage/inbox-upkeep.ts'
import { PARTITIONS } from '../storage/keys.ts'
import type { Incidents } from '../storage/registry.ts'
import { transactionWorkflowId, type Incident } from '../workflows/messages.ts'
import type { OutboxPass } from './outbox.ts'
import type { TemporalPorts } from './temporal-ports.ts'

export interface UpkeepDeps {
  readonly inbox: InboxUpkeep
  readonly incidents: Pick<Incidents, 'add'>
  readonly temporal: Pick<TemporalPorts, 'describe' | 'operate' | 'itemsEnded' | 'remove'>
  /** What lies beside Temporal of a workflow's data. */
  readonly blobs: Pick<BlobStore, 'renew' | 'delete'>
  readonly outbox: OutboxPass
  /** Starts operations on packages. */
  readonly packages: OutboxPass
  /** Orders the end of subscriptions of cycles that stand still. */
  readonly subscriptions: OutboxPass
  readonly workerId: string
  readonly logger: Logger
}

export interface Upkeep {
  run(signal: AbortSignal): Promise<void>
  /** Sweep, controls, notices and wakes of one partition, whoever looks after it. */
  pass(partition: number): Promise<void>
  /** One round of questions to Temporal about one partition's transactions. */
  ask(partition: number): Promise<void>
  /** Takes away what is left of one partition's transactions past their retention. */
  remove(partition: number, signal?: AbortSignal): Promise<void>
}

const EACH = 1_000
const CONTROLS = 100
const NOTICES = 200
const WAKES = 100
const ASKED = 100
const REMOVED = 100
const AT_ONCE = 10

const { sourceNotFound, triggerSkipped } = stepErrors

/** The incident that a notice becomes, and the transaction that it is about. */
function incidentOf({ kind, at, stepId, request, transaction }: Notice): { readonly incident: Incident; readonly transaction: Notice['transaction'] } {
  const base = { at, stepId }
  switch (kind) {
    case 'unmatched': {
      const detail = `A request matched no transaction that can take it (request ${request})`
      return { incident: { ...base, level: 'Warning', message: sourceNotFound.message, detail }, transaction }
    }
    case 'stepGone': {
      const detail = `What was queued for this step was dropped: the cycle has it no more (request ${request})`
      return { incident: { ...base, level: transaction === undefined ? 'Warning' : 'Error', message: sourceNotFound.message, detail }, transaction }
    }
    case 'triggerSkipped': {
      const detail = `The run that fell due at ${request} was skipped: the previous one, transaction ${transaction ?? ''}, was still in progress or queued`
      return { incident: { ...base, level: 'Warning', message: triggerSkipped.message, detail }, transaction: undefined }
    }
  }
}

export function createUpkeep(deps: UpkeepDeps): Upkeep {
  const { inbox, temporal, logger } = deps

  async function ask(partition: number): Promise<void> {
    await inBatches(await inbox.toAsk(partition, ASKED), AT_ONCE, async ({ place, transaction, since }) => {
      const found = await temporal.describe(place, transaction)
      if (found === 'open') await deps.blobs.renew(transactionWorkflowId(place.cycle, transaction))
      if (found !== 'open' && found !== 'later') await inbox.answer(place, transaction, since, found)
    })
  }

  /** The record goes last: until then a death, or an hour without Temporal, only means that it is done again. */
  async function remove(partition: number, signal?: AbortSignal): Promise<void> {
    while (signal?.aborted !== true) {
      const due = await inbox.removals(partition, REMOVED)
      for (const batch of batchesOf(due, AT_ONCE)) {
        const gone = await Promise.all(batch.map(removeOne))
        if (gone.includes(false)) return
      }
      if (due.length < REMOVED) return
    }
  }
  async function removeOne({ place, transaction, started }: Removal): Promise<boolean> {
    if (started) {
      if ((await temporal.remove(place, transaction)) === 'later') return false
      await deps.blobs.delete(transactionWorkflowId(place.cycle, transaction))
    }
    await inbox.removed(place, [transaction])
    return true
  }

  async function carryOut(partition: number): Promise<void> {
    const controls = await inbox.controls(partition, CONTROLS)
    const latest = new Map(controls.filter(({ op }) => op === 'schedule').map(control => [control.place.cycle, control]))
    for (const control of controls) {
      const { place, op, epoch } = control
      // A schedule follows the state as it is then: a later change makes an earlier one needless.
      if (op === 'schedule' && latest.get(place.cycle) !== control) {
        await inbox.controlDone(control)
        continue
      }
      const { outcome, reason } = await temporal.operate({ ...place, op, epoch })
      if (outcome === 'later') return
      if (outcome === 'refused')
        logger.error({ ...place, op, reason }, 'Temporal refused to carry out a stop, a delete, a change of a schedule or the end of subscriptions')
      await inbox.controlDone(control)
    }
  }

  async function tell(partition: number): Promise<void> {
    const notices = await inbox.notices(partition, NOTICES)
    for (const notice of notices) {
      const { place, kind, request, stepId } = notice
      const { incident, transaction } = incidentOf(notice)
      logger.info({ ...place, transaction, stepId, request, kind }, incident.detail)
      await deps.incidents.add(place, incident, transaction)
    }
    await inbox.noticesDone(partition, notices)
  }

  /** An item tells its parent itself; this is for where it could not. */
  async function wake(partition: number): Promise<void> {
    for (const due of await inbox.wakes(partition, WAKES)) {
      if ((await temporal.itemsEnded(due.place, due.transaction, due.split)) === 'later') return
      await inbox.woken(due)
    }
  }

  async function pass(partition: number): Promise<void> {
    await inbox.sweep(partition)
    await Promise.all([carryOut(partition), tell(partition), wake(partition)])
  }

  return {
    pass,
    ask,
    remove,
    async run(signal) {
      // Questions and starts may take long while Temporal is slow: they go on beside the rest.
      const works = [pass, ask, remove, deps.outbox, deps.packages, deps.subscriptions].map(work => ({ work, running: new Map<number, Promise<void>>() }))
      let told = false
      const look = async (partition: number, work: OutboxPass, kept: Promise<boolean>): Promise<void> => {
        try {
          if (await kept) await work(partition, signal)
          told = false
        } catch (error) {
          if (!told) logger.warn({ err: error }, 'The inboxes cannot be looked after; trying again')
          told = true
        }
      }
      while (!signal.aborted) {
        for (let p = 0; p < PARTITIONS; p++) {
          const idle = works.filter(({ running }) => !running.has(p))
          if (idle.length === 0) continue
          const kept = inbox.keep(p, deps.workerId)
          for (const { work, running } of idle)
            running.set(
              p,
              look(p, work, kept).finally(() => running.delete(p)),
            )
        }
        await sleep(EACH, undefined, { signal }).catch(() => undefined)
      }
      await Promise.all(works.flatMap(({ running }) => [...running.values()]))
    },
  }
}

import { asTransactionId } from '../../domain/ids.ts'
import type { CycleState, TransactionStatus } from '../../domain/states.ts'
import type { CycleStatus, InboxControl, TransactionRecord } from '../inbox.ts'
import { changeChannel, partitionOf } from '../keys.ts'
import * as scripts from '../lua/control.ts'
import * as split from '../lua/items.ts'
import type { InboxChannels } from './inbox-channels.ts'
import { integer, items, optional, text, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

export const STATES: readonly CycleState[] = ['Paused', 'Active', 'Stopping', 'Stopped']
const STATUSES: readonly TransactionStatus[] = ['Queued', 'InProgress', 'Waiting', 'Completed', 'Errored', 'Stopped', 'Dropped']

function record(reply: unknown): TransactionRecord {
  const [id, status, accepted, started, ended, errors, warnings] = items(reply)
  return {
    id: asTransactionId(text(id)),
    status: word(status, ...STATUSES),
    acceptedAt: integer(accepted),
    startedAt: optional(started),
    endedAt: optional(ended),
    errors: integer(errors),
    warnings: integer(warnings),
  }
}

function cycleStatus(reply: unknown): CycleStatus {
  const [state, epoch, version, inProgress, queued, waiting, errors, warnings, unmatched, ignored, oldest] = items(reply)
  return {
    state: word(state, ...STATES),
    epoch: integer(epoch),
    version: integer(version),
    inProgress: integer(inProgress),
    queued: integer(queued),
    waiting: integer(waiting),
    errors: integer(errors),
    warnings: integer(warnings),
    unmatched: integer(unmatched),
    ignored: integer(ignored),
    oldest: optional(oldest),
  }
}

export function inboxControl(run: InboxScripts, channels: InboxChannels): InboxControl {
  const change = (script: string) => async (place: Parameters<InboxControl['activate']>[0]) => word(await run.cycle(script, place), 'done', 'deleted')

  return {
    async create(place, version, { scheduled = false, once = false } = {}) {
      await run.cycle(scripts.create, place, place.account, version, scheduled ? '1' : '', once ? '1' : '')
    },
    activate: change(scripts.activate),
    deactivate: change(scripts.deactivate),
    rest: change(scripts.rest),
    finish: change(scripts.finishQueued),
    delete: change(scripts.remove),
    async edited(place, version) {
      return word(await run.cycle(scripts.edited, place, version), 'done', 'running', 'deleted')
    },
    async status(place) {
      const reply = await run.cycle(scripts.status, place)
      return reply === null ? undefined : cycleStatus(reply)
    },
    async list(place, { status, after, before, limit }) {
      return items(await run.cycle(scripts.list, place, status ?? '', after ?? '', before ?? '', limit)).map(record)
    },
    async transaction(place, id) {
      const reply = await run.cycle(scripts.transaction, place, id)
      return reply === null ? undefined : record(reply)
    },
    async items(place, parent, { after, limit }) {
      return items(await run.cycle(split.items, place, parent, after ?? '', limit)).map(record)
    },
    async limitAccount(account, max) {
      return (await run.partition(scripts.limitAccount, partitionOf(account), account, max ?? '')) === 1
    },
    onEnd: (operation, listener) => channels.listen(changeChannel(operation), listener),
    async stopTransaction(place, id) {
      return word(await run.cycle(scripts.stopTransaction, place, id), 'stopped', 'signal', 'over', 'unknown')
    },
  }
}

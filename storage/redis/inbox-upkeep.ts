import { asAccountId, asCycleId, asTransactionId, type Place } from '../../domain/ids.ts'
import type { Control, InboxUpkeep, Members, Notice, Removal } from '../inbox-upkeep.ts'
import { partitionKey, partitionOf, partitionSuffix } from '../keys.ts'
import * as split from '../lua/items.ts'
import * as scripts from '../lua/upkeep.ts'
import { integer, items, text, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

/** Cycles that one pass of a partition looks at. */
const CYCLES = 200
const PURGED = 500
/** How long a worker looks after a partition (ms); then whoever comes first, so that they take turns. */
const KEPT = 5_000

function fieldsOf(flat: readonly string[]): { readonly [name: string]: string } {
  const fields: { [name: string]: string } = {}
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] ?? ''] = flat[i + 1] ?? ''
  return fields
}

function control(id: string, flat: readonly string[]): Control {
  const f = fieldsOf(flat)
  return {
    id,
    place: { account: asAccountId(f['account'] ?? ''), cycle: asCycleId(f['cycle'] ?? '') },
    op: word(f['op'], 'stop', 'delete', 'schedule', 'unsubscribe'),
    epoch: integer(f['epoch']),
  }
}

function notice(id: string, flat: readonly string[]): Notice {
  const f = fieldsOf(flat)
  return {
    id,
    place: { account: asAccountId(f['account'] ?? ''), cycle: asCycleId(f['cycle'] ?? '') },
    kind: word(f['kind'], 'unmatched', 'stepGone', 'triggerSkipped'),
    ...(f['tx'] === undefined || f['tx'] === '' ? {} : { transaction: asTransactionId(f['tx']) }),
    request: f['rid'] ?? '',
    stepId: f['step'] ?? '',
    at: integer(f['at']),
  }
}

export function inboxUpkeep(run: InboxScripts): InboxUpkeep {
  async function members(kind: 'doomed' | 'everyone', place: Place, from: string, max: number): Promise<Members> {
    const [next, ...found] = items(await run.cycle(scripts.members, place, kind, from, max)).map(text)
    return { transactions: found.map(asTransactionId), next: next === '' ? undefined : next }
  }

  return {
    async keep(partition, worker) {
      const key = partitionKey(partition) + partitionSuffix.keeper
      if ((await run.command(redis => redis.set(key, worker, 'PX', KEPT, 'NX'))) === 'OK') return true
      return (await run.command(redis => redis.get(key))) === worker
    },

    async sweep(partition) {
      for (const key of items(await run.partition(scripts.sweepDue, partition, CYCLES))) await run.cycleAt(scripts.sweepCycle, partition, text(key))
    },

    async toAsk(partition, max) {
      const found = []
      for (const key of items(await run.partition(scripts.askDue, partition, CYCLES))) {
        const [account, cycle, ...asked] = items(await run.cycleAt(scripts.ask, partition, text(key), max))
        if (account === undefined) continue
        const place = { account: asAccountId(text(account)), cycle: asCycleId(text(cycle)) }
        for (const one of asked) {
          const [transaction, since] = items(one)
          found.push({ place, transaction: asTransactionId(text(transaction)), since: integer(since) })
        }
      }
      return found
    },
    async answer(place, transaction, since, found) {
      await run.cycle(scripts.answer, place, transaction, since, found)
    },

    async wakes(partition, max) {
      return items(await run.partition(scripts.wakes, partition, max)).map(reply => {
        const [account = '', cycle = '', transaction = '', name = '', at] = items(reply).map(text)
        return { place: { account: asAccountId(account), cycle: asCycleId(cycle) }, transaction: asTransactionId(transaction), split: name, at: integer(at) }
      })
    },
    async woken({ place, transaction, split: name, at }) {
      await run.cycle(scripts.woken, place, transaction, name, at)
    },
    async runningItems(place, parent, name, from, max) {
      const [next, ...found] = items(await run.cycle(split.runningItems, place, parent, name, from === '' ? 0 : from, max)).map(text)
      return { transactions: found.map(asTransactionId), next: found.length < max ? undefined : next }
    },

    async removals(partition, max) {
      const found: Removal[] = []
      for (const key of items(await run.partition(scripts.removalsDue, partition, CYCLES))) {
        if (found.length >= max) break
        const [account, cycle, ...due] = items(await run.cycleAt(scripts.removals, partition, text(key), max - found.length))
        if (account === undefined) continue
        const place = { account: asAccountId(text(account)), cycle: asCycleId(text(cycle)) }
        for (const one of due) {
          const [transaction, started] = items(one)
          found.push({ place, transaction: asTransactionId(text(transaction)), started: started === 1 })
        }
      }
      return found
    },
    async removed(place, transactions) {
      await run.cycle(scripts.removed, place, ...transactions)
    },

    async controls(partition, max) {
      const found = await run.command(redis => redis.xrange(partitionKey(partition) + partitionSuffix.control, '-', '+', 'COUNT', max))
      return found.map(([id, flat]) => control(id, flat))
    },
    async controlDone({ place, id }) {
      await run.command(redis => redis.xdel(partitionKey(partitionOf(place.account)) + partitionSuffix.control, id))
    },

    async notices(partition, max) {
      const found = await run.command(redis => redis.xrange(partitionKey(partition) + partitionSuffix.notices, '-', '+', 'COUNT', max))
      return found.map(([id, flat]) => notice(id, flat))
    },
    async noticesDone(partition, done) {
      if (done.length > 0) await run.command(redis => redis.xdel(partitionKey(partition) + partitionSuffix.notices, ...done.map(n => n.id)))
    },

    doomed: (place, from, max) => members('doomed', place, from, max),
    everyone: (place, from, max) => members('everyone', place, from, max),
    async purge(place) {
      while ((await run.cycle(scripts.purge, place, PURGED)) === 1);
    },
  }
}

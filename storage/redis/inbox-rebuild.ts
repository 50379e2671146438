import { batchesOf } from '../../domain/batches.ts'
import { asAccountId, asCycleId, asTransactionId, type Place, type TransactionId } from '../../domain/ids.ts'
import { partitionKey, partitionOf, partitionSuffix } from '../keys.ts'
import * as scripts from '../lua/rebuild.ts'
import type { InboxRebuild, OpenTransaction } from '../rebuild.ts'
import { STATES } from './inbox-control.ts'
import { integer, items, text, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

/** Transactions, and entries of the inbox, that one script records. */
const BATCH = 200
/** After this long a stray is asked once more, where nobody noted that it was asked (ms). */
const STRAY_AGAIN = 30_000

const flat = ({ transaction, kind, startedAt, values }: OpenTransaction): (string | number)[] => [
  transaction,
  kind,
  startedAt,
  values.length * 2,
  ...values.flatMap(({ stepId, hash }) => [stepId, hash]),
]

const strayOf = ({ account, cycle }: Place, transaction: TransactionId): string => `${account} ${cycle} ${transaction}`

export function inboxRebuild(run: InboxScripts): InboxRebuild {
  async function entries(place: Place): Promise<void> {
    for (let start = '0', delivery = '0', more = 1; more === 1;) {
      const reply = items(await run.cycle(scripts.rebuildEntries, place, start, delivery, BATCH))
      start = text(reply[0])
      delivery = text(reply[1])
      more = integer(reply[2])
    }
  }

  return {
    async importCycle(place, version, scheduled, { state, stoppedAt, activation, once }) {
      const reply = await run.cycle(scripts.importCycle, place, place.account, version, state, stoppedAt, scheduled ? '1' : '', activation, once ? '1' : '')
      return word(reply, 'made', 'there', 'deleted')
    },
    async standing(place) {
      const reply = await run.cycle(scripts.standing, place)
      if (reply === null) return undefined
      const [state, stoppedAt, activation, once] = items(reply)
      return { state: word(state, ...STATES), stoppedAt: integer(stoppedAt), activation: integer(activation), once: integer(once) === 1 }
    },
    async toRebuild(partition, all) {
      const reply = items(await run.partition(scripts.toRebuild, partition, all ? '1' : ''))
      const places: Place[] = []
      for (let i = 0; i + 1 < reply.length; i += 2) places.push({ account: asAccountId(text(reply[i])), cycle: asCycleId(text(reply[i + 1])) })
      return places
    },
    async beginRebuild(place) {
      await run.cycle(scripts.beginRebuild, place)
    },
    async rebuild(place, transactions) {
      for (const batch of batchesOf(transactions, BATCH)) await run.cycle(scripts.rebuild, place, ...batch.flatMap(flat))
    },
    async endRebuild(place) {
      await entries(place)
      await run.cycle(scripts.endRebuild, place)
    },
    async strays(partition, max) {
      const found = items(await run.partition(scripts.strays, partition, max, STRAY_AGAIN))
      return found.map(one => {
        const [account = '', cycle = '', transaction = ''] = text(one).split(' ')
        return { place: { account: asAccountId(account), cycle: asCycleId(cycle) }, transaction: asTransactionId(transaction) }
      })
    },
    async strayDone(place, transaction) {
      const key = partitionKey(partitionOf(place.account)) + partitionSuffix.strays
      await run.command(redis => redis.zrem(key, strayOf(place, transaction)))
    },
  }
}

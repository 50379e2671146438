import type { Place, TransactionId } from '../../domain/ids.ts'
import type { InboxTransaction, Told } from '../inbox.ts'
import { hashOf } from '../keys.ts'
import * as split from '../lua/items.ts'
import * as scripts from '../lua/transaction.ts'
import { flatValues } from './inbox-accept.ts'
import { integer, items, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

function told<A extends string>(reply: unknown, ...answers: readonly A[]): Told<A> {
  const [answer, wake] = items(reply)
  return { answer: word(answer, ...answers), wake: wake === 1 }
}

const flatIds = (ids: Readonly<Record<string, number>>): (string | number)[] => Object.entries(ids).flat()

export function inboxTransaction(run: InboxScripts): InboxTransaction {
  return {
    async begin(place, transaction, values, startedBy, ran) {
      return word(await run.cycle(scripts.begin, place, transaction, startedBy ?? '', ran ?? '', ...flatValues(values)), 'go', 'stop')
    },
    async resume(place, transaction, stepId, delivery) {
      const reply = items(await run.cycle(scripts.resume, place, transaction, stepId, delivery))
      const answer = word(reply[0], 'go', 'moved', 'stop')
      return answer === 'stop' ? { answer, taken: reply[1] === 1 } : { answer }
    },
    async register(place: Place, transaction: TransactionId, { stepId, value }) {
      const hash = value === undefined ? undefined : hashOf(stepId, value)
      await run.cycle(scripts.register, place, transaction, stepId, hash ?? '')
      return hash
    },
    async check(place, transaction, { status, acceptedAt, values }) {
      return word(await run.cycle(scripts.check, place, transaction, status, acceptedAt, ...flatValues(values)), 'go', 'stop')
    },
    async park(place, transaction, seen) {
      return told(await run.cycle(scripts.park, place, transaction, ...flatIds(seen)), 'parked', 'busy', 'stop')
    },
    async end(place, transaction, consumed, status, retentionMs) {
      const [wake, before] = items(await run.cycle(scripts.finish, place, transaction, status, retentionMs, ...flatIds(consumed)))
      return { wake: wake === 1, before: before === 1 }
    },
    async fail(place, transaction, consumed, retentionMs, asked) {
      return told(await run.cycle(scripts.fail, place, transaction, asked, retentionMs, ...flatIds(consumed)), 'failed', 'stop')
    },
    async revive(place, transaction, asked) {
      return word(await run.cycle(scripts.revive, place, transaction, asked), 'go', 'busy', 'refused', 'stop')
    },
    async beginItem(place, item, parent, _split, values) {
      return word(await run.cycle(split.beginItem, place, item, parent, ...flatValues(values)), 'go', 'stop')
    },
    async awaitItems(place, parent, name, wakeAt) {
      const [completed, errored, stopped] = items(await run.cycle(split.awaitItems, place, parent, name, wakeAt))
      return { completed: integer(completed), errored: integer(errored), stopped: integer(stopped) }
    },
  }
}

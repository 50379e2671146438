import type { Place, TransactionId } from '../../domain/ids.ts'
import type { InboxTransaction } from '../inbox.ts'
import { hashOf } from '../keys.ts'
import * as scripts from '../lua/transaction.ts'
import { flatValues } from './inbox-accept.ts'
import { items, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

const flatIds = (ids: Readonly<Record<string, number>>): (string | number)[] => Object.entries(ids).flat()

export function inboxTransaction(run: InboxScripts): InboxTransaction {
  return {
    async begin(place, transaction, values, startedBy) {
      return word(await run.cycle(scripts.begin, place, transaction, startedBy ?? '', ...flatValues(values)), 'go', 'stop')
    },
    async resume(place, transaction, stepId, delivery) {
      const reply = items(await run.cycle(scripts.resume, place, transaction, stepId, delivery))
      return word(reply[0], 'go', 'stop') === 'go' ? { answer: 'go' } : { answer: 'stop', taken: reply[1] === 1 }
    },
    async register(place: Place, transaction: TransactionId, { stepId, value }) {
      const hash = value === undefined ? undefined : hashOf(stepId, value)
      await run.cycle(scripts.register, place, transaction, stepId, hash ?? '')
      return hash
    },
    async check(place, transaction) {
      return word(await run.cycle(scripts.check, place, transaction), 'go', 'stop')
    },
    async park(place, transaction, seen) {
      return word(await run.cycle(scripts.park, place, transaction, ...flatIds(seen)), 'parked', 'busy', 'stop')
    },
    async end(place, transaction, consumed, status, retention) {
      await run.cycle(scripts.finish, place, transaction, status, retention, ...flatIds(consumed))
    },
  }
}

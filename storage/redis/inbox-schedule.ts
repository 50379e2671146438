import { asTransactionId } from '../../domain/ids.ts'
import type { InboxSchedule } from '../inbox-schedule.ts'
import { keyHash } from '../keys.ts'
import * as scripts from '../lua/schedule.ts'
import { flatValues } from './inbox-accept.ts'
import { STATES } from './inbox-control.ts'
import { integer, items, text, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

/** In place of a webhook's identifier, which is longer. */
const SCHEDULE = 'schedule'

export function inboxSchedule(run: InboxScripts): InboxSchedule {
  return {
    async scheduling(place) {
      const reply = await run.cycle(scripts.scheduling, place)
      if (reply === null) return undefined
      const [state, activation, change] = items(reply)
      return { state: word(state, ...STATES), activation: integer(activation), change: integer(change) }
    },

    async acceptScheduled({ place, version, transaction, stepId, due, activation, data, values, maxConcurrency, once }) {
      const reply = items(
        await run.cycle(
          scripts.acceptScheduled,
          place,
          transaction,
          stepId,
          keyHash({ identifier: SCHEDULE, key: due }),
          data,
          version,
          maxConcurrency ?? '',
          activation,
          due,
          once ? '1' : '',
          ...flatValues(values),
        ),
      )
      const outcome = word(reply[0], 'deleted', 'inactive', 'stale', 'skipped', 'accepted')
      return outcome === 'accepted' ? { outcome, transaction: asTransactionId(text(reply[1])), replayed: reply[2] === 1 } : { outcome }
    },
  }
}

import { asRequestId, asTransactionId, type Place, type RequestId, type TransactionId } from '../../domain/ids.ts'
import type { InboxAccept, MatchValue, MidCycleAnswer, Peek, Refusal, RequestKey, RequestOutcome, TriggerAnswer } from '../inbox.ts'
import { changeChannel, cycleKey, cycleSuffix, hashOf, keyHash, valueHash } from '../keys.ts'
import * as scripts from '../lua/accept.ts'
import type { InboxChannels } from './inbox-channels.ts'
import { items, text, word } from './inbox-replies.ts'
import type { InboxScripts } from './inbox-scripts.ts'

const REFUSALS = ['deleted', 'inactive', 'full', 'stale'] as const
const NEXT = ['inbox', 'queued', 'start'] as const
const OUTCOMES = ['matched', 'early', 'queued', 'unmatched', 'ignored'] as const

/** Step and hash of each value, flat, as the scripts take them. */
export const flatValues = (values: readonly MatchValue[]): string[] => values.flatMap(value => [value.stepId, valueHash(value)])

function refusal(reply: unknown): Refusal | undefined {
  const outcome = REFUSALS.find(name => name === reply)
  return outcome === undefined ? undefined : { outcome }
}

function requestOutcome(outcome: unknown, transaction: unknown): RequestOutcome {
  const name = word(outcome, ...OUTCOMES)
  return name === 'matched' ? { outcome: name, transaction: asTransactionId(text(transaction)) } : { outcome: name }
}

export function inboxAccept(run: InboxScripts, channels: InboxChannels): InboxAccept {
  return {
    async acceptTrigger(request): Promise<TriggerAnswer> {
      const reply = items(
        await run.cycle(
          scripts.acceptTrigger,
          request.place,
          request.transaction,
          request.stepId,
          keyHash(request.key),
          request.data,
          request.version,
          request.maxConcurrency ?? '',
          request.held ? '1' : '',
          ...flatValues(request.values),
        ),
      )
      return (
        refusal(reply[0]) ?? {
          outcome: word(reply[0], 'accepted'),
          transaction: asTransactionId(text(reply[1])),
          replayed: reply[2] === 1,
          next: word(reply[3], ...NEXT),
        }
      )
    },

    async acceptMidCycle(request): Promise<MidCycleAnswer> {
      const reply = items(
        await run.cycle(
          scripts.acceptMidCycle,
          request.place,
          request.request,
          request.stepId,
          keyHash(request.key),
          request.data,
          request.version,
          request.maxConcurrency ?? '',
          request.held ? '1' : '',
          request.value === undefined ? '' : hashOf(request.stepId, request.value),
          request.window,
        ),
      )
      return (
        refusal(reply[0]) ?? {
          ...requestOutcome(reply[0], reply[1]),
          request: asRequestId(text(reply[2])),
          replayed: reply[3] === 1,
        }
      )
    },

    async peek(place: Place, version: number, key: RequestKey | undefined): Promise<Peek> {
      const reply = items(await run.cycle(scripts.peek, place, version, keyHash(key)))
      const outcome = word(reply[0], 'deleted', 'inactive', 'stale', 'open', 'known')
      if (outcome !== 'known') return { outcome }
      const transaction = text(reply[1])
      return {
        outcome,
        ...(transaction === '' ? {} : { transaction: asTransactionId(transaction) }),
        request: asRequestId(text(reply[2])),
        ignored: reply[3] === 1,
        next: word(reply[4], ...NEXT),
      }
    },

    async ignored(place: Place, request: RequestId, key: RequestKey | undefined): Promise<void> {
      await run.cycle(scripts.ignored, place, request, keyHash(key))
    },

    async renewStart(place: Place, transaction: TransactionId): Promise<boolean> {
      return (await run.cycle(scripts.renewStart, place, transaction)) === 1
    },

    async outcomeOf(place: Place, request: RequestId): Promise<RequestOutcome | undefined> {
      const found = await run.command(redis => redis.get(`${cycleKey(place)}${cycleSuffix.outcome}${request}`))
      if (found === null) return undefined
      const [outcome, transaction] = found.split(' ')
      return requestOutcome(outcome, transaction)
    },

    onChange: (_place, id, listener) => channels.listen(changeChannel(id), listener),
  }
}

import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import { asAccountId, asCycleId, asRequestId, asTransactionId } from '../../domain/ids.ts'
import type { Claimed, InboxDispatch, Replayed, ReplayEntry } from '../inbox.ts'
import { begunChannel, hashOf, partitionKey, PARTITIONS, partitionSuffix } from '../keys.ts'
import * as scripts from '../lua/dispatch.ts'
import * as replay from '../lua/replay.ts'
import { flatValues } from './inbox-accept.ts'
import type { InboxChannels } from './inbox-channels.ts'
import { integer, items, text, word } from './inbox-replies.ts'
import { cyclePrefix, storageError, type InboxScripts } from './inbox-scripts.ts'

function claimed(reply: unknown): Claimed {
  const [kind, id, transaction, stepId, data, last] = items(reply)
  const entry = { id: integer(id), transaction: asTransactionId(text(transaction)), stepId: text(stepId), data: text(data) }
  return word(kind, 's', 'd') === 's'
    ? { kind: 'start', ...entry, acceptedAt: integer(last) }
    : { kind: 'delivery', ...entry, request: asRequestId(text(last)) }
}

function replayEntry(reply: unknown): ReplayEntry {
  const [kind, id, name, stepId, data] = items(reply)
  const entry = { id: integer(id), stepId: text(stepId), data: text(data) }
  return word(kind, 's', 'd') === 's'
    ? { kind: 'start', ...entry, transaction: asTransactionId(text(name)) }
    : { kind: 'delivery', ...entry, request: asRequestId(text(name)) }
}

/** The step of a replayed delivery is needed for its value's hash: entries read are remembered by id until they are applied. */
function applied(entry: Replayed, stepOf: ReadonlyMap<number, string>): (string | number)[] {
  if (entry.gone) return [entry.id, 'gone', 0]
  if ('values' in entry) return [entry.id, 'start', entry.values.length * 2, ...flatValues(entry.values)]
  const step = stepOf.get(entry.id) ?? ''
  return [entry.id, 'delivery', 2, entry.value === undefined ? '' : hashOf(step, entry.value), entry.window]
}

/** `blocking`: a connection for blocking pops, used by nothing else. */
export function inboxDispatch(run: InboxScripts, channels: InboxChannels, blocking: () => Redis): InboxDispatch {
  /** Partitions that may have a ready cycle: told by their token, and all of them now and then. */
  const hinted = new Set<number>(Array.from({ length: PARTITIONS }, (_, p) => p))
  const wakeKeys = Array.from({ length: PARTITIONS }, (_, p) => partitionKey(p) + partitionSuffix.wake)
  const steps = new Map<string, Map<number, string>>()
  let turn = 0
  let popping: Promise<void> | undefined

  async function pop(timeoutMs: number): Promise<void> {
    const first = turn++ % PARTITIONS
    const keys = [...wakeKeys.slice(first), ...wakeKeys.slice(0, first)]
    const found = await blocking().blpop(keys, timeoutMs / 1000)
    if (found === null) for (let p = 0; p < PARTITIONS; p++) hinted.add(p)
    else hinted.add(wakeKeys.indexOf(found[0]))
  }

  return {
    async waitForWork(timeoutMs, signal) {
      signal.throwIfAborted()
      if (hinted.size > 0) return
      popping ??= pop(timeoutMs).finally(() => (popping = undefined))
      const aborted = new Promise<never>((_, reject) => {
        const abort = (): void => reject(signal.reason)
        signal.addEventListener('abort', abort, { once: true })
        popping?.finally(() => signal.removeEventListener('abort', abort)).catch(() => undefined)
      })
      try {
        await Promise.race([popping, aborted])
      } catch (error) {
        throw signal.aborted ? error : storageError(error)
      }
    },

    async take(worker) {
      const from = turn++
      for (let i = 0; i < PARTITIONS; i++) {
        const p = (from + i) % PARTITIONS
        if (!hinted.has(p)) continue
        const token = `${worker}/${randomUUID()}`
        const reply = items(await run.partition(scripts.take, p, token, cyclePrefix(p)))
        if (reply.length > 0) return { place: { account: asAccountId(text(reply[0])), cycle: asCycleId(text(reply[1])) }, token }
        hinted.delete(p)
      }
      return undefined
    },

    async claim({ place, token }, max, maxConcurrency) {
      const [state, version, ...entries] = items(await run.cycle(scripts.claim, place, token, max, maxConcurrency ?? ''))
      const name = word(state, 'ok', 'lost', 'replay')
      if (name === 'lost') return { state: name }
      return name === 'ok' ? { state: name, version: integer(version), entries: entries.map(claimed) } : { state: name, version: integer(version) }
    },
    async startDone({ place }, entry) {
      await run.cycle(scripts.startDone, place, entry.transaction, entry.id)
    },
    async startRefused({ place }, entry) {
      await run.cycle(scripts.startRefused, place, entry.transaction, entry.id)
    },
    async deliveryDone({ place }, entry, result) {
      await run.cycle(scripts.deliveryDone, place, entry.transaction, entry.stepId, entry.id, result)
    },
    async release({ place, token }) {
      steps.delete(token)
      await run.cycle(scripts.release, place, token)
    },

    async readReplay({ place, token }, max) {
      const entries = items(await run.cycle(replay.readReplay, place, token, max)).map(replayEntry)
      steps.set(token, new Map(entries.map(entry => [entry.id, entry.stepId])))
      return entries
    },
    async applyReplay({ place, token }, entries) {
      const stepOf = steps.get(token) ?? new Map<number, string>()
      await run.cycle(replay.applyReplay, place, token, ...entries.flatMap(entry => applied(entry, stepOf)))
    },

    onBegun: (worker, listener) => channels.listen(begunChannel(worker), message => listener(asTransactionId(message))),
  }
}

/**
 * Cycles: document and identifiers, beside the inbox's keys of the same cycle.
 *
 * An identifier is looked up before its account is known, so its key cannot stand in the account's partition, and no one script covers it. The order
 * keeps every cut harmless: identifiers first, then the document (which is the moment a cycle begins to exist or changes), then what is left over.
 * An identifier that leads to no document, or to one that does not name it, counts as unknown. All that a cycle ever had stand in a set, and go with it.
 * The inbox's keys come before the document and go before it: a document without them is a cycle that was deleted.
 */
import type { Redis } from 'ioredis'
import { batchesOf } from '../../domain/batches.ts'
import { triggerOf } from '../../domain/graph.ts'
import { asCycleId, asIdentifier, type Identifier, type Place } from '../../domain/ids.ts'
import type { Cycles, StoredCycle, WebhookAddress } from '../registry.ts'
import { cycleKey } from '../keys.ts'
import { registryKeys as keys } from '../registry-keys.ts'

import { call, replies, script } from './registry-call.ts'

/** KEYS document, account, its cycles, sets of those of a connector … · ARGV cycle id, createdAt, field, value, … · Answers created, there, or gone where the account is. */
const create = script(`
if redis.call('EXISTS', KEYS[2]) == 0 then return 'gone' end
if redis.call('EXISTS', KEYS[1]) == 1 then return 'there' end
redis.call('HSET', KEYS[1], unpack(ARGV, 3))
redis.call('ZADD', KEYS[3], ARGV[2], ARGV[1])
for at = 4, #KEYS do redis.call('SADD', KEYS[at], ARGV[1]) end
return 'created'`)

/**
 * KEYS document, the inbox's cycle, sets of a connector's cycles: those that it leaves, those that it is to be in …
 * ARGV expected version, version, '1' where its trigger is a schedule, cycle id, number of sets that it leaves, field, value, …
 * Answers done, running, changed or deleted. The inbox's version changes with the document's,
 * and so does what it knows of the trigger, so that no accept sees one without the other.
 */
const replace = script(`
local version = redis.call('HGET', KEYS[1], 'version')
local state = redis.call('HGET', KEYS[2], 'state')
if not version or not state or redis.call('HGET', KEYS[2], 'deleted') == '1' then return 'deleted' end
if version ~= ARGV[1] then return 'changed' end
if state == 'Active' or state == 'Stopping' then return 'running' end
redis.call('HSET', KEYS[1], 'version', ARGV[2], unpack(ARGV, 6))
redis.call('HSET', KEYS[2], 'version', ARGV[2], 'scheduled', ARGV[3])
for at = 3, #KEYS do redis.call(at < 3 + ARGV[5] and 'SREM' or 'SADD', KEYS[at], ARGV[4]) end
return 'done'`)

export function createCycles(redis: Redis): Cycles {
  async function address(place: Place, identifiers: StoredCycle['identifiers']): Promise<void> {
    const steps = Object.entries(identifiers)
    if (steps.length === 0) return
    await call(() => redis.sadd(keys.identifiers(place), ...Object.values(identifiers)))
    const pipeline = redis.pipeline()
    for (const [stepId, identifier] of steps) pipeline.set(keys.webhook(identifier), JSON.stringify({ place, stepId } satisfies WebhookAddress))
    replies(await call(() => pipeline.exec()))
  }

  async function forget(place: Place, identifiers: readonly Identifier[]): Promise<void> {
    if (identifiers.length === 0) return
    const pipeline = redis.pipeline()
    for (const identifier of identifiers) pipeline.del(keys.webhook(identifier))
    pipeline.srem(keys.identifiers(place), ...identifiers)
    replies(await call(() => pipeline.exec()))
  }

  async function get(place: Place): Promise<StoredCycle | undefined> {
    return cycleOf(place, await call(() => redis.hgetall(keys.document(place))))
  }

  return {
    get,
    async create(cycle) {
      const { place } = cycle
      await address(place, cycle.identifiers)
      const kept = [keys.document(place), keys.account(place.account), keys.cycles(place.account), ...connectorSets(cycle)]
      const made = await create(redis, kept, [place.cycle, cycle.createdAt, 'version', cycle.version, ...fieldsOf(cycle)])
      if (made === 'created') return made
      await forget(place, Object.values(cycle.identifiers))
      return made === 'there' ? made : 'gone'
    },
    async version(place) {
      const version = await call(() => redis.hget(keys.document(place), 'version'))
      return version === null ? undefined : Number(version)
    },
    async replace(cycle, expected) {
      const { place } = cycle
      const stored = await get(place)
      const before = Object.values(stored?.identifiers ?? {})
      const sets = connectorSets(cycle)
      const left = stored === undefined ? [] : connectorSets(stored).filter(key => !sets.includes(key))
      const wanted = Object.values(cycle.identifiers)
      await address(place, cycle.identifiers)
      const answer = await replace(
        redis,
        [keys.document(place), cycleKey(place), ...left, ...sets],
        [expected, cycle.version, triggerOf(cycle.document).type === 'schedule' ? '1' : '', place.cycle, left.length, ...fieldsOf(cycle)],
      )
      const done = answer === 'done'
      await forget(place, done ? before.filter(one => !wanted.includes(one)) : wanted.filter(one => !before.includes(one)))
      if (answer === 'done' || answer === 'running' || answer === 'changed') return answer
      return 'deleted'
    },
    async remove(place) {
      const identifiers = await call(() => redis.smembers(keys.identifiers(place)))
      for (const batch of batchesOf(identifiers, 500)) await call(() => redis.unlink(batch.map(one => keys.webhook(asIdentifier(one)))))
      const stored = await get(place)
      const transaction = redis.multi().del(keys.document(place), keys.identifiers(place), keys.incidents(place)).zrem(keys.cycles(place.account), place.cycle)
      for (const key of stored === undefined ? [] : connectorSets(stored)) transaction.srem(key, place.cycle)
      replies(await call(() => transaction.exec()))
    },
    async list(account, { page, pageSize }) {
      const start = (page - 1) * pageSize
      const ids = (await call(() => redis.zrange(keys.cycles(account), start, String(start + pageSize - 1)))).map(asCycleId)
      const total = await call(() => redis.zcard(keys.cycles(account)))
      if (ids.length === 0) return { items: [], total }
      const pipeline = redis.pipeline()
      for (const cycle of ids) pipeline.hgetall(keys.document({ account, cycle }))
      const records = replies(await call(() => pipeline.exec()))
      return { items: ids.flatMap((cycle, at) => cycleOf({ account, cycle }, records[at]) ?? []), total }
    },
    async address(identifier) {
      const found = await call(() => redis.get(keys.webhook(identifier)))
      return found === null ? undefined : JSON.parse(found)
    },
    ofConnector: async (account, connector) => (await call(() => redis.smembers(keys.connectorCycles(account, connector)))).map(asCycleId),
  }
}

const connectorSets = ({ place, document }: Pick<StoredCycle, 'place' | 'document'>): readonly string[] => [
  ...new Set(
    document.steps.flatMap(step => (step.type === 'webhook' && step.connector !== undefined ? [keys.connectorCycles(place.account, step.connector)] : [])),
  ),
]

function fieldsOf(cycle: StoredCycle): (string | number)[] {
  const { createdAt, updatedAt, document, identifiers, origin, accountConnectors } = cycle
  const given = (value: object | undefined): string => (value === undefined ? '' : JSON.stringify(value))
  const optional = ['origin', given(origin), 'accountConnectors', given(accountConnectors)]
  return ['createdAt', createdAt, 'updatedAt', updatedAt, 'document', JSON.stringify(document), 'identifiers', JSON.stringify(identifiers), ...optional]
}

function cycleOf(place: Place, record: unknown): StoredCycle | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const fields = new Map<string, unknown>(Object.entries(record))
  const text = (name: string): string => String(fields.get(name))
  if (!fields.has('document')) return undefined
  return {
    place,
    version: Number(text('version')),
    createdAt: Number(text('createdAt')),
    updatedAt: Number(text('updatedAt')),
    document: JSON.parse(text('document')),
    identifiers: JSON.parse(text('identifiers')),
    ...(fields.get('origin') ? { origin: JSON.parse(text('origin')) } : {}),
    ...(fields.get('accountConnectors') ? { accountConnectors: JSON.parse(text('accountConnectors')) } : {}),
  }
}

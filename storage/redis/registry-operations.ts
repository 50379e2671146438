/**
 * Operations on packages. Beside their records (`records.ts`) an account has, by package, the id of the one under way; a partition those whose workflows are
 * to be started or looked for. What an operation's end changes is one script: its record, the installation, the outbox.
 */
import type { Redis } from 'ioredis'
import { asAccountId } from '../../domain/ids.ts'
import { changeChannel, cycleKey, partitionOf } from '../keys.ts'
import { subjectOf, type Operation, type Operations } from '../operation.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { createAccountRecords, recordLua } from './records.ts'
import { call, script } from './registry-call.ts'

/** Ended operations of one account that are kept; the latest. */
const KEPT = 200
/** After that long (ms) the workflow of an operation that has not ended is looked for again. */
const LOOK_AGAIN = 30_000

/**
 * KEYS operations, installations, account, those due · ARGV id, createdAt, operation (JSON), package, expected version of the installation ('' for none), account
 * Answers begun, running, changed or gone.
 */
const begin = script(`${recordLua}
local operations, installations, id, package = KEYS[1], KEYS[2], ARGV[1], ARGV[4]
if redis.call('EXISTS', KEYS[3]) == 0 then return 'gone' end
local running = redis.call('HGET', operations .. ':running', package)
if running and recordVersion(operations, running) then return 'running' end
if (recordVersion(installations, package) or '') ~= ARGV[5] then return 'changed' end
addRecord(operations, id, '1', ARGV[2], ARGV[3], '', '')
redis.call('HSET', operations .. ':running', package, id)
redis.call('ZADD', KEYS[4], 0, ARGV[6] .. ' ' .. id)
return 'begun'`)

/**
 * KEYS operations, installations, account, those due, outbox, then the cycles ·
 * ARGV id, operation (JSON), package, installation (JSON, '' or removed), its createdAt, notification (JSON or ''), account, records kept, channel, then for each cycle its state, or ''
 * Answers done, over or changed.
 */
const finish = script(`${recordLua}
local operations, installations, id, package, installation = KEYS[1], KEYS[2], ARGV[1], ARGV[3], ARGV[4]
local due = ARGV[7] .. ' ' .. id
if redis.call('HGET', operations .. ':running', package) ~= id or redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('ZREM', KEYS[4], due)
  return 'over'
end
for at = 6, #KEYS do
  local state, deleted = unpack(redis.call('HMGET', KEYS[at], 'state', 'deleted'))
  if deleted then state = false end
  if (state or '') ~= ARGV[at + 4] then return 'changed' end
end
redis.call('ZREM', KEYS[4], due)
putRecord(operations, id, ARGV[2])
redis.call('HDEL', operations .. ':running', package)
if installation == 'removed' then removeRecord(installations, package, '', '')
elseif installation ~= '' then
  if recordVersion(installations, package) then putRecord(installations, package, installation)
  else addRecord(installations, package, '1', ARGV[5], installation, '', '') end
end
if ARGV[6] ~= '' then redis.call('XADD', KEYS[5], '*', 'message', ARGV[6]) end
local excess = redis.call('ZCARD', operations .. ':order') - tonumber(ARGV[8])
if excess > 0 then
  local running = {}
  for _, one in ipairs(redis.call('HVALS', operations .. ':running')) do running[one] = true end
  for _, one in ipairs(redis.call('ZRANGE', operations .. ':order', 0, excess - 1)) do
    if not running[one] then removeRecord(operations, one, '', '') end
  end
end
redis.call('PUBLISH', ARGV[9], '')
return 'done'`)

/** KEYS those due · ARGV most · Answers { account id, … }. */
const due = script(`
local time = redis.call('TIME')
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time[1] * 1000 + math.floor(time[2] / 1000), 'LIMIT', 0, ARGV[1])`)

/** KEYS those due · ARGV account id, ms until it is looked for again */
const started = script(`
local time = redis.call('TIME')
redis.call('ZADD', KEYS[1], 'XX', time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2], ARGV[1])`)

export function createOperations(redis: Redis): Operations {
  const records = createAccountRecords<Operation>(redis, keys.operations)
  const get: Operations['get'] = async (account, id) => (await records.of(account).get(id))?.value

  return {
    get,
    getMany: async (account, ids) => new Map([...(await records.of(account).getMany(ids))].map(([id, { value }]) => [id, value])),
    async running(account) {
      return new Map(Object.entries(await call(() => redis.hgetall(keys.runningOperations(account)))))
    },
    async begin(account, id, operation, expected) {
      const answer = await begin(
        redis,
        [keys.operations(account), keys.installations(account), keys.account(account), keys.operationsDue(partitionOf(account))],
        [id, operation.startedAt, JSON.stringify(operation), subjectOf(operation), expected ?? '', account],
      )
      return answer === 'begun' || answer === 'running' || answer === 'changed' ? answer : 'gone'
    },
    async finish(account, id, { operation, installation, notification, states }) {
      const partition = partitionOf(account)
      const kept = [keys.operations(account), keys.installations(account), keys.account(account), keys.operationsDue(partition), keys.outbox(partition)]
      const answer = await finish(
        redis,
        [...kept, ...states.map(({ cycle }) => cycleKey({ account, cycle }))],
        [
          id,
          JSON.stringify(operation),
          subjectOf(operation),
          installation === undefined || installation === 'removed' ? (installation ?? '') : JSON.stringify(installation),
          operation.endedAt ?? operation.startedAt,
          notification === undefined ? '' : JSON.stringify(notification),
          account,
          KEPT,
          changeChannel(id),
          ...states.map(({ state }) => state ?? ''),
        ],
      )
      return answer === 'done' || answer === 'changed' ? answer : 'over'
    },
    async due(partition, max) {
      const found = await due(redis, [keys.operationsDue(partition)], [max])
      const members = Array.isArray(found) ? found.map(String) : []
      const operations = await Promise.all(
        members.map(async member => {
          const [account = '', id = ''] = member.split(' ')
          const running = { account: asAccountId(account), id }
          const operation = await get(running.account, id)
          // It went with its account.
          if (operation?.status !== 'Running') await call(() => redis.zrem(keys.operationsDue(partition), member))
          return operation?.status === 'Running' ? [{ ...running, operation }] : []
        }),
      )
      return operations.flat()
    },
    async started({ account, id }) {
      await started(redis, [keys.operationsDue(partitionOf(account))], [`${account} ${id}`, LOOK_AGAIN])
    },
  }
}

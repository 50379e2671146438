/** Account connectors: records of each account, found over all accounts by connector and external id. The index stands in the account's partition. */
import type { Redis } from 'ioredis'
import { batchesOf } from '../../domain/batches.ts'
import { asAccountId, type AccountId } from '../../domain/ids.ts'
import type { AccountConnector, AccountConnectors } from '../account-connector.ts'
import { PARTITIONS, partitionKey, partitionOf, partitionSuffix } from '../keys.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { createAccountRecords, recordLua } from './records.ts'
import { call, replies, script } from './registry-call.ts'
import { subscriptionLua } from './subscriptions.ts'

/** External ids that are looked up at once. */
const AT_ONCE = 200

/**
 * KEYS account connectors, set by external id (or the first again), retired ones, the account's subscribed cycles, control, ends ·
 * ARGV id, expected version, member of the set, account, prefix of the account's subscriptions · Answers done, changed or gone.
 * What it subscribed ends, and until then it is kept apart.
 */
const remove = script(`${recordLua}${subscriptionLua}
local base, id = KEYS[1], ARGV[1]
local version = recordVersion(base, id)
if not version then return 'gone' end
if version ~= ARGV[2] then return 'changed' end
retire(base, KEYS[3], KEYS[4], ARGV[5], id)
for _, cycle in ipairs(redis.call('SMEMBERS', KEYS[4])) do
  endThem(ARGV[5] .. cycle, function(one, fields) return fields['connector:' .. one] == id end, KEYS[5], KEYS[6], ARGV[4], cycle)
end
removeRecord(base, id, '', '')
if KEYS[2] ~= base then redis.call('SREM', KEYS[2], ARGV[3]) end
return 'done'`)

export function createAccountConnectors(redis: Redis): AccountConnectors {
  const indexOf = (account: AccountId, { connectorId, externalId }: AccountConnector): string | undefined =>
    externalId === undefined ? undefined : keys.externalIds(partitionOf(account), connectorId, externalId)
  const memberOf = (account: AccountId, id: string): string => `${account} ${id}`
  const records = createAccountRecords<AccountConnector>(redis, keys.accountConnectors, account => ({
    indexOf: value => indexOf(account, value),
    memberOf: id => memberOf(account, id),
  }))
  return {
    ...records,
    of(account) {
      const own = records.of(account)
      const base = keys.accountConnectors(account)
      const partition = partitionOf(account)
      return {
        ...own,
        async remove(id) {
          for (;;) {
            const there = await own.get(id)
            if (there === undefined) return false
            const subscribed = [keys.retiredConnectors(account), keys.subscribedCycles(account)]
            const ordered = [partitionKey(partition) + partitionSuffix.control, keys.subscriptionEnds(partition)]
            const answer = await remove(
              redis,
              [base, indexOf(account, there.value) ?? base, ...subscribed, ...ordered],
              [id, there.version, memberOf(account, id), account, keys.subscriptionPrefix(account)],
            )
            if (answer !== 'changed') return answer === 'done'
          }
        },
      }
    },
    async holders(connectorId, externalIds) {
      const found = new Set<string>()
      for (const batch of batchesOf(externalIds, AT_ONCE)) {
        const pipeline = redis.pipeline()
        for (const externalId of batch)
          for (let partition = 0; partition < PARTITIONS; partition++) pipeline.smembers(keys.externalIds(partition, connectorId, externalId))
        for (const members of replies(await call(() => pipeline.exec()))) if (Array.isArray(members)) for (const member of members) found.add(String(member))
      }
      return [...found].map(member => {
        const [account = '', id = ''] = member.split(' ')
        return { account: asAccountId(account), id }
      })
    },
  }
}

/** Account connectors: records of each account, found over all accounts by connector and external id. The index stands in the account's partition. */
import type { Redis } from 'ioredis'
import { asAccountId } from '../../domain/ids.ts'
import type { AccountConnector, AccountConnectors } from '../account-connector.ts'
import { PARTITIONS, partitionOf } from '../keys.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { createAccountRecords } from './records.ts'
import { call, replies } from './registry-call.ts'

/** External ids that are looked up at once. */
const AT_ONCE = 200

export function createAccountConnectors(redis: Redis): AccountConnectors {
  return {
    ...createAccountRecords<AccountConnector>(redis, keys.accountConnectors, account => ({
      indexOf: ({ connectorId, externalId }) => (externalId === undefined ? undefined : keys.externalIds(partitionOf(account), connectorId, externalId)),
      memberOf: id => `${account} ${id}`,
    })),
    async holders(connectorId, externalIds) {
      const found = new Set<string>()
      for (let at = 0; at < externalIds.length; at += AT_ONCE) {
        const pipeline = redis.pipeline()
        for (const externalId of externalIds.slice(at, at + AT_ONCE))
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

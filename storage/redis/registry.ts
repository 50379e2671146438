import type { Redis } from 'ioredis'
import type { Connector } from '../connector.ts'
import type { Installation } from '../installation.ts'
import type { Marketplace } from '../marketplace.ts'
import type { Package } from '../package.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import type { Registry } from '../registry.ts'
import { createAccountConnectors } from './account-connectors.ts'
import { createKept } from './kept.ts'
import { createAccountRecords, createRecords } from './records.ts'
import { createAccounts } from './registry-accounts.ts'
import { createAnswers, type AnswersOptions } from './registry-answers.ts'
import { createCycles } from './registry-cycles.ts'
import { createIncidents, type IncidentsOptions } from './registry-incidents.ts'
import { createNotifications, type NotificationsOptions } from './registry-notifications.ts'
import { createOperations } from './registry-operations.ts'
import { createSignIns } from './registry-sign-ins.ts'
import { createSettings } from './registry-settings.ts'
import { createSubscriptions } from './subscriptions.ts'
import { createTemplates } from './templates.ts'

/** The registry in Redis. All methods reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export function createRegistry(redis: Redis, options: IncidentsOptions & NotificationsOptions & AnswersOptions = {}): Registry {
  return {
    accounts: createAccounts(redis),
    cycles: createCycles(redis),
    templates: createTemplates(redis),
    connectors: createRecords<Connector>(redis, { base: keys.connectors, nameOf: ({ name }) => name, groupOf: ({ partnerWebhook }) => partnerWebhook }),
    marketplaces: createRecords<Marketplace>(redis, { base: keys.marketplaces, numbered: true }),
    packages: createRecords<Package>(redis, { base: keys.packages, numbered: true, groupOf: ({ marketplaceId }) => marketplaceId }),
    accountConnectors: createAccountConnectors(redis),
    subscriptions: createSubscriptions(redis),
    installations: createAccountRecords<Installation>(redis, keys.installations),
    operations: createOperations(redis),
    incidents: createIncidents(redis, options),
    settings: createSettings(redis),
    notifications: createNotifications(redis, options),
    tokens: createKept(redis, keys.token),
    signIns: createSignIns(redis),
    authorizeTickets: createKept(redis, keys.authorizeTicket),
    answers: createAnswers(redis, options),
  }
}

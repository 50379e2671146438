import type { Redis } from 'ioredis'
import type { Registry } from '../registry.ts'
import { createAccounts } from './registry-accounts.ts'
import { createCycles } from './registry-cycles.ts'
import { createIncidents, type IncidentsOptions } from './registry-incidents.ts'
import { createNotifications, type NotificationsOptions } from './registry-notifications.ts'
import { createSettings } from './registry-settings.ts'
import { createAnswers, createTokens, type AnswersOptions } from './registry-tokens.ts'

/** The registry in Redis. All methods reject with `StorageUnavailable` where Redis cannot be reached or does not answer in time. */
export function createRegistry(redis: Redis, options: IncidentsOptions & NotificationsOptions & AnswersOptions = {}): Registry {
  return {
    accounts: createAccounts(redis),
    cycles: createCycles(redis),
    incidents: createIncidents(redis, options),
    settings: createSettings(redis),
    notifications: createNotifications(redis, options),
    tokens: createTokens(redis),
    answers: createAnswers(redis, options),
  }
}

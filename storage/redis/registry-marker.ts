/** The marker of the registry in Redis: it goes with everything else when Redis is emptied. */
import { randomUUID } from 'node:crypto'
import type { Redis } from 'ioredis'
import type { RegistryMarker } from '../registry-guard.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call } from './registry-call.ts'

export function createRegistryMarker(redis: Redis): RegistryMarker {
  return {
    async get() {
      return (await call(() => redis.get(keys.marker))) ?? undefined
    },
    async set() {
      await call(() => redis.set(keys.marker, randomUUID(), 'NX'))
    },
    used: async () => (await call(() => redis.exists(keys.accounts))) === 1,
  }
}

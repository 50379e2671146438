/** Tickets of authorisations: one key each, by its hash. 256 bits of chance need nothing slower than SHA-256. */
import type { Redis } from 'ioredis'
import type { AuthorizeTicket, AuthorizeTickets } from '../authorize-ticket.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, sha256 } from './registry-call.ts'

export function createAuthorizeTickets(redis: Redis): AuthorizeTickets {
  return {
    async put(ticket, value, ttlMs) {
      await call(() => redis.set(keys.authorizeTicket(sha256(ticket)), JSON.stringify(value), 'PX', ttlMs))
    },
    async get(ticket) {
      const text = await call(() => redis.get(keys.authorizeTicket(sha256(ticket))))
      const value: AuthorizeTicket | undefined = text === null ? undefined : JSON.parse(text)
      return value
    },
  }
}

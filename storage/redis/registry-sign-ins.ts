/** Sign-in tokens and sessions of browsers: one key each, by its hash. */
import type { Redis } from 'ioredis'
import { registryKeys as keys } from '../registry-keys.ts'
import type { SignIns, Visit } from '../sign-in.ts'
import { call, sha256 } from './registry-call.ts'

/** As for other tokens: 256 bits of chance need nothing slower. */

export function createSignIns(redis: Redis): SignIns {
  const visitOf = (text: string | null): Visit | undefined => (text === null ? undefined : JSON.parse(text))
  return {
    async put(token, visit, ttlMs) {
      await call(() => redis.set(keys.signIn(sha256(token)), JSON.stringify(visit), 'PX', ttlMs))
    },
    take: async token => visitOf(await call(() => redis.getdel(keys.signIn(sha256(token))))),
    async open(session, visit, ttlMs) {
      await call(() => redis.set(keys.session(sha256(session)), JSON.stringify(visit), 'PX', ttlMs))
    },
    get: async (session, ttlMs) => visitOf(await call(() => redis.getex(keys.session(sha256(session)), 'PX', ttlMs))),
  }
}

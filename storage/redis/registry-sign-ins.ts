/** Sign-in tokens and sessions of browsers: one key each, by its hash; beside a session its drafts, for as long. */
import type { Redis } from 'ioredis'
import { registryKeys as keys } from '../registry-keys.ts'
import type { SignIns, Visit } from '../sign-in.ts'
import { createKept } from './kept.ts'
import { call, script, sha256 } from './registry-call.ts'

/** KEYS session, its drafts · ARGV ms that both go on · Answers the visit, or nil. */
const look = script(`
local visit = redis.call('GETEX', KEYS[1], 'PX', ARGV[1])
if visit then redis.call('PEXPIRE', KEYS[2], ARGV[1]) end
return visit`)

/** KEYS session, its drafts · ARGV subject, sealed or '' */
const save = script(`
local left = redis.call('PTTL', KEYS[1])
if left <= 0 then return end
if ARGV[2] == '' then return redis.call('HDEL', KEYS[2], ARGV[1]) end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[2], left)`)

export function createSignIns(redis: Redis): SignIns {
  const tokens = createKept<Visit>(redis, keys.signIn)
  const sessions = createKept<Visit>(redis, keys.session)
  const visitOf = (text: unknown): Visit | undefined => (typeof text === 'string' ? JSON.parse(text) : undefined)
  const both = (session: string): string[] => [keys.session(sha256(session)), keys.drafts(sha256(session))]
  return {
    put: tokens.put,
    take: tokens.take,
    open: sessions.put,
    get: async (session, ttlMs) => visitOf(await look(redis, both(session), [ttlMs])),
    draft: async (session, subject) => (await call(() => redis.hget(keys.drafts(sha256(session)), subject))) ?? undefined,
    async saveDraft(session, subject, sealed) {
      await save(redis, both(session), [subject, sealed ?? ''])
    },
  }
}

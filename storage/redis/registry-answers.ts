/** Answers kept by idempotency key: by hash, with an end. */
import type { Redis } from 'ioredis'
import type { Json } from '../../domain/json.ts'
import type { Answers } from '../registry.ts'
import { registryKeys as keys } from '../registry-keys.ts'
import { call, sha256 } from './registry-call.ts'

export interface AnswersOptions {
  /** How long an answer stays. Default 24 h. */
  readonly answersTtlMs?: number
  /** How long a request that never came back blocks its key; longer than any request may take. Default 2 min. */
  readonly answersClaimMs?: number
}

export function createAnswers(redis: Redis, options: AnswersOptions = {}): Answers {
  const { answersTtlMs = 24 * 3600_000, answersClaimMs = 120_000 } = options
  const keyOf = (scope: string, key: string): string => keys.answer(sha256(JSON.stringify([scope, key])))
  const BUSY = 'busy'

  return {
    async claim(scope, key) {
      const found = await call(() => redis.set(keyOf(scope, key), BUSY, 'PX', answersClaimMs, 'NX', 'GET'))
      if (found === null) return { state: 'mine' }
      if (found === BUSY) return { state: 'busy' }
      const answer: Json = JSON.parse(found)
      return { state: 'known', answer }
    },
    async put(scope, key, answer) {
      await call(() => redis.set(keyOf(scope, key), JSON.stringify(answer), 'PX', answersTtlMs))
    },
    async forget(scope, key) {
      await call(() => redis.del(keyOf(scope, key)))
    },
  }
}

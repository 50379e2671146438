/** How the registry speaks to Redis: scripts by their digest, and every failure of the connection as `StorageUnavailable`. */
import { createHash } from 'node:crypto'
import { ReplyError, type Redis } from 'ioredis'
import { StorageUnavailable } from '../../domain/errors.ts'

/** Runs commands; what Redis itself calls a wrong command (`ERR`) is a fault of ours and passes, all else is `StorageUnavailable`. */
export async function call<T>(commands: () => Promise<T>): Promise<T> {
  try {
    return await commands()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof ReplyError && /^(ERR|WRONGTYPE)/.test(message)) throw error
    throw new StorageUnavailable(message, { cause: error })
  }
}

/** A Lua script: `run(keys, args)`. It is sent whole only where Redis does not know it yet. */
export interface Script {
  (redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<unknown>
}

export function script(lua: string): Script {
  const digest = createHash('sha1').update(lua).digest('hex')
  return (redis, keys, args) =>
    call(async () => {
      try {
        return await redis.evalsha(digest, keys.length, ...keys, ...args)
      } catch (error) {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return await redis.eval(lua, keys.length, ...keys, ...args)
      }
    })
}

/** Replies of a pipeline or transaction, the first failure thrown. */
export function replies(results: readonly (readonly [Error | null, unknown])[] | null): readonly unknown[] {
  if (results === null) throw new StorageUnavailable('the transaction was discarded')
  return results.map(([error, reply]) => {
    if (error !== null) throw error
    return reply
  })
}

/** Of what is kept only to be recognised. */
export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

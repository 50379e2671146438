/** Blobs in Redis, with what was read or written last in the process's memory: a replay or a split asks for the same again and again. */
import { createHash } from 'node:crypto'
import type { Redis } from 'ioredis'
import { ownerOf, type BlobAddress, type BlobStore } from '../blobs.ts'
import { blobsKey, blobUsersKey } from '../keys.ts'
import { createRecent } from '../recent.ts'
import { call, replies, script } from './registry-call.ts'

export interface BlobsOptions {
  /** How long a transaction is kept at the latest (ms). */
  readonly retentionMs: number
  /** Room in memory for what was used last, in bytes. */
  readonly memoryBytes: number
}

/** How long Redis may take for one blob to be written or read (ms): within Temporal's time for a workflow task. */
const COMMAND_TIMEOUT = 5_000

/** Blobs of which nothing was heard for longer than a transaction is kept, and this much more (ms), go by themselves: a backstop. */
const MARGIN = 7 * 24 * 3600_000
/** Their time is written anew only when so much of it is over (ms): else every look would be a write. */
const RENEWED_AFTER = 24 * 3600_000

/**
 * KEYS blobs, users · ARGV ttl ms, ttl below which it is set anew, user or empty, hash… · Answers the places (from 1) of the hashes that are not there.
 * Where the others are, the user has a part in them from now on.
 */
const look = script(`
local missing = {}
for i = 4, #ARGV do
  if redis.call('HEXISTS', KEYS[1], ARGV[i]) == 0 then missing[#missing + 1] = i - 3 end
end
if redis.call('EXISTS', KEYS[1]) == 1 then
  local fresh = redis.call('PTTL', KEYS[1]) >= tonumber(ARGV[2])
  if ARGV[3] ~= '' and redis.call('SADD', KEYS[2], ARGV[3]) == 1 then fresh = false end
  if not fresh then redis.call('PEXPIRE', KEYS[1], ARGV[1]); redis.call('PEXPIRE', KEYS[2], ARGV[1]) end
end
return missing`)

/** KEYS blobs, users · ARGV user · Answers nothing. */
const leave = script(`
if redis.call('SREM', KEYS[2], ARGV[1]) == 1 and redis.call('SCARD', KEYS[2]) == 0 then redis.call('UNLINK', KEYS[1]) end`)

/** Bytes that are no part of larger ones: whatever keeps or copies them takes no more than them. */
const alone = (bytes: Uint8Array): Uint8Array => (bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes))

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('base64url')

/** A connection of its own is made with the options of `redis`: megabytes on their way hold no other command back. `close` breaks it. */
export function createBlobs(redis: Redis, { retentionMs, memoryBytes }: BlobsOptions): BlobStore & { close(): void } {
  const commands = redis.duplicate({ commandTimeout: COMMAND_TIMEOUT, maxRetriesPerRequest: 0 })
  commands.on('error', () => undefined)
  const recent = createRecent(memoryBytes)
  const reading = new Map<string, Promise<Uint8Array | undefined>>()
  const ttlMs = retentionMs + MARGIN

  async function missing(owner: string, user: string, hashes: readonly string[]): Promise<readonly string[]> {
    const places = await look(commands, [blobsKey(owner), blobUsersKey(owner)], [ttlMs, ttlMs - RENEWED_AFTER, user, ...hashes])
    return Array.isArray(places) ? places.map(place => hashes[Number(place) - 1] ?? '') : []
  }

  async function write(owner: string, user: string, hash: string, bytes: Uint8Array): Promise<void> {
    const [key, users] = [blobsKey(owner), blobUsersKey(owner)]
    const data = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const sent = commands.multi().hset(key, hash, data).sadd(users, user).pexpire(key, ttlMs).pexpire(users, ttlMs)
    replies(await call(() => sent.exec()))
  }

  async function read({ owner, hash }: BlobAddress): Promise<Uint8Array | undefined> {
    const found = await call(() => commands.hgetBuffer(blobsKey(owner), hash))
    if (found === null) return undefined
    const bytes = alone(found)
    recent.keep(hash, bytes)
    return bytes
  }

  /** Those who ask for the same at once share one read. */
  function shared(address: BlobAddress): Promise<Uint8Array | undefined> {
    const name = `${address.owner} ${address.hash}`
    const mine = reading.get(name) ?? read(address).finally(() => reading.delete(name))
    reading.set(name, mine)
    return mine
  }

  return {
    async put(workflow, blobs) {
      const owner = ownerOf(workflow)
      const hashes = blobs.map(hashOf)
      const absent = new Set(await missing(owner, workflow, hashes))
      for (const [at, bytes] of blobs.entries()) {
        const hash = hashes[at] ?? ''
        // One after the other, so that no more than one is on its way.
        if (absent.delete(hash)) await write(owner, workflow, hash, bytes)
        recent.keep(hash, alone(bytes))
      }
      return hashes.map(hash => ({ owner, hash }))
    },
    get: addresses => Promise.all(addresses.map(async address => recent.get(address.hash) ?? (await shared(address)))),
    async renew(workflow) {
      await missing(ownerOf(workflow), '', [])
    },
    async delete(workflow) {
      const owner = ownerOf(workflow)
      await leave(commands, [blobsKey(owner), blobUsersKey(owner)], [workflow])
    },
    close: () => commands.disconnect(),
  }
}

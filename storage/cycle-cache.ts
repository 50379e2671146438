/**
 * Cycles as one process knows them: read on every request, so kept in memory by version (architecture.md 1). The store has the last word: the
 * inbox's scripts check the version, and `stale` or `deleted` is answered with `reload`. An unknown identifier is never cached (webhooks.md 2).
 */
import { createHash } from 'node:crypto'
import type { Identifier, Place, StepId } from '../domain/ids.ts'
import type { Account, Accounts, Cycles, StoredCycle, WebhookAddress } from './registry.ts'

/** A cycle with its account, and the SHA-256 (hex) of its document as saved. */
export type CachedCycle = StoredCycle & { readonly account: Account; readonly hash: string }

/** All methods reject with `StorageUnavailable` where Redis has to be asked and cannot be. */
export interface CycleCache {
  /** The cycle as known here, at most `maxAgeMs` old where it changed elsewhere; undefined where there is none. */
  get(place: Place): Promise<CachedCycle | undefined>
  /** The cycle as it stands now: one look at its version, and the whole only where that is another. For `stale`, and where no script checks the version. */
  reload(place: Place): Promise<CachedCycle | undefined>
  /** The webhook step behind an identifier; undefined where it is unknown, never remembered. */
  byIdentifier(identifier: Identifier): Promise<{ readonly cycle: CachedCycle; readonly stepId: StepId } | undefined>
  /** Forgets everything: another registry is there, in which a version may mean another document. */
  clear(): void
}

export interface CycleCacheOptions {
  /** After this long an entry is looked at again before it is used: what the version does not tell (the account's name). Default 5 s. */
  readonly maxAgeMs?: number
  /** Room for documents, in characters; the least recently used go first. Default 64 Mi. */
  readonly maxSize?: number
  /** Room for identifiers. Default 100,000. */
  readonly maxIdentifiers?: number
  /** ms, monotonic. */
  readonly now?: () => number
}

/** What it reads from: the registry. */
export interface CycleSource {
  readonly accounts: Pick<Accounts, 'get'>
  readonly cycles: Pick<Cycles, 'get' | 'version' | 'address'>
}

interface Entry {
  readonly cycle: CachedCycle
  readonly size: number
  checkedAt: number
}

/** A cache over `registry`, for one process. */
export function createCycleCache(registry: CycleSource, options: CycleCacheOptions = {}): CycleCache {
  const { maxAgeMs = 5_000, maxSize = 64 * 1024 * 1024, maxIdentifiers = 100_000, now = () => performance.now() } = options
  const entries = new Map<string, Entry>()
  const addresses = new Map<Identifier, WebhookAddress>()
  const loading = new Map<string, Promise<CachedCycle | undefined>>()
  let size = 0

  function drop(key: string): void {
    size -= entries.get(key)?.size ?? 0
    entries.delete(key)
  }

  function keep(key: string, entry: Entry): CachedCycle {
    drop(key)
    entries.set(key, entry)
    size += entry.size
    for (const oldest of entries.keys()) {
      if (size <= maxSize || oldest === key) break
      drop(oldest)
    }
    return entry.cycle
  }

  async function load(place: Place): Promise<CachedCycle | undefined> {
    const key = keyOf(place)
    const known = entries.get(key)
    const checkedAt = now()
    const [version, account] = await Promise.all([registry.cycles.version(place), registry.accounts.get(place.account)])
    if (version === undefined || account === undefined) {
      drop(key)
      return undefined
    }
    if (known?.cycle.version === version) return keep(key, { ...known, cycle: { ...known.cycle, account }, checkedAt })
    const stored = await registry.cycles.get(place)
    if (stored === undefined) {
      drop(key)
      return undefined
    }
    const text = JSON.stringify(stored.document)
    const hash = createHash('sha256').update(text).digest('hex')
    const newer = entries.get(key)
    if (newer !== undefined && newer.cycle.version > stored.version) return newer.cycle
    return keep(key, { cycle: { ...stored, account, hash }, size: text.length, checkedAt })
  }

  async function get(place: Place): Promise<CachedCycle | undefined> {
    const key = keyOf(place)
    const known = entries.get(key)
    if (known !== undefined && now() - known.checkedAt < maxAgeMs) {
      entries.delete(key)
      entries.set(key, known)
      return known.cycle
    }
    const running = loading.get(key)
    if (running !== undefined) return running
    const mine = load(place).finally(() => loading.delete(key))
    loading.set(key, mine)
    return mine
  }

  return {
    get,
    reload: load,
    clear() {
      entries.clear()
      addresses.clear()
      size = 0
    },
    async byIdentifier(identifier) {
      let address = addresses.get(identifier)
      if (address === undefined) {
        address = await registry.cycles.address(identifier)
        if (address === undefined) return undefined
        addresses.set(identifier, address)
        for (const oldest of addresses.keys()) {
          if (addresses.size <= maxIdentifiers) break
          addresses.delete(oldest)
        }
      }
      const { place, stepId } = address
      let cycle = await get(place)
      // The identifier may be younger than the document known here, or its step may be gone since.
      if (cycle?.identifiers[stepId] !== identifier) cycle = await load(place)
      if (cycle?.identifiers[stepId] === identifier) return { cycle, stepId }
      addresses.delete(identifier)
      return undefined
    },
  }
}

const keyOf = (place: Place): string => `${place.account}/${place.cycle}`

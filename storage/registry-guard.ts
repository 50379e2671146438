/**
 * Whether there is a registry (operations.md 3). Redis has a marker beside it, Temporal another one: where Redis has none and Temporal does, Redis was
 * emptied, and nothing that is not found can be said not to exist. Redis's marker is read whenever something is missing: nothing is remembered of it.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { RegistryLost } from '../domain/errors.ts'

/** `fresh`: there was none yet. `lost`: Redis was emptied. `unknown`: Redis has none, and Temporal cannot be asked. */
export type RegistryState = 'there' | 'fresh' | 'lost' | 'unknown'

/** The marker in Redis. Rejects with `StorageUnavailable` where Redis cannot be asked. */
export interface RegistryMarker {
  /** Another text after each loss; undefined where there is none. */
  get(): Promise<string | undefined>
  /** One that is there stays. */
  set(): Promise<void>
  /** Whether any account is there. */
  used(): Promise<boolean>
}

/** The marker in Temporal; once set it stays. Rejects where Temporal cannot be asked. */
export interface LastingMarker {
  get(): Promise<boolean>
  set(): Promise<void>
}

export interface RegistryGuard {
  /** Rejects with `StorageUnavailable` where Redis cannot be asked. Temporal is asked only where Redis has no marker. */
  look(): Promise<RegistryState>
  /** To be called before anything is said not to be there. Rejects with `RegistryLost` where that cannot be said. */
  check(): Promise<RegistryState>
  /** There is a registry from now on: sets both markers. Where Temporal does not take its own now, it is set later. */
  establish(): Promise<void>
  /** Looks every two seconds, so that a loss is logged, and what is cached goes, while nothing is asked for. */
  watch(signal: AbortSignal): Promise<void>
}

export interface RegistryGuardDeps {
  readonly redis: RegistryMarker
  readonly temporal: LastingMarker
  readonly logger: { warn(fields: object, message: string): void; error(message: string): void; info(message: string): void }
  /** The state as it was found last, for metrics. */
  readonly found?: (state: RegistryState) => void
  /** Another registry is there than was known: what is cached of the old one goes. */
  readonly replaced?: () => void
  /** ms, monotonic. */
  readonly now?: () => number
}

/** For how long Temporal's "none", or its silence, counts (ms). Its marker never goes again. */
const ASKED_MS = 1_000
/** How often it is tried to set the marker in Temporal (ms). */
const SET_MS = 10_000
const WATCH_MS = 2_000

export function createRegistryGuard(deps: RegistryGuardDeps): RegistryGuard {
  const { redis, temporal, logger, now = () => performance.now() } = deps
  let marked = false
  let asked: { readonly until: number; readonly answer: 'absent' | 'silent' } | undefined
  let asking: Promise<'present' | 'absent' | 'silent'> | undefined
  let setAgainAt = -Infinity
  let setting: Promise<void> | undefined
  let known: string | undefined
  let last: RegistryState | undefined

  /** What Temporal says, asked once for all who want to know. */
  function ask(): Promise<'present' | 'absent' | 'silent'> {
    if (marked) return Promise.resolve('present')
    if (asked !== undefined && now() < asked.until) return Promise.resolve(asked.answer)
    asking ??= temporal
      .get()
      .then(
        present => {
          marked ||= present
          return present ? 'present' : 'absent'
        },
        () => 'silent' as const,
      )
      .then(answer => {
        if (answer !== 'present') asked = { until: now() + ASKED_MS, answer }
        asking = undefined
        return answer
      })
    return asking
  }

  /** Temporal's marker follows Redis's. */
  function mark(): Promise<void> {
    if (marked || now() < setAgainAt) return Promise.resolve()
    setting ??= temporal
      .set()
      .then(
        () => {
          marked = true
        },
        (error: unknown) => {
          setAgainAt = now() + SET_MS
          logger.warn({ err: error }, 'Temporal does not take the marker of the registry; trying again')
        },
      )
      .finally(() => {
        setting = undefined
      })
    return setting
  }

  function note(state: RegistryState): RegistryState {
    if (state !== last) {
      if (state === 'lost') logger.error(new RegistryLost('lost').message)
      else if (last === 'lost' && state === 'there') logger.info('the registry is there again')
      last = state
      deps.found?.(state)
    }
    return state
  }

  function seen(marker: string): void {
    if (known !== undefined && known !== marker) deps.replaced?.()
    known = marker
  }

  async function look(): Promise<RegistryState> {
    const marker = await redis.get()
    if (marker !== undefined) {
      seen(marker)
      void mark()
      return note('there')
    }
    const answer = await ask()
    if (answer === 'present') return note('lost')
    if (answer === 'silent') return note('unknown')
    if (!(await redis.used())) return note('fresh')
    // It came to be, and its marker did not.
    await establish()
    return note('there')
  }

  async function establish(): Promise<void> {
    await redis.set()
    await mark()
  }

  return {
    look,
    async check() {
      const state = await look()
      if (state === 'lost' || state === 'unknown') throw new RegistryLost(state)
      return state
    },
    establish,
    async watch(signal) {
      while (!signal.aborted) {
        // A Redis that cannot be asked is told of by others.
        await look().catch(() => undefined)
        await sleep(WATCH_MS, undefined, { signal }).catch(() => undefined)
      }
    },
  }
}

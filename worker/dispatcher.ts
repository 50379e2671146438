/** Takes ready cycles in turn, account by account, and brings what they accepted to Temporal (architecture.md 3). */
import { setTimeout as sleep } from 'node:timers/promises'
import { createWindow } from './dispatcher-window.ts'
import { serve, type TurnDeps } from './dispatcher-turn.ts'

export type DispatcherDeps = Omit<TurnDeps, 'window'>

export interface Dispatcher {
  /** Runs until `signal` is aborted, and what was under way then is done or given up: what is given up is taken over after its lease. */
  run(signal: AbortSignal): Promise<void>
}

/** Cycles served at once. */
const TURNS = 8
const IDLE = 1_000
const AFTER_ERROR = 500

export function createDispatcher(deps: DispatcherDeps): Dispatcher {
  const window = createWindow()
  const { inbox, logger, workerId } = deps

  return {
    async run(signal) {
      const unsubscribe = inbox.onBegun(workerId, transaction => window.began(transaction))
      const turns = new Set<Promise<void>>()
      while (!signal.aborted) {
        try {
          if (turns.size >= TURNS) await Promise.race(turns)
          await window.waitForRoom(signal)
          const turn = await inbox.take(workerId)
          if (turn === undefined) {
            await inbox.waitForWork(IDLE, signal)
            continue
          }
          const served: Promise<void> = serve({ ...deps, window }, turn, signal)
            .catch((error: unknown) => logger.error({ err: error, account: turn.place.account, cycle: turn.place.cycle }, 'A turn of the inbox failed'))
            .finally(() => turns.delete(served))
          turns.add(served)
        } catch (error) {
          if (signal.aborted) break
          logger.warn({ err: error }, 'The inbox cannot be read; trying again')
          await sleep(AFTER_ERROR, undefined, { signal }).catch(() => undefined)
        }
      }
      unsubscribe()
      await Promise.all(turns)
    },
  }
}

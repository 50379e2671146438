/** How far an operation is, from what is in the registry: which cycles are there, and how they stand. */
import type { AccountId } from '../../../domain/ids.ts'
import type { Operation } from '../../../storage/operation.ts'
import type { Services } from '../../services.ts'

export type StepState = 'waiting' | 'running' | 'done'

export interface ProgressItem {
  /** Of the cycle. */
  readonly name: string
  readonly state: StepState
}

/** One for each cycle, in order; the first that is not done is the one in progress. */
export async function progressOf(
  { registry, inbox }: Pick<Services, 'registry' | 'inbox'>,
  account: AccountId,
  operation: Operation,
): Promise<readonly ProgressItem[]> {
  const done = await Promise.all(
    operation.cycles.map(async ({ cycleId: cycle }) => {
      const place = { account, cycle }
      const [stored, status] = await Promise.all([registry.cycles.version(place), inbox.status(place)])
      const there = stored !== undefined && status !== undefined
      switch (operation.kind) {
        case 'install':
          // A new one is Paused until it is started, or found not to start.
          return there && (!operation.autoStart || status.state !== 'Paused')
        case 'uninstall':
          return !there
        case 'start':
          return !there || status.state === 'Active'
        case 'stop':
          return !there || status.state === 'Stopped' || status.state === 'Paused'
      }
    }),
  )
  const current = done.indexOf(false)
  return operation.cycles.map(({ name }, at) => ({ name, state: done[at] === true ? 'done' : at === current ? 'running' : 'waiting' }))
}

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

/** How much of all is done, from 0 to the number of items: what is in progress counts half. */
export const amountOf = (items: readonly ProgressItem[]): number => items.reduce((sum, { state }) => sum + AMOUNTS[state], 0)

const AMOUNTS: { readonly [S in StepState]: number } = { waiting: 0, running: 0.5, done: 1 }

/** One for each cycle, in order; in progress are those that are begun, and the first that is not. */
export async function progressOf(
  { registry, inbox }: Pick<Services, 'registry' | 'inbox'>,
  account: AccountId,
  operation: Operation,
): Promise<readonly ProgressItem[]> {
  const states = await Promise.all(
    operation.cycles.map(async ({ cycleId: cycle }): Promise<StepState> => {
      const place = { account, cycle }
      const [stored, status] = await Promise.all([registry.cycles.version(place), inbox.status(place)])
      const there = stored !== undefined && status !== undefined
      switch (operation.kind) {
        case 'install':
          // A new one is Paused until it is started, or found not to start.
          if (!there) return 'waiting'
          return operation.autoStart && status.state === 'Paused' ? 'running' : 'done'
        case 'uninstall':
          return there ? 'waiting' : 'done'
        case 'start':
          return there && status.state !== 'Active' ? 'waiting' : 'done'
        case 'stop':
          return there && status.state !== 'Stopped' && status.state !== 'Paused' ? 'waiting' : 'done'
      }
    }),
  )
  const next = states.indexOf('waiting')
  return operation.cycles.map(({ name }, at) => ({ name, state: at === next ? 'running' : (states[at] ?? 'waiting') }))
}

/**
 * Installs, uninstalls, starts or stops a package in an account: wholly, or not at all (marketplace.md 2). The operation's record in Redis has the last
 * word: each activity may be repeated, and the last one ends the record, changes the installation and hands the notification over, at one instant.
 */
import {
  ActivityCancellationType,
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  isCancellation,
  proxyActivities,
  setCurrentDetails,
} from '@temporalio/workflow'
import type { LocalActivities, PackageActivities } from '../activities/contract.ts'
import { code } from './markdown.ts'
import { OPERATION_FAILED, OPERATION_OVER, type PackageOperationInput, type PackageOperationResult } from './messages-package.ts'

const RETRY = { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '10s' } as const
/** How often a stop is repeated where somebody starts a cycle again meanwhile. */
const STOPS = 5

type Cycle = PackageOperationInput['cycles'][number]
/** How it ended; undefined: all of it was done. */
type Failed = readonly string[] | undefined

/** Fails with the type `operationFailed` where it could not be done and was undone; its message has what the user reads. */
export async function packageOperation(input: PackageOperationInput): Promise<PackageOperationResult> {
  const show = createShow(input)
  try {
    const { failed, errors } = await run(input, show)
    show.ended(failed === undefined ? 'Completed' : 'Failed', failed ?? errors)
    if (failed !== undefined) throw ApplicationFailure.nonRetryable(failed.join('\n'), OPERATION_FAILED)
    return { status: 'Completed', errors }
  } catch (error) {
    if (!isOver(error)) throw error
    show.ended('Over', [])
    return { status: 'Over', errors: [] }
  }
}

interface Ending {
  readonly failed: Failed
  /** Of an installation that was made: which of its cycles could not start, and why. */
  readonly errors: readonly string[]
}

async function run(input: PackageOperationInput, show: Show): Promise<Ending> {
  const at = { account: input.account, operation: input.operation }
  const act = (doing: string, cycle?: Cycle) => {
    show.doing(doing, cycle)
    const summary = cycle === undefined ? doing : `${doing} ${cycle.name}`.slice(0, 100)
    // A cancellation waits for the end of what is under way: nothing is undone that may still be done.
    const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED
    const options = { startToCloseTimeout: '90s', heartbeatTimeout: '5s', retry: RETRY, cancellationType, summary } as const
    return proxyActivities<PackageActivities & Pick<LocalActivities, 'stopCycle'>>(options)
  }
  const stop = (cycle: Cycle) => act('Stopping', cycle).stopCycle({ account: input.account, cycle: cycle.cycle })
  const finish = (errors: readonly string[]) => whole(() => act('Finishing').finishOperation(at, { status: 'Completed', errors }))
  /** Puts back what was done, last first, and ends the record as failed; no cancellation stops it. */
  const undo = (errors: readonly string[], cycles: readonly Cycle[], how: (cycle: Cycle) => Promise<unknown>): Promise<Ending> =>
    whole(async () => {
      for (const cycle of cycles.toReversed()) await how(cycle)
      await act('Finishing').finishOperation(at, { status: 'Failed', errors })
      return { failed: errors, errors: [] }
    })

  switch (input.kind) {
    case 'install': {
      const errors: string[] = []
      try {
        for (const cycle of input.cycles) await act('Installing', cycle).installCycle(at, cycle.cycle)
        if (input.autoStart) for (const cycle of input.cycles) errors.push(...(await act('Starting', cycle).startCycle(at, cycle.cycle, true)))
      } catch (error) {
        if (isOver(error)) throw error
        return undo([reasonOf(error)], input.cycles, cycle => act('Removing', cycle).removeCycle(at, cycle.cycle))
      }
      await finish(errors)
      return { failed: undefined, errors }
    }
    case 'uninstall':
      return whole(async () => {
        for (const cycle of input.cycles) await act('Removing', cycle).removeCycle(at, cycle.cycle)
        await finish([])
        return { failed: undefined, errors: [] }
      })
    case 'start': {
      const started: Cycle[] = []
      try {
        const found = await act('Looking at the cycles').examineCycles(at)
        const problems = found.flatMap(cycle => cycle.problems)
        if (problems.length > 0) return await undo(problems, [], stop)
        const still = new Set(found.flatMap(({ cycle, state }) => (state === 'Active' || state === 'Gone' ? [] : [cycle])))
        for (const cycle of input.cycles.filter(one => still.has(one.cycle))) {
          started.push(cycle)
          const errors = await act('Starting', cycle).startCycle(at, cycle.cycle, false)
          if (errors.length > 0) return await undo(errors, started, stop)
        }
      } catch (error) {
        if (isOver(error)) throw error
        return undo([reasonOf(error)], started, stop)
      }
      const late = await finish([])
      return late.length === 0 ? { failed: undefined, errors: [] } : undo(late, started, stop)
    }
    case 'stop':
      return whole(async () => {
        await act('Looking at the cycles').examineCycles(at)
        for (let left = STOPS; ; left--) {
          for (const cycle of input.cycles) await stop(cycle)
          const late = await finish([])
          if (late.length === 0) return { failed: undefined, errors: [] }
          if (left === 1) return undo(late, [], stop)
        }
      })
  }
}

/** Once begun it goes on: a cancellation does not reach it. */
const whole = <T>(work: () => Promise<T>): Promise<T> => CancellationScope.nonCancellable(work)

const causeOf = (error: unknown): ApplicationFailure | undefined =>
  error instanceof ActivityFailure && error.cause instanceof ApplicationFailure ? error.cause : undefined
const isOver = (error: unknown): boolean => causeOf(error)?.type === OPERATION_OVER

/** For the user. */
function reasonOf(error: unknown): string {
  if (isCancellation(error)) return 'An operator cancelled the operation'
  return causeOf(error)?.message ?? (error instanceof Error ? error.message : String(error))
}

interface Show {
  doing(what: string, cycle?: Cycle): void
  ended(status: 'Completed' | 'Failed' | 'Over', errors: readonly string[]): void
}

const title = { install: 'Installing', uninstall: 'Uninstalling', start: 'Starting', stop: 'Stopping' } as const

/** Markdown: what is done, where, how far it is, what went wrong (operations.md 5). */
function createShow({ kind, packageName, packageId, template, accountName, cycles }: PackageOperationInput): Show {
  const done: string[] = []
  let current: string | undefined
  const which = template === undefined ? `package ${packageId}` : `template ${template}`
  const write = (status: string, more: readonly string[]): void =>
    setCurrentDetails([`**${status}**: ${title[kind]} ${code(packageName)} (${which}) in ${code(accountName)}`, ...done, ...more].join('\n'))
  const settle = (): void => {
    if (current !== undefined) done.push(`- ${current}: done`)
    if (done.length > 4 * cycles.length + 10) done.shift()
    current = undefined
  }
  return {
    doing(what, cycle) {
      settle()
      current = cycle === undefined ? what : `${what} ${code(cycle.name)}`
      write('Running', [`- ${current} …`])
    },
    ended(status, errors) {
      settle()
      write(
        status,
        errors.map(error => `- ${code(error)}`),
      )
    },
  }
}

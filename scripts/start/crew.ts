/** All children of a start: begun in order, stopped in the opposite order, at a signal or a failure. */
import { join } from 'node:path'
import type { Report } from '../provision/report.ts'
import { isAlive, processBegan, type Lock, type LockContent } from './lock.ts'
import { createOutput } from './output.ts'
import { supervise, type ChildSpec, type Supervised } from './supervise.ts'
import { waitFor } from './wait.ts'

export interface Crew {
  start(spec: ChildSpec): void
  stopping(): boolean
  stopAll(): Promise<void>
  /** Ends the children of a start that was killed: they still hold the data. */
  endLeftovers(left: LockContent | undefined): Promise<void>
  /** The last lines that a child logged, as the end of a message. */
  lastWords(name: string): string
}

/** Signals that come within this time of the first are the same Ctrl-C, passed on by npm (ms). */
const SAME_SIGNAL = 1_500

export function createCrew(options: { readonly folder: string; readonly lock: Lock; readonly report: Report; readonly verbose: boolean }): Crew {
  const { lock, report } = options
  const logs = join(options.folder, 'logs')
  const output = createOutput(logs, text => report.line(text), options.verbose)
  const children: Supervised[] = []
  const pids = new Map<string, { readonly name: string; readonly pid: number; readonly began: string }>()
  let stoppedAt: number | undefined

  const events = {
    line: (name: string, text: string) => output.take(name, text),
    started(name: string, pid: number) {
      pids.set(name, { name, pid, began: processBegan(pid) ?? '' })
      lock.update({ children: [...pids.values()] })
    },
    died(name: string, how: string, delayMs: number) {
      if (stoppedAt === undefined) report.line(`${name} ended (${how}); it is started again in ${delayMs / 1000} s. Its log: ${join(logs, `${name}.log`)}`)
    },
  }

  const stopAll = async (): Promise<void> => {
    stoppedAt ??= Date.now()
    const [servers, own] = [children.filter(isServer), children.filter(child => !isServer(child))]
    // api and worker finish what they hold, for which they need the servers.
    await Promise.all(own.map(child => child.stop()))
    for (const server of servers.toReversed()) await server.stop()
  }

  const onSignal = (signal: NodeJS.Signals): void => {
    if (stoppedAt !== undefined) {
      if (Date.now() - stoppedAt < SAME_SIGNAL) return
      report.line('Told to stop a second time: all of it is killed.')
      for (const child of children) kill(child.pid(), 'SIGKILL')
      lock.release()
      process.exit(1)
    }
    report.line(`\n${signal}: stopping api and worker, then Temporal and Redis …`)
    void stopAll().then(() => {
      lock.release()
      report.line('Stopped.')
      process.exit(0)
    })
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal)
  // npm passes a SIGTERM on to its shell only: where that is gone, so is whoever started this.
  if (process.env.npm_lifecycle_event !== undefined) {
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent && stoppedAt === undefined) onSignal('SIGTERM')
    }, 500).unref()
  }
  // A terminal that was closed takes no more lines; the children are stopped all the same.
  process.stdout.on('error', () => undefined)

  return {
    start(spec) {
      if (stoppedAt === undefined) children.push(supervise(spec, events))
    },
    stopping: () => stoppedAt !== undefined,
    stopAll,
    async endLeftovers(left) {
      const alive = (left?.children ?? []).filter(isAlive)
      if (alive.length === 0) return
      report.line(`An earlier start was killed; ending what it left: ${alive.map(child => child.name).join(', ')}`)
      for (const child of alive) kill(child.pid, 'SIGTERM')
      await waitFor(async () => !alive.some(isAlive), 15_000)
      for (const child of alive.filter(isAlive)) kill(child.pid, 'SIGKILL')
      await waitFor(async () => !alive.some(isAlive), 5_000)
    },
    lastWords(name) {
      const lines = output.lastLines(name)
      return lines.length === 0 ? '' : `\nIts last lines (more in ${join(logs, `${name}.log`)}):\n${lines.map(line => `  ${line}`).join('\n')}`
    },
  }
}

const isServer = (child: Supervised): boolean => child.name === 'redis' || child.name === 'temporal'

function kill(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

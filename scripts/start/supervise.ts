/** A child process that is started again when it dies, with back-off, until it is told to stop (operations.md 1). */
import { spawn, type ChildProcess } from 'node:child_process'
import { createInterface } from 'node:readline'
import { once } from 'node:events'

export interface ChildSpec {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** How long it may take to end after SIGTERM (ms); then it is killed. */
  readonly graceMs: number
}

export interface ChildEvents {
  line(name: string, text: string): void
  /** It runs; again after each restart. */
  started(name: string, pid: number): void
  /** It ended without being told to, and is started again after `delayMs`. */
  died(name: string, how: string, delayMs: number): void
}

export interface Supervised {
  readonly name: string
  pid(): number | undefined
  /** How often it has died. */
  deaths(): number
  /** SIGTERM, then SIGKILL after the grace; resolves when it has ended. */
  stop(): Promise<void>
}

const FIRST_DELAY = 250
const LONGEST_DELAY = 10_000
/** A life this long ends the back-off. */
const HEALTHY = 20_000

export function supervise(spec: ChildSpec, events: ChildEvents): Supervised {
  let child: ChildProcess | undefined
  let timer: NodeJS.Timeout | undefined
  let stopping = false
  let deaths = 0
  let delay = FIRST_DELAY

  const start = (): void => {
    const began = Date.now()
    // A process group of its own: Ctrl-C reaches only the parent, which stops the children in order.
    const mine = spawn(spec.command, spec.args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
      ...(spec.env === undefined ? {} : { env: spec.env }),
      ...(spec.cwd === undefined ? {} : { cwd: spec.cwd }),
    })
    child = mine
    for (const stream of [mine.stdout, mine.stderr]) createInterface({ input: stream }).on('line', line => events.line(spec.name, line))
    if (mine.pid !== undefined) events.started(spec.name, mine.pid)
    let ended = false
    const end = (how: string): void => {
      if (ended) return
      ended = true
      child = undefined
      if (stopping) return
      deaths += 1
      delay = Date.now() - began > HEALTHY ? FIRST_DELAY : Math.min(delay * 2, LONGEST_DELAY)
      events.died(spec.name, how, delay)
      timer = setTimeout(start, delay)
    }
    mine.on('error', error => end(error.message))
    mine.on('exit', (code, signal) => end(signal === null ? `exit code ${code ?? 'unknown'}` : `killed by ${signal}`))
  }
  start()

  return {
    name: spec.name,
    pid: () => child?.pid,
    deaths: () => deaths,
    async stop() {
      stopping = true
      clearTimeout(timer)
      const running = child
      if (running === undefined) return
      const gone = once(running, 'exit')
      running.kill('SIGTERM')
      const killer = setTimeout(() => running.kill('SIGKILL'), spec.graceMs)
      await gone
      clearTimeout(killer)
    },
  }
}

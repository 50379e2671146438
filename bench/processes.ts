/** Child processes of the bench: started, paused and stopped by their own handle. */
import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export interface Running {
  readonly name: string
  /** All that it printed, both outputs. */
  output(): string
  /** Throws, with the end of its output, where it is no longer there. */
  assertAlive(): void
  pause(): void
  resume(): void
  stop(): Promise<void>
}

const GRACE = 40_000

/** Starts a program whose outputs go to a file. */
export function launch(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv, log: string): Running {
  const file = openSync(log, 'w')
  const child = spawn(command, args, { env, stdio: ['ignore', file, file] })
  closeSync(file)
  const orphaned = (): void => void child.kill('SIGKILL')
  process.once('exit', orphaned)
  let ended: string | undefined
  const end = new Promise<void>(resolve => {
    child.once('exit', (code, signal) => resolve(void (ended = `ended with ${code ?? signal}`)))
    child.once('error', error => resolve(void (ended = error.message)))
  })
  void end.then(() => process.removeListener('exit', orphaned))
  const output = (): string => readFileSync(log, 'utf8')
  return {
    name,
    output,
    assertAlive() {
      if (ended !== undefined) throw new Error(`${name} ${ended}:\n${output().slice(-2_000)}`)
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
    async stop() {
      if (ended !== undefined) return
      child.kill('SIGTERM')
      const killer = setTimeout(() => child.kill('SIGKILL'), GRACE)
      await end
      clearTimeout(killer)
    },
  }
}

/** The first line that a process prints. */
export function firstLine(process: Running): Promise<string> {
  return until(`the first line of ${process.name}`, 60_000, () => {
    process.assertAlive()
    const text = process.output()
    const end = text.indexOf('\n')
    return end < 0 ? undefined : text.slice(0, end)
  })
}

/** Looks again and again until there is something; throws after `timeoutMs`. */
export async function until<T>(what: string, timeoutMs: number, look: () => T | undefined | Promise<T | undefined>, everyMs = 50): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what} did not come within ${timeoutMs / 1000} s`)
    await sleep(everyMs)
  }
}

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it } from 'vitest'

const CHILD = join(import.meta.dirname, 'shutdown-child.ts')

/** Runs the child, sends it a signal at each of the lines named, and gives its lines and exit code. */
async function runChild(
  env: { GRACE: string; STEP: string },
  signals: { readonly [line: string]: NodeJS.Signals },
): Promise<{ lines: string[]; code: number | null }> {
  const child = spawn(process.execPath, ['--import', 'tsx', CHILD], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', line => {
    lines.push(line)
    const signal = signals[line]
    if (signal !== undefined) child.kill(signal)
  })
  const code = await new Promise<number | null>(done => child.on('close', done))
  return { lines, code }
}

describe('the end of a process (operations.md 6)', () => {
  it('runs every step at SIGTERM, also after one that failed, and exits 0', async () => {
    expect(await runChild({ GRACE: '30000', STEP: '1' }, { ready: 'SIGTERM' })).toEqual({ lines: ['ready', 'stopping', 'stopped'], code: 0 })
  })

  it('exits when the grace is over', async () => {
    expect(await runChild({ GRACE: '100', STEP: '60000' }, { ready: 'SIGINT' })).toEqual({ lines: ['ready', 'stopping'], code: 0 })
  })

  it('exits at once at a second signal', async () => {
    expect(await runChild({ GRACE: '60000', STEP: '60000' }, { ready: 'SIGTERM', stopping: 'SIGTERM' })).toEqual({ lines: ['ready', 'stopping'], code: 1 })
  })
})

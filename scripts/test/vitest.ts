/** Runs vitest and counts. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Count {
  readonly passed: number
  readonly failed: number
}

/** Runs the tests (or those that the arguments name) with the environment given. */
export async function runVitest(args: readonly string[], env: NodeJS.ProcessEnv, begun: (child: ChildProcess) => void): Promise<Count> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-vitest-'))
  const file = join(folder, 'results.json')
  try {
    const child = spawn(
      process.execPath,
      ['node_modules/vitest/vitest.mjs', 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`, ...args],
      { cwd: ROOT, env, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    begun(child)
    const code = await new Promise<number>(done => {
      child.on('error', () => done(1))
      child.on('exit', exit => done(exit ?? 1))
    })
    return countOf(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined, code)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Counts vitest's own report; a run that failed although no test did (a file that does not load, an error outside of tests) counts as one failure more. */
export function countOf(report: unknown, code: number): Count {
  const number = (name: string): number => {
    const value: unknown = typeof report === 'object' && report !== null ? new Map<string, unknown>(Object.entries(report)).get(name) : undefined
    return typeof value === 'number' ? value : 0
  }
  const failed = number('numFailedTests')
  return { passed: number('numPassedTests'), failed: failed === 0 && code !== 0 ? 1 : failed }
}

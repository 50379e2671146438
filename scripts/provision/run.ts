/** Looking for programs and running them to their end. */
import { spawn } from 'node:child_process'
import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** The path of the first program of these names on the PATH. */
export function onPath(names: readonly string[], path: string = process.env.PATH ?? ''): string | undefined {
  for (const folder of path.split(delimiter)) {
    for (const name of names) {
      const file = join(folder, name)
      if (folder !== '' && isProgram(file)) return file
    }
  }
  return undefined
}

export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}

export interface RunResult {
  /** `undefined` where the program could not be started or was killed. */
  readonly code: number | undefined
  /** Both outputs, the last 20,000 characters. */
  readonly output: string
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
  /** ms after which it is killed. */
  readonly timeout?: number
  readonly onOutput?: (text: string) => void
}

/** Runs a program to its end; never throws. */
export function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  return new Promise(resolve => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.timeout === undefined ? {} : { timeout: options.timeout, killSignal: 'SIGKILL' as const }),
    })
    let output = ''
    const take = (chunk: Buffer): void => {
      const text = chunk.toString()
      output = (output + text).slice(-20_000)
      options.onOutput?.(text)
    }
    child.stdout.on('data', take)
    child.stderr.on('data', take)
    child.on('error', error => resolve({ code: undefined, output: error.message }))
    child.on('close', code => resolve({ code: code ?? undefined, output }))
  })
}

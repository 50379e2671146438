/** One `npm start` in a data folder: a lock file with the process, where it answers, and the children that it started. */
import { spawnSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'

export interface LockContent {
  readonly pid: number
  /** When that process began, as the system tells it: a pid alone may be another process by now. */
  readonly began: string
  readonly url?: string
  readonly temporalUrl?: string
  readonly children: readonly { readonly name: string; readonly pid: number; readonly began: string }[]
}

export interface Lock {
  update(content: Partial<Pick<LockContent, 'url' | 'temporalUrl' | 'children'>>): void
  release(): void
}

export type Taken = { readonly lock: Lock; readonly left: LockContent | undefined } | { readonly holder: LockContent }

/** When a process began; `undefined` where there is none with this id. */
export function processBegan(pid: number): string | undefined {
  // Field 22 of /proc/PID/stat is the start in ticks since the system's.
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ')[19]
  } catch {
    const { status, stdout } = spawnSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C' } })
    return status === 0 && stdout.trim() !== '' ? stdout.trim() : undefined
  }
}

/** Whether the process that is written down still runs, and is the same one. */
export const isAlive = (process: { readonly pid: number; readonly began: string }): boolean => {
  const began = processBegan(process.pid)
  return began !== undefined && began === process.began
}

/**
 * Takes the lock, or tells who holds it. A lock whose process is gone is taken over; `left` is then what it left behind.
 */
export function takeLock(file: string): Taken {
  const mine = { pid: process.pid, began: processBegan(process.pid) ?? '', children: [] }
  let left: LockContent | undefined
  for (let tries = 0; tries < 5; tries++) {
    const temporary = `${file}.${process.pid}`
    writeFileSync(temporary, JSON.stringify(mine), { mode: 0o600 })
    try {
      // A link is atomic and fails where the file is there: the lock never stands without its content.
      linkSync(temporary, file)
      return { lock: held(file, mine), left }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    } finally {
      rmSync(temporary, { force: true })
    }
    const holder = readLock(file)
    if (holder !== undefined && holder.pid !== process.pid && isAlive(holder)) return { holder }
    left = holder ?? left
    rmSync(file, { force: true })
  }
  throw new Error(`${file} cannot be taken`)
}

function held(file: string, first: LockContent): Lock {
  let content = first
  return {
    update(change) {
      content = { ...content, ...change }
      writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
      renameSync(`${file}.new`, file)
    },
    release() {
      if (readLock(file)?.pid === process.pid) rmSync(file, { force: true })
    },
  }
}

/** What is written down, where there is a lock that can be read. */
export function readLock(file: string): LockContent | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isContent(content) ? content : undefined
  } catch {
    return undefined
  }
}

function isContent(value: unknown): value is LockContent {
  return (
    typeof value === 'object' &&
    value !== null &&
    'pid' in value &&
    typeof value.pid === 'number' &&
    'began' in value &&
    typeof value.began === 'string' &&
    'children' in value &&
    Array.isArray(value.children)
  )
}

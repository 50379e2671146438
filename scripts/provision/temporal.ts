/** Temporal's development server for this machine, and how it is started (operations.md 1, architecture.md 7). */
import { mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { buildTemporal, goProgram } from './temporal-build.ts'
import { downloadTemporal } from './temporal-download.ts'
import { ProvisionError, type Report } from './report.ts'
import { isProgram, onPath, run } from './run.ts'

export const TEMPORAL_VERSION = '1.8.2'
/** The oldest server that has all that is used: fairness, eager starts, update with start. */
const OLDEST_SERVER = [1, 31, 0] as const

/** Where programs are kept for all checkouts of a user. */
export const cacheFolder = (env: NodeJS.ProcessEnv = process.env): string => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'flywheel')

/** Whether what `temporal --version` prints is a server that fits; `temporal version 1.8.2 (Server 1.31.2, UI 2.50.1)`. */
export function fitsVersion(printed: string): boolean {
  const found = /Server (\d+)\.(\d+)\.(\d+)/.exec(printed)?.slice(1).map(Number)
  if (found === undefined) return false
  for (const [i, least] of OLDEST_SERVER.entries()) {
    const part = found[i] ?? 0
    if (part !== least) return part > least
  }
  return true
}

async function fits(program: string): Promise<boolean> {
  const { code, output } = await run(program, ['--version'], { timeout: 30_000 })
  return code === 0 && fitsVersion(output)
}

/** `temporal` on the PATH, else the user's cache, else the official download, else built with Go into the cache. */
export async function provideTemporal(report: Report, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const installed = onPath(['temporal'], env.PATH)
  if (installed !== undefined) {
    if (await fits(installed)) return installed
    report.line(`${installed} is older than Temporal CLI ${TEMPORAL_VERSION}: not used`)
  }
  const folder = cacheFolder(env)
  const cached = join(folder, `temporal-${TEMPORAL_VERSION}`)
  if (isProgram(cached) && (await fits(cached))) return cached

  mkdirSync(folder, { recursive: true })
  const downloadProblem = await downloadTemporal(TEMPORAL_VERSION, cached, report)
  if (downloadProblem === undefined) {
    if (await fits(cached)) return cached
    report.line('the downloaded Temporal does not run here')
  } else {
    report.line(`Temporal could not be downloaded (${downloadProblem})`)
  }
  const go = goProgram(env)
  const buildProblem = go === undefined ? 'Go is not installed' : await buildTemporal(go, TEMPORAL_VERSION, cached, report)
  if (buildProblem === undefined && (await fits(cached))) return cached
  throw new ProvisionError(
    `Flywheel needs Temporal, and it could not be had:\n  download: ${downloadProblem ?? 'it does not run here'}\n  build: ${buildProblem ?? 'it does not run here'}\n\n` +
      `Do one of these and run this again:\n` +
      `  - install the Temporal CLI ${TEMPORAL_VERSION} or newer on the PATH (https://docs.temporal.io/cli)\n` +
      `  - install Go 1.21 or newer (https://go.dev/dl): Flywheel then builds it by itself\n` +
      `  - set TEMPORAL_ADDRESS to a Temporal server that runs already`,
  )
}

/** Dynamic configuration (a file in Temporal's format) as flags of the development server. */
export function dynamicConfigFlags(file: string): string[] {
  const entries: unknown = parse(readFileSync(file, 'utf8'))
  if (typeof entries !== 'object' || entries === null) throw new Error(`${file} is not a mapping`)
  return Object.entries(entries).flatMap(([key, values]: [string, unknown]) => {
    const first: unknown = Array.isArray(values) ? values[0] : undefined
    if (typeof first !== 'object' || first === null || !('value' in first)) throw new Error(`${file}: ${key} has no value`)
    return ['--dynamic-config-value', `${key}=${JSON.stringify(first.value)}`]
  })
}

export interface TemporalServer {
  readonly port: number
  /** Without it the server has no UI. */
  readonly uiPort?: number
  readonly databaseFile: string
  readonly dynamicConfig: string
}

/** Arguments of the development server; every commit is synced to the disk. */
export function temporalArgs(server: TemporalServer): string[] {
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--port', String(server.port)],
    ...(server.uiPort === undefined ? ['--headless'] : ['--ui-port', String(server.uiPort)]),
    ...['--db-filename', server.databaseFile, '--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=full'],
    ...['--log-level', 'warn', ...dynamicConfigFlags(server.dynamicConfig)],
  ]
}

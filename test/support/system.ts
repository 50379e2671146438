import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterEach, inject, vi } from 'vitest'
import { freePort } from '../../scripts/provision/ports.ts'
import { createTestClient, type TestClient } from './client.ts'
import { startReceiver, type TestReceiver } from './receiver.ts'
import { freshRedis } from './redis.ts'
import { until } from './until.ts'

export type ProcessName = 'api' | 'worker'

export interface SystemOptions {
  /** Further environment variables of both processes, such as `STOPPED_QUEUE_TTL`. */
  readonly env?: { readonly [name: string]: string }
  /** A Redis of its own; default a fresh database of the run's. */
  readonly redisUrl?: string
  /** A Temporal of its own; default the run's. */
  readonly temporalAddress?: string
}

/** Flywheel as it is deployed: an api and a worker process on real Redis and real Temporal, spoken to over HTTP. */
export interface TestSystem {
  readonly client: TestClient
  readonly receiver: TestReceiver
  readonly redisUrl: string
  readonly temporalAddress: string
  readonly taskQueue: string
  readonly apiUrl: string
  readonly clientSecret: string
  /** Kills the process (default SIGKILL) and waits until it is gone. */
  kill(name: ProcessName, signal?: NodeJS.Signals): Promise<void>
  /** Starts a killed process again, on the same port, and waits until it is ready. */
  start(name: ProcessName): Promise<void>
  /** Kills and starts it again. */
  restart(name: ProcessName): Promise<void>
  running(name: ProcessName): boolean
  /** Where the processes' logs lie while the system is not stopped. */
  readonly logFolder: string
  /** The last lines of both processes' logs, for a failed test. */
  logs(): string
  stop(): Promise<void>
}

const ROOT = resolve(import.meta.dirname, '../..')
const READY_MS = 120_000

// Bounds, not paces: a busy machine takes its time to start processes again.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

/** Systems that run now; a failed test shows what their processes logged, and their logs are kept. */
const systems = new Set<{ readonly logs: () => string; failed: boolean }>()
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return
  for (const system of systems) {
    system.failed = true
    console.error(system.logs())
  }
})

export async function startSystem(options: SystemOptions = {}): Promise<TestSystem> {
  const own = options.redisUrl === undefined ? await freshRedis() : undefined
  const redisUrl = options.redisUrl ?? own?.url ?? ''
  const temporalAddress = options.temporalAddress ?? inject('temporalAddress')
  const taskQueue = `test-${randomUUID()}`
  const logDir = mkdtempSync(join(tmpdir(), 'flywheel-test-'))
  const ports = { api: await freePort(0), worker: await freePort(0) }
  const clientSecret = randomBytes(24).toString('hex')
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PORT: String(ports.api),
    HOST: '127.0.0.1',
    PUBLIC_URL: `http://127.0.0.1:${ports.api}`,
    WORKER_METRICS_PORT: String(ports.worker),
    REDIS_URL: redisUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: 'flywheel',
    TEMPORAL_TASK_QUEUE: taskQueue,
    CLIENT_ID: 'test',
    CLIENT_SECRET: clientSecret,
    ENCRYPTION_KEYS: `k1:${randomBytes(32).toString('base64')}`,
    ALLOW_PRIVATE_ADDRESSES: 'true',
    ALLOW_VOLATILE_REDIS: 'true',
    LOG_LEVEL: 'info',
    NODE_ENV: 'test',
    ...options.env,
  }
  const children = new Map<ProcessName, ChildProcess>()

  const running = (name: ProcessName): boolean => {
    const child = children.get(name)
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }

  const start = async (name: ProcessName): Promise<void> => {
    const child = spawn(process.execPath, entry(name), { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
    children.set(name, child)
    const log = createWriteStream(logFile(logDir, name), { flags: 'a' })
    child.stdout.pipe(log, { end: false })
    child.stderr.pipe(log, { end: false })
    const state = await until(
      async () => {
        if (!running(name)) return 'ended'
        const answer = await fetch(`http://127.0.0.1:${ports[name]}/readyz`)
        await answer.arrayBuffer()
        return answer.ok && 'ready'
      },
      { timeoutMs: READY_MS, everyMs: 100, what: `${name} being ready` },
    ).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${tail(logFile(logDir, name))}`, { cause: error })
    })
    if (state === 'ended') throw new Error(`${name} ended while it started:\n${tail(logFile(logDir, name))}`)
  }

  const kill = async (name: ProcessName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    const child = children.get(name)
    if (child === undefined || !running(name)) return
    child.kill(signal)
    await until(() => !running(name), { what: `${name} being gone`, timeoutMs: 40_000 })
  }

  const logs = (): string => `api (${logDir}):\n${tail(logFile(logDir, 'api'))}\nworker:\n${tail(logFile(logDir, 'worker'))}`
  const shown = { logs, failed: false }
  systems.add(shown)
  const receiver = await startReceiver()
  const client = createTestClient({ base: () => `http://127.0.0.1:${ports.api}`, clientId: 'test', clientSecret })
  const stop = async (): Promise<void> => {
    await Promise.all([kill('api'), kill('worker')])
    await client.close()
    await receiver.close()
    await own?.client.quit()
    systems.delete(shown)
    if (!shown.failed) rmSync(logDir, { recursive: true, force: true })
  }
  try {
    await Promise.all([start('api'), start('worker')])
  } catch (error) {
    await stop()
    throw error
  }
  return {
    client,
    receiver,
    redisUrl,
    temporalAddress,
    taskQueue,
    apiUrl: `http://127.0.0.1:${ports.api}`,
    clientSecret,
    kill,
    start,
    running,
    logFolder: logDir,
    restart: async name => {
      await kill(name)
      await start(name)
    },
    logs,
    stop,
  }
}

/** From dist where the run says that it is built (`FLYWHEEL_TEST_DIST=1`), else from source. */
function entry(name: ProcessName): string[] {
  if (process.env.FLYWHEEL_TEST_DIST === '1') {
    const watchdog = join(ROOT, 'dist/worker/watchdog.js')
    return [...(name === 'worker' && existsSync(watchdog) ? ['--import', watchdog] : []), join(ROOT, `dist/${name}/main.js`)]
  }
  return ['--import', 'tsx', join(ROOT, `${name}/main.ts`)]
}

const logFile = (dir: string, name: ProcessName): string => join(dir, `${name}.log`)

function tail(file: string): string {
  if (!existsSync(file)) return ''
  return readFileSync(file, 'utf8').split('\n').slice(-40).join('\n')
}

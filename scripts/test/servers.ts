/** One Redis and one Temporal of a test run's own, with their data in a temporary folder. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Connection } from '@temporalio/client'
import { Redis } from 'ioredis'
import { ensureNamespace } from '../../platform/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts'
import { freePort } from '../provision/ports.ts'
import { provideRedis, redisArgs } from '../provision/redis.ts'
import type { Report } from '../provision/report.ts'
import { provideTemporal, temporalArgs } from '../provision/temporal.ts'
import { supervise, type Supervised } from '../start/supervise.ts'
import { waitFor } from '../start/wait.ts'

export interface Servers {
  readonly redisUrl: string
  readonly temporalAddress: string
  /** Of a Temporal that was started here, where it was asked for. */
  readonly temporalUiUrl?: string
  /** Ends those that were started here, and removes their data. */
  stop(): Promise<void>
}

const DYNAMIC_CONFIG = resolve(import.meta.dirname, '../../deploy/temporal/dynamic-config.yaml')
/** A cold Temporal takes its time on a busy machine (ms). */
const START = 120_000
/** As many as test files may take one each. */
const DATABASES = 4_096

/** Joins the servers that `FLYWHEEL_TEST_REDIS_URL` and `FLYWHEEL_TEST_TEMPORAL_ADDRESS` name, and starts those that they do not; `ui`: Temporal with its UI. */
export async function startServers(report: Report, env: NodeJS.ProcessEnv = process.env, { ui = false } = {}): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-test-'))
  const started: Supervised[] = []
  const stop = async (): Promise<void> => {
    for (const server of started.toReversed()) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    const redisUrl = env.FLYWHEEL_TEST_REDIS_URL ?? (await startRedis(folder, started, report))
    const uiPort = ui ? await freePort(0) : undefined
    const temporalAddress = env.FLYWHEEL_TEST_TEMPORAL_ADDRESS ?? (await startTemporal(folder, started, report, uiPort))
    await awaitRedis(redisUrl)
    await awaitTemporal(temporalAddress)
    return { redisUrl, temporalAddress, ...(uiPort === undefined ? {} : { temporalUiUrl: `http://127.0.0.1:${uiPort}` }), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function startRedis(folder: string, started: Supervised[], report: Report): Promise<string> {
  const program = await provideRedis(report)
  const data = join(folder, 'redis')
  mkdirSync(data)
  const port = await freePort(0)
  started.push(begin('redis', program, redisArgs({ program, port, folder: data, databases: DATABASES }), report))
  return `redis://127.0.0.1:${port}`
}

async function startTemporal(folder: string, started: Supervised[], report: Report, uiPort: number | undefined): Promise<string> {
  const program = await provideTemporal(report)
  const port = await freePort(0)
  const args = temporalArgs({ port, ...(uiPort === undefined ? {} : { uiPort }), databaseFile: join(folder, 'temporal.db'), dynamicConfig: DYNAMIC_CONFIG })
  started.push(begin('temporal', program, args, report))
  return `127.0.0.1:${port}`
}

function begin(name: string, command: string, args: readonly string[], report: Report): Supervised {
  let last = ''
  return supervise(
    { name, command, args, graceMs: 15_000 },
    {
      line: (_, text) => {
        last = text
      },
      started: () => undefined,
      died: (_, how) => report.line(`${name} of the test run ended (${how}): ${last}`),
    },
  )
}

async function awaitRedis(url: string): Promise<void> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => 100 })
  redis.on('error', () => undefined)
  try {
    const late = await waitFor(async () => (await redis.ping()) === 'PONG', START)
    if (late !== undefined) throw new Error(`Redis does not answer at ${url}: ${late}`)
  } finally {
    redis.disconnect()
  }
}

async function awaitTemporal(address: string): Promise<void> {
  let connection: Connection | undefined
  const late = await waitFor(async () => {
    connection = await Connection.connect({ address, connectTimeout: 5_000 })
    return true
  }, START)
  if (connection === undefined) throw new Error(`Temporal does not answer at ${address}: ${late}`)
  await ensureNamespace(connection, { temporalNamespace: 'flywheel' }, SEARCH_ATTRIBUTES)
  await connection.close()
}

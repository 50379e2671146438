/** Redis and Temporal for the bench: those that the environment names, else servers of its own with a folder of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { freePort } from '../scripts/provision/ports.ts'
import { provideRedis, redisArgs } from '../scripts/provision/redis.ts'
import { createReport } from '../scripts/provision/report.ts'
import { provideTemporal, temporalArgs } from '../scripts/provision/temporal.ts'
import { launch, until, type Running } from './processes.ts'

export interface Servers {
  /** With a database of its own, empty. */
  readonly redisUrl: string
  readonly temporalAddress: string
  /** For logs and data; gone after `close`. */
  readonly folder: string
  readonly own: boolean
  close(): Promise<void>
}

/** `FLYWHEEL_TEST_REDIS_URL` and `FLYWHEEL_TEST_TEMPORAL_ADDRESS`, as for the tests, name servers to join. */
export async function openServers(env: NodeJS.ProcessEnv): Promise<Servers> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
  const { FLYWHEEL_TEST_REDIS_URL: redisUrl, FLYWHEEL_TEST_TEMPORAL_ADDRESS: temporalAddress } = env
  const started: Running[] = []
  const close = async (): Promise<void> => {
    for (const server of started.toReversed()) await server.stop()
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    if (redisUrl !== undefined && temporalAddress !== undefined) {
      return { redisUrl: await emptyDatabase(redisUrl), temporalAddress, folder, own: false, close }
    }
    const report = createReport(process.stderr)
    const redisPort = await freePort(17_600)
    const program = await provideRedis(report)
    started.push(launch('Redis', program, redisArgs({ program, port: redisPort, folder }), env, join(folder, 'redis.log')))
    const port = await freePort(17_700)
    const temporal = await provideTemporal(report)
    const args = temporalArgs({
      port,
      databaseFile: join(folder, 'temporal.db'),
      dynamicConfig: join(import.meta.dirname, '../deploy/temporal/dynamic-config.yaml'),
    })
    started.push(launch('Temporal', temporal, args, env, join(folder, 'temporal.log')))
    for (const [i, p] of [redisPort, port].entries()) await listening(p, started[i])
    return { redisUrl: `redis://127.0.0.1:${redisPort}/0`, temporalAddress: `127.0.0.1:${port}`, folder, own: true, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function emptyDatabase(base: string): Promise<string> {
  const counter = new Redis(base)
  const n = await counter.incr('test:databases')
  await counter.quit()
  const url = `${base}/${n % 4000}`
  const client = new Redis(url)
  await client.flushdb()
  await client.quit()
  return url
}

async function listening(port: number, server: Running | undefined): Promise<void> {
  await until(`port ${port}`, 60_000, () => {
    server?.assertAlive()
    return new Promise<true | undefined>(resolve => {
      const socket = createConnection({ host: '127.0.0.1', port }, () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(undefined))
    })
  })
}

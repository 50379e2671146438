/** Redis and Temporal for the bench: those that the environment names, as for the tests, else servers of its own. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { createReport } from '../scripts/provision/report.ts'
import { startServers } from '../scripts/test/servers.ts'

export interface Servers {
  /** With a database of its own, empty. */
  readonly redisUrl: string
  /** Another empty database in the same Redis. */
  database(): Promise<string>
  readonly temporalAddress: string
  /** For logs; gone after `close`. */
  readonly folder: string
  /** Both were started for the bench. */
  readonly own: boolean
  close(): Promise<void>
}

export async function openServers(env: NodeJS.ProcessEnv): Promise<Servers> {
  const servers = await startServers(createReport(process.stderr), env)
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-bench-'))
  return {
    redisUrl: await emptyDatabase(servers.redisUrl),
    database: () => emptyDatabase(servers.redisUrl),
    temporalAddress: servers.temporalAddress,
    folder,
    own: env.FLYWHEEL_TEST_REDIS_URL === undefined && env.FLYWHEEL_TEST_TEMPORAL_ADDRESS === undefined,
    async close() {
      await servers.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Counted as the tests count theirs, so that both can use one server at once. */
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

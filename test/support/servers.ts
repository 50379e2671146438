import type { TestProject } from 'vitest/node'
import { createReport } from '../../scripts/provision/report.ts'
import { startServers } from '../../scripts/test/servers.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `redis://host:port`, without a database: take one of your own with `freshRedis()`. */
    readonly redisUrl: string
    /** `host:port` of the run's Temporal server; its namespace `flywheel` has the search attributes. */
    readonly temporalAddress: string
  }
}

/** One Redis and one Temporal for the whole run: those named in the environment, else servers of its own. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const servers = await startServers(createReport(process.stderr))
  project.provide('redisUrl', servers.redisUrl)
  project.provide('temporalAddress', servers.temporalAddress)
  return servers.stop
}

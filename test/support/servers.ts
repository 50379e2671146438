import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** `redis://host:port`, without a database: take one of your own with `freshRedis()`. */
    readonly redisUrl: string
    /** `host:port` of the run's Temporal server; its namespace `flywheel` has the search attributes. */
    readonly temporalAddress: string
  }
}

/** One Redis and one Temporal for the whole run: those named in the environment, else servers of its own. */
export default async function setup(project: TestProject): Promise<void> {
  const redis = process.env.FLYWHEEL_TEST_REDIS_URL
  const temporal = process.env.FLYWHEEL_TEST_TEMPORAL_ADDRESS
  if (redis === undefined || temporal === undefined) throw new Error('set FLYWHEEL_TEST_REDIS_URL and FLYWHEEL_TEST_TEMPORAL_ADDRESS')
  project.provide('redisUrl', redis)
  project.provide('temporalAddress', temporal)
}

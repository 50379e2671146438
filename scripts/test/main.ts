/** All checks and all tests of a checkout, with servers of the run's own, and the count at the end. */
import type { ChildProcess } from 'node:child_process'
import { BuildError, ensureBuilt } from '../build.ts'
import { createReport, elapsed, ProvisionError } from '../provision/report.ts'
import { CHECKS, runCheck } from './checks.ts'
import { startServers, type Servers } from './servers.ts'
import { runVitest, type Count } from './vitest.ts'

/** `--checks`: the static checks alone; other arguments name tests, which then run without the checks. */
export async function main(args: readonly string[]): Promise<void> {
  const onlyChecks = args.includes('--checks')
  const named = args.filter(arg => arg !== '--checks')
  let count: Count = { passed: 0, failed: 0 }
  if (named.length === 0) count = add(count, await checkAll())
  if (!onlyChecks) count = add(count, await testAll(named))
  console.log(`\n${count.passed} passed, ${count.failed} failed`)
  process.exitCode = count.failed === 0 && count.passed > 0 ? 0 : 1
}

/** Rooms whose tests need no whole system, or only one: their files run side by side, two at a time; all others one after the other. */
const SIDE_BY_SIDE = ['activities', 'api', 'cli', 'domain', 'histories', 'platform', 'scripting', 'storage', 'worker', 'workflows'].map(room => `test/${room}/`)
const RUNS: readonly (readonly string[])[] = [
  [...SIDE_BY_SIDE, '--maxWorkers=2'],
  [...SIDE_BY_SIDE.map(folder => `--exclude=${folder}**`), '--maxWorkers=1'],
]

const add = (a: Count, b: Count): Count => ({ passed: a.passed + b.passed, failed: a.failed + b.failed })
const one = (ok: boolean): Count => (ok ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 })

async function checkAll(): Promise<Count> {
  let count: Count = { passed: 0, failed: 0 }
  for (const check of CHECKS) {
    const began = Date.now()
    const problem = await runCheck(check)
    console.log(problem === undefined ? `✓ ${check.name} (${elapsed(began)})` : `✗ ${check.name}\n${problem}\n`)
    count = add(count, one(problem === undefined))
  }
  return count
}

async function testAll(named: readonly string[]): Promise<Count> {
  const report = createReport(process.stderr)
  let servers: Servers | undefined
  let running: ChildProcess | undefined
  const interrupted = (signal: NodeJS.Signals): void => {
    running?.kill(signal)
    void (servers?.stop() ?? Promise.resolve()).finally(() => process.exit(130))
  }
  process.once('SIGINT', interrupted)
  process.once('SIGTERM', interrupted)
  try {
    await ensureBuilt()
    servers = await startServers(report)
    const env = { ...process.env, FLYWHEEL_TEST_REDIS_URL: servers.redisUrl, FLYWHEEL_TEST_TEMPORAL_ADDRESS: servers.temporalAddress, FLYWHEEL_TEST_DIST: '1' }
    let count: Count = named.length === 0 ? one(true) : { passed: 0, failed: 0 }
    for (const args of named.length === 0 ? RUNS : [named]) {
      const tests = await runVitest(args, env, child => {
        running = child
      })
      count = add(count, tests)
    }
    return count
  } catch (error) {
    const plain = error instanceof BuildError || error instanceof ProvisionError
    console.log(`✗ ${plain ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}`)
    return one(false)
  } finally {
    await servers?.stop()
  }
}

/** Starts Redis, Temporal, api and worker, watches over them, and prints what a newcomer needs (operations.md 1). */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Connection } from '@temporalio/client'
import { ConfigError, maskUrl, parseConfig, type Config } from '../../platform/config.ts'
import { checkDurable, connectRedis, VolatileRedisError } from '../../platform/redis.ts'
import { ensureNamespace, temporalOptions } from '../../platform/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts'
import { BuildError, ensureBuilt } from '../build.ts'
import { freePort } from '../provision/ports.ts'
import { provideRedis, redisArgs } from '../provision/redis.ts'
import { createReport, elapsed, ProvisionError, type Report } from '../provision/report.ts'
import { provideTemporal, temporalArgs } from '../provision/temporal.ts'
import { createApiClient, waitReady } from './api-client.ts'
import { createCrew, type Crew } from './crew.ts'
import { ensureCredentials } from './credentials.ts'
import { readExamples } from './examples.ts'
import { takeLock, type Lock } from './lock.ts'
import { seedWherePossible } from './seed.ts'
import { waitFor } from './wait.ts'
import { welcome } from './welcome.ts'

const ROOT = resolve(import.meta.dirname, '../..')
/** A server of our own may be cold, and read its data; one that is there already should answer (ms). */
const SERVER_START = 120_000
const SERVER_ANSWER = 20_000
const READY = 120_000

/** Something that the user must put right; the message says how. */
class StartError extends Error {
  override readonly name = 'StartError'
}

/** Runs until it is told to stop; ends the process. */
export async function main(): Promise<void> {
  const report = createReport(process.stdout)
  let crew: Crew | undefined
  let lock: Lock | undefined
  try {
    loadEnvFile()
    const config = parseConfig(process.env, 'start')
    const folder = resolve(ROOT, config.dataDir)
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const taken = takeLock(join(folder, 'lock.json'))
    if ('holder' in taken) {
      const { pid, url, temporalUrl } = taken.holder
      const where = url === undefined ? 'it is still starting' : `API ${url}, Temporal UI ${temporalUrl ?? 'unknown'}`
      throw new StartError(
        `Flywheel runs already with the data in ${folder} (process ${pid}): ${where}.\nStop that one with Ctrl-C where it runs, or with: kill ${pid}`,
      )
    }
    lock = taken.lock
    crew = createCrew({ folder, lock, report, verbose: process.env.LOG_LEVEL !== undefined && process.env.LOG_LEVEL !== '' })
    await crew.endLeftovers(taken.left)
    await start(config, folder, crew, lock, report)
  } catch (error) {
    const plain =
      error instanceof StartError ||
      error instanceof ProvisionError ||
      error instanceof ConfigError ||
      error instanceof BuildError ||
      error instanceof VolatileRedisError
    report.line(`\n${plain ? error.message : error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    if (crew?.stopping() === true) return
    await crew?.stopAll()
    lock?.release()
    process.exit(1)
  }
}

/** `.env` beside the code, where there is one; what is set already wins. */
function loadEnvFile(): void {
  const file = join(ROOT, '.env')
  if (existsSync(file)) process.loadEnvFile(file)
}

const isSet = (name: string): boolean => (process.env[name] ?? '').trim() !== '' || (process.env[`${name}_FILE`] ?? '').trim() !== ''

async function start(config: Config, folder: string, crew: Crew, lock: Lock, report: Report): Promise<void> {
  const began = Date.now()
  const own = { redis: !isSet('REDIS_URL'), temporal: !isSet('TEMPORAL_ADDRESS') }
  const redisProgram = own.redis ? await provideRedis(report) : undefined
  const temporalProgram = own.temporal ? await provideTemporal(report) : undefined
  if (await building(report)) report.line('Built.')
  const credentials = ensureCredentials(folder, process.env)

  const redisUrl = redisProgram === undefined ? config.redisUrl : await startRedis(redisProgram, folder, crew, report)
  const redis = connectRedis(redisUrl)
  try {
    const late = await waitFor(async () => (await redis.ping()) === 'PONG', own.redis ? SERVER_START : SERVER_ANSWER, crew.stopping)
    if (late !== undefined)
      throw new StartError(`Redis does not answer at ${maskUrl(redisUrl)} (${late}).${own.redis ? crew.lastWords('redis') : unset('REDIS_URL')}`)
    await checkDurable(redis, config.allowVolatileRedis)
  } finally {
    redis.disconnect()
  }

  const temporal =
    temporalProgram === undefined ? { address: config.temporalAddress, ui: config.temporalUiUrl } : await startTemporal(temporalProgram, folder, crew, report)
  await prepareTemporal(temporal.address, own.temporal, config, crew)

  const wished = isSet('PORT') ? config.port : (lastPort(folder) ?? config.port)
  const port = await freePort(wished)
  if (port !== wished) report.line(`Port ${wished} is taken: the API is at ${port}.`)
  writeFileSync(join(folder, 'port'), `${port}\n`)
  const publicUrl = isSet('PUBLIC_URL') ? config.publicUrl : `http://localhost:${port}`
  const workerPort = await freePort(config.workerMetricsPort)
  const env: NodeJS.ProcessEnv = {
    ALLOW_PRIVATE_ADDRESSES: 'true',
    ...withoutFiles(process.env),
    PORT: String(port),
    PUBLIC_URL: publicUrl,
    REDIS_URL: redisUrl,
    TEMPORAL_ADDRESS: temporal.address,
    TEMPORAL_UI_URL: temporal.ui,
    CLIENT_ID: credentials.clientId,
    CLIENT_SECRET: credentials.clientSecret,
    ENCRYPTION_KEYS: credentials.encryptionKeys,
    WORKER_METRICS_PORT: String(workerPort),
  }
  crew.start({ name: 'api', command: process.execPath, args: ['dist/api/main.js'], env, cwd: ROOT, graceMs: 35_000 })
  const worker = ['--import', './dist/worker/watchdog.js', 'dist/worker/main.js']
  crew.start({ name: 'worker', command: process.execPath, args: worker, env, cwd: ROOT, graceMs: 35_000 })

  const local = `http://127.0.0.1:${port}`
  for (const [name, url] of [
    ['api', local],
    ['worker', `http://127.0.0.1:${workerPort}`],
  ] as const) {
    const notReady = await waitReady(url, READY, crew.stopping)
    if (crew.stopping()) return
    if (notReady !== undefined) throw new StartError(`${name} does not come up (${notReady}).${crew.lastWords(name)}`)
  }
  const api = await createApiClient(local, credentials.clientId, credentials.clientSecret)
  const seeded = await seedWherePossible(api, readExamples(join(ROOT, 'examples')), local)
  lock.update({ url: publicUrl, temporalUrl: temporal.ui })
  report.line(
    welcome({
      publicUrl,
      temporalUrl: `${temporal.ui}/namespaces/${config.temporalNamespace}/workflows`,
      clientId: credentials.clientId,
      clientSecret: credentials.clientSecret,
      ...seeded,
      footer: [`Data and logs are in ${folder}. Started in ${elapsed(began)}; Ctrl-C stops all of it.`],
    }),
  )
}

/** The port of the start before: senders know their URLs with it. */
function lastPort(folder: string): number | undefined {
  const file = join(folder, 'port')
  const port = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined
}

async function building(report: Report): Promise<boolean> {
  const began = Date.now()
  const ticking = setInterval(() => report.progress(`  building … ${elapsed(began)}`), 1_000)
  try {
    return await ensureBuilt()
  } finally {
    clearInterval(ticking)
  }
}

/** The variables that the children get as values are not given as files as well. */
function withoutFiles(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const given = [
    'CLIENT_ID',
    'CLIENT_SECRET',
    'ENCRYPTION_KEYS',
    'REDIS_URL',
    'TEMPORAL_ADDRESS',
    'TEMPORAL_UI_URL',
    'PORT',
    'PUBLIC_URL',
    'WORKER_METRICS_PORT',
  ]
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => value !== '' && !given.some(each => name === `${each}_FILE`)))
}

const unset = (name: string): string => `\nStart it, or leave ${name} out: Flywheel then starts one of its own.`

async function startRedis(program: string, folder: string, crew: Crew, report: Report): Promise<string> {
  const data = join(folder, 'redis')
  mkdirSync(data, { recursive: true })
  const port = await freePort(6379)
  report.line(`Redis at 127.0.0.1:${port}, data in ${data}`)
  crew.start({ name: 'redis', command: program, args: redisArgs({ program, port, folder: data }), graceMs: 20_000 })
  return `redis://127.0.0.1:${port}`
}

async function startTemporal(program: string, folder: string, crew: Crew, report: Report): Promise<{ address: string; ui: string }> {
  const data = join(folder, 'temporal')
  mkdirSync(data, { recursive: true })
  const port = await freePort(7233)
  const uiPort = await freePort(8233)
  report.line(`Temporal at 127.0.0.1:${port}, UI at ${uiPort}, data in ${data}`)
  const args = temporalArgs({ port, uiPort, databaseFile: join(data, 'temporal.db'), dynamicConfig: join(ROOT, 'deploy/temporal/dynamic-config.yaml') })
  crew.start({ name: 'temporal', command: program, args, graceMs: 20_000 })
  return { address: `127.0.0.1:${port}`, ui: `http://localhost:${uiPort}` }
}

async function prepareTemporal(address: string, own: boolean, config: Config, crew: Crew): Promise<void> {
  let connection: Connection | undefined
  const late = await waitFor(
    async () => {
      connection = await Connection.connect({ ...temporalOptions(config), address, connectTimeout: 5_000 })
      return true
    },
    own ? SERVER_START : SERVER_ANSWER,
    crew.stopping,
  )
  if (connection === undefined) {
    throw new StartError(`Temporal does not answer at ${address} (${late ?? 'stopped'}).${own ? crew.lastWords('temporal') : unset('TEMPORAL_ADDRESS')}`)
  }
  try {
    await ensureNamespace(connection, config, SEARCH_ATTRIBUTES)
  } finally {
    await connection.close()
  }
}

import { spawn, type ChildProcess } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Connection } from '@temporalio/client'
import { Redis } from 'ioredis'
import { afterAll, beforeAll } from 'vitest'
import { ensureNamespace } from '../../platform/temporal.ts'
import { freePort } from '../../scripts/provision/ports.ts'
import { provideRedis, redisArgs } from '../../scripts/provision/redis.ts'
import { createReport } from '../../scripts/provision/report.ts'
import { provideTemporal, temporalArgs } from '../../scripts/provision/temporal.ts'
import { SEARCH_ATTRIBUTES } from '../../workflows/messages.ts'
import { startSystem, type TestSystem } from '../support/system.ts'
import { until } from '../support/until.ts'

export type ServerName = 'redis' | 'temporal'

/** A Redis and a Temporal that a test may kill, hang and start again on their data. */
export interface OwnServers {
  readonly redisUrl: string
  readonly temporalAddress: string
  /** Where both keep their data. */
  readonly folder: string
  /** SIGKILL, and waits until it is gone. */
  kill(name: ServerName): Promise<void>
  /** Starts it again on its data, and waits until it answers. */
  start(name: ServerName): Promise<void>
  /** SIGSTOP: it is there and does not answer. */
  hang(name: ServerName): void
  /** SIGCONT. */
  goOn(name: ServerName): void
  stop(): Promise<void>
}

const DYNAMIC_CONFIG = resolve(import.meta.dirname, '../../deploy/temporal/dynamic-config.yaml')
const START_MS = 120_000

async function startOwnServers(): Promise<OwnServers> {
  const folder = mkdtempSync(join(tmpdir(), 'flywheel-chaos-'))
  const data = join(folder, 'redis')
  mkdirSync(data)
  const report = createReport(process.stderr)
  const ports = { redis: await freePort(0), temporal: await freePort(0) }
  const programs = { redis: await provideRedis(report), temporal: await provideTemporal(report) }
  const args = {
    redis: redisArgs({ program: programs.redis, port: ports.redis, folder: data }),
    temporal: temporalArgs({ port: ports.temporal, databaseFile: join(folder, 'temporal.db'), dynamicConfig: DYNAMIC_CONFIG }),
  }
  const redisUrl = `redis://127.0.0.1:${ports.redis}`
  const temporalAddress = `127.0.0.1:${ports.temporal}`
  const children = new Map<ServerName, ChildProcess>()
  const alive = (name: ServerName): boolean => {
    const child = children.get(name)
    return child !== undefined && child.exitCode === null && child.signalCode === null
  }
  const answers = { redis: () => redisAnswers(redisUrl), temporal: () => temporalAnswers(temporalAddress) }

  const servers: OwnServers = {
    redisUrl,
    temporalAddress,
    folder,
    async kill(name) {
      children.get(name)?.kill('SIGKILL')
      await until(() => !alive(name), { what: `${name} being gone` })
    },
    async start(name) {
      children.set(name, spawn(programs[name], args[name], { stdio: 'ignore' }))
      await until(answers[name], { what: `${name} answering`, timeoutMs: START_MS, everyMs: 200 })
    },
    hang: name => void children.get(name)?.kill('SIGSTOP'),
    goOn: name => void children.get(name)?.kill('SIGCONT'),
    async stop() {
      for (const name of ['redis', 'temporal'] as const) if (alive(name)) await servers.kill(name)
      rmSync(folder, { recursive: true, force: true })
    },
  }
  await Promise.all([servers.start('redis'), servers.start('temporal')])
  return servers
}

/** An api and a worker on servers of their own. */
export interface OwnSystem {
  readonly servers: OwnServers
  readonly system: TestSystem
}

/** Of a test file: made before its tests, and ended after them. */
export function useOwnSystem(env: { readonly [name: string]: string } = {}): OwnSystem {
  let servers: OwnServers | undefined
  let system: TestSystem | undefined
  beforeAll(async () => {
    servers = await startOwnServers()
    system = await startSystem({ redisUrl: servers.redisUrl, temporalAddress: servers.temporalAddress, env })
  })
  afterAll(async () => {
    await system?.stop()
    await servers?.stop()
  })
  const made = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('it is made before the tests only')
    return part
  }
  return {
    get servers() {
      return made(servers)
    },
    get system() {
      return made(system)
    },
  }
}

/** Kills one (-9); it is there again after a while. */
export async function killAndRestart({ servers, system }: OwnSystem, victim: 'api' | 'worker' | ServerName): Promise<void> {
  if (victim === 'api' || victim === 'worker') return system.restart(victim)
  await servers.kill(victim)
  await sleep(Math.random() * 1_000)
  await servers.start(victim)
}

async function redisAnswers(url: string): Promise<boolean> {
  const redis = new Redis(url, { maxRetriesPerRequest: 0, retryStrategy: () => null, connectTimeout: 1_000, lazyConnect: true })
  redis.on('error', () => undefined)
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } finally {
    redis.disconnect()
  }
}

async function temporalAnswers(address: string): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 2_000 })
  try {
    await ensureNamespace(connection, { temporalNamespace: 'flywheel' }, SEARCH_ATTRIBUTES)
    return true
  } finally {
    await connection.close()
  }
}

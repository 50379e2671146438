/** The processes of the baseline: Express, an echo server, and a worker with the SDK's defaults. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { firstLine, launch, until, type Running } from './processes.ts'
import type { Bare } from './context.ts'
import type { Servers } from './servers.ts'

export async function openBare(servers: Servers, namespace: string): Promise<Bare & { close(): Promise<void> }> {
  const taskQueue = `bare-${randomBytes(4).toString('hex')}`
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    BENCH_TEMPORAL: servers.temporalAddress,
    BENCH_REDIS: servers.redisUrl,
    BENCH_NAMESPACE: namespace,
    BENCH_TASK_QUEUE: taskQueue,
  }
  const run = (name: string): Running =>
    launch(`bare ${name}`, process.execPath, ['--import', 'tsx', join(import.meta.dirname, `bare/${name}.ts`)], env, join(servers.folder, `bare-${name}.log`))
  const express = run('express')
  const echo = run('echo')
  let worker = run('worker')
  const close = async (): Promise<void> => {
    await Promise.all([worker.stop(), express.stop(), echo.stop()])
  }
  try {
    const expressUrl = `http://127.0.0.1:${await firstLine(express)}/`
    const echoUrl = `http://127.0.0.1:${await firstLine(echo)}/`
    await polls(worker)
    return {
      expressUrl,
      echoUrl,
      taskQueue,
      get worker() {
        return worker
      },
      async restartWorker() {
        await worker.stop()
        worker = run('worker')
        await polls(worker)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

const READY = 'ready\n'

async function polls(worker: Running): Promise<void> {
  await until('the bare worker', 60_000, () => {
    worker.assertAlive()
    return worker.output().includes(READY) ? true : undefined
  })
}

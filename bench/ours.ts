/** Flywheel as it runs in production: api and worker as processes from `dist/`, spoken to over HTTP. */
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { freePort } from '../scripts/provision/ports.ts'
import { createApiClient, type ApiClient } from '../scripts/start/api-client.ts'
import { launch, until, type Running } from './processes.ts'
import type { Servers } from './servers.ts'

const ROOT = resolve(import.meta.dirname, '..')
const NAMESPACE = 'flywheel'

const Account = z.object({ Id: z.string() })
const Cycle = z.object({ Id: z.string(), Webhooks: z.array(z.object({ StepId: z.string(), Url: z.string() })) })

export interface OwnCycle {
  readonly id: string
  /** URL of each webhook step. */
  url(step: string): string
  delete(): Promise<void>
}

export interface Ours {
  readonly namespace: string
  readonly worker: Running
  /** Where the pages are. */
  readonly url: string
  /** Of the management API. */
  readonly call: ApiClient['call']
  /** Makes a cycle and starts it. */
  cycle(definition: object): Promise<OwnCycle>
  /** A new worker process, with nothing in its cache. */
  restartWorker(): Promise<void>
  close(): Promise<void>
}

/** `source`: from the TypeScript files, for a smoke test without a build. Throws where `dist/` is missing and wanted. */
export async function openOurs(servers: Servers, source: boolean): Promise<Ours> {
  const file = (name: string): string => join(ROOT, source ? `${name}.ts` : `dist/${name}.js`)
  const tsx = source ? ['--import', 'tsx'] : []
  if (!existsSync(file('api/main'))) throw new Error('dist/ is missing: run `npm run build` first')
  const port = await freePort(17_800)
  const secret = randomBytes(16).toString('hex')
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    NODE_ENV: 'production',
    PORT: String(port),
    REDIS_URL: servers.redisUrl,
    TEMPORAL_ADDRESS: servers.temporalAddress,
    TEMPORAL_NAMESPACE: NAMESPACE,
    TEMPORAL_TASK_QUEUE: `bench-${randomBytes(4).toString('hex')}`,
    CLIENT_ID: 'bench',
    CLIENT_SECRET: secret,
    ENCRYPTION_KEYS: `bench:${randomBytes(32).toString('base64')}`,
    ALLOW_PRIVATE_ADDRESSES: 'true',
    LOG_LEVEL: 'warn',
  }
  const metricsPort = await freePort(17_900)
  const startWorker = (): Running =>
    launch(
      'the worker',
      process.execPath,
      // Node hands `--import` on to the threads of workflows, which do not read TypeScript.
      [...(source ? tsx : ['--import', file('worker/watchdog')]), file('worker/main')],
      { ...env, WORKER_METRICS_PORT: String(metricsPort) },
      join(servers.folder, 'worker.log'),
    )
  const api = launch('the api', process.execPath, [...tsx, file('api/main')], env, join(servers.folder, 'api.log'))
  let worker = startWorker()
  const close = async (): Promise<void> => {
    await Promise.all([worker.stop(), api.stop()])
  }
  try {
    await ready(api, `http://127.0.0.1:${port}/readyz`)
    await ready(worker, `http://127.0.0.1:${metricsPort}/readyz`)
    const http = await createApiClient(`http://127.0.0.1:${port}`, 'bench', secret)
    const account = Account.parse(await http.call('POST', '/accounts', { json: { Name: 'Bench' } })).Id
    return {
      namespace: NAMESPACE,
      url: `http://127.0.0.1:${port}`,
      call: http.call,
      get worker() {
        return worker
      },
      async cycle(definition) {
        const made = Cycle.parse(await http.call('POST', '/cycles', { account, json: { Definition: definition } }))
        await http.call('PUT', `/cycles/${made.Id}/activate`, { account })
        const urls = new Map(made.Webhooks.map(webhook => [webhook.StepId, webhook.Url.replace('localhost', '127.0.0.1')]))
        return {
          id: made.Id,
          url(step) {
            const url = urls.get(step)
            if (url === undefined) throw new Error(`${step} has no webhook`)
            return url
          },
          delete: async () => void (await http.call('DELETE', `/cycles/${made.Id}`, { account })),
        }
      },
      async restartWorker() {
        await worker.stop()
        worker = startWorker()
        await ready(worker, `http://127.0.0.1:${metricsPort}/readyz`)
      },
      close,
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function ready(running: Running, url: string): Promise<void> {
  await until(`${running.name} at ${url}`, 90_000, async () => {
    running.assertAlive()
    const answer = await fetch(url).catch(() => undefined)
    await answer?.arrayBuffer()
    return answer?.ok === true ? true : undefined
  })
}

/** Starts what `npm start` starts, unless it runs already; sets the demonstration up over the API; serves the product and its applications. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { randomBytes } from 'node:crypto'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { createHostApp } from '../../examples/host-app/app.ts'
import { BOARD_KEY, createApps, PARCELBOX_KEY } from '../../examples/host-app/demo/apps.ts'
import { setUp } from '../../examples/host-app/demo/setup.ts'
import { freePort } from '../provision/ports.ts'
import { createApiClient } from '../start/api-client.ts'
import { ensureCredentials } from '../start/credentials.ts'
import { isAlive } from '../start/lock.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const THEME = join(ROOT, 'examples/themes/bakery.css')

const lockContent = z.object({ pid: z.number(), began: z.string(), url: z.string().optional() })
/** What a demonstration before this one left: its ports stand in connectors and in the marketplace, and access that was given stays good. */
const stateContent = z.object({ hostPort: z.number(), appsPort: z.number(), clientSecret: z.string(), secret: z.string().optional() })
type State = z.output<typeof stateContent>

/** Runs until it is told to stop; ends the process. */
export async function main(): Promise<void> {
  if (existsSync(join(ROOT, '.env'))) process.loadEnvFile(join(ROOT, '.env'))
  const data = resolve(ROOT, process.env.DATA_DIR ?? '.data')
  const folder = join(data, 'demo')
  let child: ChildProcess | undefined
  const servers: Server[] = []
  let stopping: Promise<void> | undefined
  const stop = (code: number): Promise<void> => {
    stopping ??= (async () => {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
      if (child !== undefined && child.exitCode === null && child.signalCode === null) {
        const gone = once(child, 'exit')
        child.kill('SIGTERM')
        await gone
      }
      process.exit(code)
    })()
    return stopping
  }
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => void stop(0))

  try {
    let url = running(data)
    if (url === undefined) {
      // In a process group of its own: Ctrl-C reaches this process alone, which ends it.
      child = spawn(process.execPath, [join(ROOT, 'scripts/start.mjs')], { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
      const ended = once(child, 'exit').then(() => true)
      while ((url = running(data)) === undefined) {
        if (await Promise.race([ended, pause(200)])) return await stop(1)
      }
      void ended.then(() => stop(1))
    }
    await serve(url, data, folder, servers)
  } catch (error) {
    process.stderr.write(`\n${error instanceof Error ? error.message : String(error)}\n`)
    await stop(1)
  }
}

const pause = (ms: number): Promise<false> => new Promise(done => setTimeout(done, ms, false))

/** The address of the Flywheel that runs in this checkout, once it is up. */
function running(data: string): string | undefined {
  const file = join(data, 'lock.json')
  if (!existsSync(file)) return undefined
  const lock = lockContent.safeParse(JSON.parse(readFileSync(file, 'utf8')))
  return lock.success && isAlive(lock.data) ? lock.data.url : undefined
}

async function serve(url: string, data: string, folder: string, servers: Server[]): Promise<void> {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'state.json')
  const before = stateContent.safeParse(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)
  const last: State = before.success ? before.data : { hostPort: 4100, appsPort: 4200, clientSecret: randomBytes(24).toString('base64url') }
  const state = { ...last, hostPort: await freePort(last.hostPort), appsPort: await freePort(last.appsPort) }
  const save = (content: State): void => {
    writeFileSync(`${file}.new`, JSON.stringify(content), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  const hostUrl = `http://127.0.0.1:${state.hostPort}`
  const appsUrl = `http://127.0.0.1:${state.appsPort}`
  const client = { id: 'loaf', secret: state.clientSecret, redirectUri: `${url}/oauth/callback` }
  const apps = createApps({ url: appsUrl, client, file: join(folder, 'ledgerly.json') })
  servers.push(await listening(apps.server, state.appsPort))

  const { clientId, clientSecret } = ensureCredentials(data, process.env)
  const local = `http://127.0.0.1:${readFileSync(join(data, 'port'), 'utf8').trim()}`
  const api = await createApiClient(local, clientId, clientSecret)
  const made = await setUp({
    call: (method, path, json) => api.call(method, path, json === undefined ? {} : { json }),
    hostUrl,
    appsUrl,
    client,
    ...(state.secret === undefined ? {} : { secret: state.secret }),
    css: readFileSync(THEME, 'utf8'),
  })
  save({ ...state, secret: made.secret })
  const host = createHostApp({
    url: hostUrl,
    flywheel: { url: local, clientId, clientSecret },
    flywheelOrigin: new URL(url).origin,
    ...made,
    customers: [
      { id: 'corner-bakery', name: 'Corner Bakery' },
      { id: 'mill-lane', name: 'Mill Lane Bakehouse' },
    ],
  })
  servers.push(await listening(createServer(host), state.hostPort))
  process.stdout.write(`
The demonstration runs: Loaf, an order desk for bakeries.

  Loaf              ${hostUrl}/integrations
  Its applications  ${appsUrl}   (what arrived in them)

  Ledgerly asks you to agree in a window of its own. What the others ask for:
    Parcelbox       key ${PARCELBOX_KEY}, depot north or harbour
    Kitchen board   address ${appsUrl}/board, key ${BOARD_KEY}

Ctrl-C stops all of it that this started.
`)
}

async function listening(server: Server, port: number): Promise<Server> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

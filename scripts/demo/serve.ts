/** The demonstration beside a Flywheel that runs in this checkout: sets it up over the API, and serves the product and its applications. */
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { createHostApp } from '../../examples/host-app/app.ts'
import { createApps, type Apps } from '../../examples/host-app/demo/apps.ts'
import { setUp } from '../../examples/host-app/demo/setup.ts'
import type { Customer } from '../../examples/host-app/flywheel.ts'
import { freePort } from '../provision/ports.ts'
import { createApiClient, type ApiClient } from '../start/api-client.ts'
import { ensureCredentials } from '../start/credentials.ts'

const THEMES = resolve(import.meta.dirname, '../../examples/themes')

/** What a demonstration before this one left: its ports stand in connectors and in the marketplace, and access that was given stays good. */
const stateContent = z.object({ hostPort: z.number(), appsPort: z.number(), clientSecret: z.string(), secret: z.string().optional() })
type State = z.output<typeof stateContent>

export interface Demo {
  readonly hostUrl: string
  readonly appsUrl: string
  readonly apps: Apps
  readonly api: ApiClient
  readonly marketplace: number
}

export const BAKERIES: readonly [Customer, ...Customer[]] = [
  { id: 'corner-bakery', name: 'Corner Bakery' },
  { id: 'mill-lane', name: 'Mill Lane Bakehouse' },
]

/** A theme of `examples/themes/`. */
export const readTheme = (name: string): string => readFileSync(join(THEMES, `${name}.css`), 'utf8')

/**
 * `url`: Flywheel's PUBLIC_URL; `data`: the folder of its `npm start`. Servers are put into `servers` as they listen, for whoever ends them.
 */
export async function serveDemo(url: string, data: string, servers: Server[], customers: readonly [Customer, ...Customer[]] = BAKERIES): Promise<Demo> {
  const folder = join(data, 'demo')
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'state.json')
  const before = stateContent.safeParse(existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)
  const last: State = before.success ? before.data : { hostPort: 4100, appsPort: 4200, clientSecret: randomBytes(24).toString('base64url') }
  const state = { ...last, hostPort: await freePort(last.hostPort), appsPort: await freePort(last.appsPort) }
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
    css: readTheme('bakery'),
  })
  writeFileSync(`${file}.new`, JSON.stringify({ ...state, secret: made.secret }), { mode: 0o600 })
  renameSync(`${file}.new`, file)
  const flywheel = { url: local, clientId, clientSecret }
  const host = createHostApp({ url: hostUrl, flywheel, flywheelOrigin: new URL(url).origin, ...made, customers })
  servers.push(await listening(createServer(host), state.hostPort))
  return { hostUrl, appsUrl, apps, api, marketplace: made.marketplace }
}

async function listening(server: Server, port: number): Promise<Server> {
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

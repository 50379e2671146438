/** The applications that the bakeries use already, made up as well: Ledgerly (with an OAuth server), Parcelbox, and the kitchen board. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import express, { type Express, type Request } from 'express'
import { html, type Html } from '../html.ts'
import { createIdentityServer, type Client } from './identity-server.ts'

export interface AppsOptions {
  /** `http://127.0.0.1:4200` */
  readonly url: string
  /** Flywheel, as a client of Ledgerly. */
  readonly client: Client
  /** Where Ledgerly keeps the access that it gave; without it in memory. */
  readonly file?: string
}

interface Entry {
  readonly app: string
  readonly at: string
  readonly body: unknown
}

export const PARCELBOX_KEY = 'parcel-key-1'
export const BOARD_KEY = 'board-key-1'
const DEPOTS = ['north', 'harbour']

export interface Apps {
  readonly server: Server
  /** What arrived, the newest first. */
  readonly entries: readonly Entry[]
}

export function createApps({ url, client, file }: AppsOptions): Apps {
  const entries: Entry[] = []
  const keep = (app: string, body: unknown): void => void entries.unshift({ app, at: new Date().toISOString(), body })
  const identity = createIdentityServer({ url, client, ...(file === undefined ? {} : { file }) })
  const app = express()
  app.disable('x-powered-by')
  app.use(express.static(join(import.meta.dirname, 'pictures')))
  app.get('/', (_, response) => void response.type('html').send(overview(entries).text))
  ledgerly(app, identity.knows, body => keep('Ledgerly', body), entries)
  parcelbox(app, body => keep('Parcelbox', body))
  app.post('/board', express.json(), (request, response) => {
    if (request.get('x-board-key') !== BOARD_KEY) return void response.status(401).json({ error: 'This is not the key of the board.' })
    keep('Kitchen board', request.body)
    response.status(201).json({ shown: true })
  })
  app.use((request: IncomingMessage, response: ServerResponse) => identity.handle(request, response))
  return { server: createServer(app), entries }
}

function ledgerly(app: Express, knows: (token: string) => Promise<boolean>, keep: (body: unknown) => void, entries: readonly Entry[]): void {
  const api = express.Router()
  api.use(async (request, response, next) => {
    if (await knows(/^Bearer (.+)$/.exec(request.get('authorization') ?? '')?.[1] ?? '')) next()
    else response.status(401).json({ error: 'This access token is not known.' })
  })
  api.get('/me', (_, response) => void response.json({ company: 'Your bakery' }))
  api.get('/invoices', (_, response) => void response.json({ invoices: entries.filter(one => one.app === 'Ledgerly').map(one => one.body) }))
  api.post('/invoices', express.json(), (request, response) => {
    keep(request.body)
    response.status(201).json({ created: true })
  })
  app.use('/ledgerly/api', api)
}

function parcelbox(app: Express, keep: (body: unknown) => void): void {
  const api = express.Router()
  api.use((request: Request, response, next) => {
    if (request.get('x-api-key') === PARCELBOX_KEY) next()
    else response.status(401).json({ error: 'We do not know this key.' })
  })
  api.get('/depots/:depot', ({ params }, response) => {
    if (DEPOTS.includes(params.depot)) response.json({ depot: params.depot })
    else response.status(404).json({ error: `There is no depot ${params.depot}. There are: ${DEPOTS.join(', ')}.` })
  })
  api.post('/depots/:depot/parcels', express.json(), (request, response) => {
    keep({ depot: request.params.depot, ...Object(request.body) })
    response.status(201).json({ booked: true })
  })
  app.use('/parcelbox/api', api)
}

const overview = (entries: readonly Entry[]): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="refresh" content="5" />
        <title>What arrived</title>
        <link rel="stylesheet" href="/apps.css" />
      </head>
      <body>
        <main>
          <h1>What arrived in Ledgerly, Parcelbox and on the kitchen board</h1>
          ${entries.length === 0 ? html`<p>Nothing yet. Install something, and place an order in Loaf.</p>` : undefined}
          ${entries.map(
            one =>
              html`<article>
                <h2>${one.app}</h2>
                <time>${one.at}</time>
                <pre>${JSON.stringify(one.body, null, 2)}</pre>
              </article>`,
          )}
        </main>
      </body>
    </html>`

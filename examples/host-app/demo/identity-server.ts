/** Ledgerly's authorisation server: a certified OpenID provider (oidc-provider) with a page on which its user agrees. */
import { generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import Provider, { type Adapter, type AdapterPayload } from 'oidc-provider'
import { html, type Html } from '../html.ts'

export interface Client {
  readonly id: string
  readonly secret: string
  /** `{PUBLIC_URL}/oauth/callback` of Flywheel. */
  readonly redirectUri: string
}

export interface IdentityServer {
  handle(request: IncomingMessage, response: ServerResponse): void
  /** Whether an access token is one of its own, and not over. */
  knows(token: string): Promise<boolean>
}

const DAY = 86_400

export function createIdentityServer({ url, client, file }: { readonly url: string; readonly client: Client; readonly file?: string }): IdentityServer {
  const provider = new Provider(url, {
    adapter: adapterIn(file),
    clients: [
      {
        client_id: client.id,
        client_secret: client.secret,
        grant_types: ['authorization_code', 'refresh_token'],
        redirect_uris: [client.redirectUri],
        scope: 'openid offline_access',
      },
    ],
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: true,
    ttl: { AccessToken: 3600, RefreshToken: 30 * DAY, Grant: 30 * DAY, Session: DAY, Interaction: 3600, IdToken: 3600 },
    cookies: { keys: [client.secret] },
    jwks: { keys: [generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' })] },
  })
  const callback = provider.callback()

  async function interaction(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { prompt, params, session, uid } = await provider.interactionDetails(request, response)
    // Who its user is, a real one would ask here.
    if (prompt.name === 'login') return provider.interactionFinished(request, response, { login: { accountId: 'baker' } })
    const { pathname } = new URL(request.url ?? '', url)
    if (request.method !== 'POST') return void response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(consent(uid).text)
    if (pathname.endsWith('/no')) {
      const refusal = { error: 'access_denied', error_description: 'You did not agree.' }
      return provider.interactionFinished(request, response, refusal, { mergeWithLastSubmission: false })
    }
    const grant = new provider.Grant({ accountId: session?.accountId ?? 'baker', clientId: String(params['client_id']) })
    grant.addOIDCScope('openid offline_access')
    return provider.interactionFinished(request, response, { consent: { grantId: await grant.save() } })
  }

  return {
    handle(request, response) {
      if (request.url?.startsWith('/interaction/') !== true) void callback(request, response)
      else interaction(request, response).catch(() => response.writeHead(400).end('This page is over. Begin again.'))
    },
    knows: async token => token !== '' && (await provider.AccessToken.find(token)) !== undefined,
  }
}

const consent = (uid: string): Html =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Ledgerly</title>
        <link rel="stylesheet" href="/apps.css" />
      </head>
      <body>
        <main class="consent">
          <img src="/ledgerly.svg" alt="" width="56" height="56" />
          <h1>Loaf would like to use your Ledgerly</h1>
          <p>It may see and create invoices of <strong>your bakery</strong>, until you take that back.</p>
          <form method="post" action="/interaction/${uid}"><button class="strong">Agree</button></form>
          <form method="post" action="/interaction/${uid}/no"><button>Do not agree</button></form>
        </main>
      </body>
    </html>`

interface Stored {
  readonly payload: AdapterPayload
  /** ms since 1970. */
  readonly until: number
}

/** What the provider keeps, in one file that is written anew at each change: a few entries, for a demonstration. */
function adapterIn(file: string | undefined): new (model: string) => Adapter {
  const kept = new Map<string, Stored>(file !== undefined && existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, 'utf8'))) : [])
  const save = (): void => {
    for (const [key, { until }] of kept) if (until < Date.now()) kept.delete(key)
    if (file === undefined) return
    writeFileSync(`${file}.new`, JSON.stringify(Object.fromEntries(kept)), { mode: 0o600 })
    renameSync(`${file}.new`, file)
  }
  return class implements Adapter {
    readonly #model: string
    constructor(model: string) {
      this.#model = model
    }
    #key(id: string): string {
      return `${this.#model}:${id}`
    }
    async upsert(id: string, payload: AdapterPayload, expiresIn: number): Promise<void> {
      kept.set(this.#key(id), { payload, until: Date.now() + (expiresIn || DAY) * 1000 })
      save()
    }
    async find(id: string): Promise<AdapterPayload | undefined> {
      return kept.get(this.#key(id))?.payload
    }
    async findByUid(uid: string): Promise<AdapterPayload | undefined> {
      return [...kept].find(([key, { payload }]) => key.startsWith(`${this.#model}:`) && payload.uid === uid)?.[1].payload
    }
    async findByUserCode(): Promise<undefined> {
      return undefined
    }
    async consume(id: string): Promise<void> {
      const found = kept.get(this.#key(id))
      if (found !== undefined) found.payload.consumed = Math.floor(Date.now() / 1000)
      save()
    }
    async destroy(id: string): Promise<void> {
      kept.delete(this.#key(id))
      save()
    }
    async revokeByGrantId(grantId: string): Promise<void> {
      for (const [key, { payload }] of kept) if (payload.grantId === grantId) kept.delete(key)
      save()
    }
  }
}

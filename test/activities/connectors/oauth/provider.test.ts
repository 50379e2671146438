import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import Provider from 'oidc-provider'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startOAuthServer, type OAuthServer } from '../../../support/oauth-server.ts'
import { REDIRECT, startRig, type Process, type Rig } from './rig.ts'

/** A certified server, with its own ideas: PKCE is a must, refresh tokens rotate, answers say whose they are (`iss`). */
let provider: Server
let issuer: string
let rig: Rig
let here: Process
let unused: OAuthServer

/** The user agrees to everything, without a page. */
async function agree(op: Provider, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const { prompt, params, session } = await op.interactionDetails(req, res)
  if (prompt.name === 'login') return op.interactionFinished(req, res, { login: { accountId: 'user' } })
  const grant = new op.Grant({ accountId: session?.accountId ?? 'user', clientId: String(params['client_id']) })
  grant.addOIDCScope('openid offline_access')
  return op.interactionFinished(req, res, { consent: { grantId: await grant.save() } })
}

beforeAll(async () => {
  provider = createServer()
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  const address = provider.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  issuer = `http://127.0.0.1:${address.port}`
  const op = new Provider(issuer, {
    clients: [
      {
        client_id: 'flywheel-client',
        client_secret: 's3cret-of/the+client',
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        redirect_uris: [REDIRECT],
        scope: 'openid offline_access',
      },
    ],
    features: { clientCredentials: { enabled: true }, devInteractions: { enabled: false } },
    interactions: { url: (_, { uid }) => `/interaction/${uid}` },
    findAccount: (_, accountId) => ({ accountId, claims: () => ({ sub: accountId }) }),
    rotateRefreshToken: true,
    ttl: { AccessToken: 600, RefreshToken: 3600, ClientCredentials: 600, Grant: 3600, Session: 3600, Interaction: 600, IdToken: 600 },
    cookies: { keys: ['test'] },
  })
  const callback = op.callback()
  provider.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (req.url?.startsWith('/interaction/') === true) void agree(op, req, res).catch(() => res.destroy())
    else void callback(req, res)
  })
  unused = await startOAuthServer()
  rig = await startRig(unused)
  here = await rig.process()
})
afterAll(async () => {
  await rig.close()
  await unused.close()
  await new Promise(resolve => {
    provider.close(resolve)
    provider.closeAllConnections()
  })
})

/** A browser that follows redirects, with cookies, to where it is sent back to us. */
async function browse(first: string): Promise<URL> {
  const cookies = new Map<string, string>()
  for (let url = new URL(first), hops = 0; hops < 12; hops++) {
    if (url.href.startsWith(REDIRECT)) return url
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } })
    for (const set of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? []
      cookies.set(name, value)
    }
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`${answer.status} ${await answer.text()}`)
    url = new URL(location, url)
  }
  throw new Error('too many redirects')
}

const urls = (): { readonly authorizeUrl: string; readonly tokenUrl: string } => ({
  authorizeUrl: `${issuer}/auth?prompt=consent`,
  tokenUrl: `${issuer}/token`,
})
const token = (id: string): Promise<string> => here.tokens.token(rig.account, id, {}, new AbortController().signal)

describe('with a certified OpenID provider', () => {
  it('a user gives access with code, PKCE and state, and tokens are renewed with rotation', async () => {
    const id = await rig.connected({ ...urls(), scopes: ['openid', 'offline_access'] })
    const begun = await here.authorizations.begin(rig.account, id)
    const back = await browse(begun?.url ?? '')
    expect(back.searchParams.get('iss')).toBe(issuer)
    expect(await here.authorizations.finish(back.searchParams)).toMatchObject({ kind: 'done' })
    const first = await token(id)
    const { refreshToken } = await rig.credentials(id)
    rig.later(550_000)
    const second = await token(id)
    expect(second).not.toBe(first)
    const after = await rig.credentials(id)
    expect(after.refreshToken).toBeDefined()
    expect(after.refreshToken).not.toBe(refreshToken)
  })

  it('a token is given for client credentials', async () => {
    const id = await rig.connected({ ...urls(), grant: 'clientCredentials', scopes: [] })
    await rig.change(id, { status: 'Authenticated' })
    expect(await token(id)).toMatch(/^[\w-]{20,}$/)
    expect(await token(id)).toBe(await token(id))
  })
})

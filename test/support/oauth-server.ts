import { createHash, randomUUID } from 'node:crypto'
import { startReceiver, type ReceivedRequest, type ReceiverAnswer } from './receiver.ts'

/** How the server behaves; all of it can be changed while it runs. */
export interface OAuthServerRules {
  /** Seconds that an access token lives; undefined: it does not say. */
  expiresIn: number | undefined
  /** Each refresh gives a new refresh token and ends the old. */
  rotates: boolean
  /** How clients must say who they are. */
  auth: 'basic' | 'post' | 'none'
  /** What the token endpoint answers in its place. */
  instead: ((grant: string) => ReceiverAnswer | undefined | Promise<ReceiverAnswer | undefined>) | undefined
}

export const CLIENT = { id: 'flywheel-client', secret: 's3cret-of/the+client' }

/** An authorisation server that does what a test wants, and an API that takes its tokens. */
export interface OAuthServer {
  readonly url: string
  readonly rules: OAuthServerRules
  /** What came to the token endpoint, oldest first. */
  readonly asked: readonly URLSearchParams[]
  /** Valid access tokens, oldest first. */
  readonly tokens: readonly string[]
  /** Ends all access tokens. */
  expire(): void
  /** Ends all refresh tokens. */
  revoke(): void
  /** What the user's browser does: goes to the application, agrees (or does not), and is sent back to this URL. */
  visit(authorizeUrl: string, answer?: { readonly error: string; readonly error_description?: string }): URL
  /** Requests to the API, answered 200 with a valid token and 401 else. */
  readonly calls: readonly ReceivedRequest[]
  close(): Promise<void>
}

interface Grant {
  readonly challenge: string | null
  readonly redirectUri: string | null
}

export async function startOAuthServer(): Promise<OAuthServer> {
  const rules: OAuthServerRules = { expiresIn: 3600, rotates: true, auth: 'basic', instead: undefined }
  const asked: URLSearchParams[] = []
  const codes = new Map<string, Grant>()
  const access = new Set<string>()
  const refresh = new Set<string>()
  const calls: ReceivedRequest[] = []

  const given = (): ReceiverAnswer => {
    const body = { access_token: `access-${randomUUID()}`, token_type: 'Bearer', refresh_token: `refresh-${randomUUID()}` }
    access.add(body.access_token)
    refresh.add(body.refresh_token)
    return { body: { ...body, ...(rules.expiresIn === undefined ? {} : { expires_in: rules.expiresIn }) } }
  }
  const refused = (error: string, description = 'as the test wants it', status = 400): ReceiverAnswer => ({
    status,
    body: { error, error_description: description },
  })

  function known(request: ReceivedRequest, form: URLSearchParams): boolean {
    const header = typeof request.headers['authorization'] === 'string' ? request.headers['authorization'] : ''
    const [id, secret] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
      .toString()
      .split(':')
      .map(decodeURIComponent)
    if (rules.auth === 'basic') return id === CLIENT.id && secret === CLIENT.secret
    return form.get('client_id') === CLIENT.id && (rules.auth === 'none' || form.get('client_secret') === CLIENT.secret)
  }

  function answer(form: URLSearchParams): ReceiverAnswer {
    switch (form.get('grant_type')) {
      case 'client_credentials': {
        const { body } = given()
        return { body: { ...Object(body), refresh_token: undefined, scope: form.get('scope') ?? undefined } }
      }
      case 'authorization_code': {
        const grant = codes.get(form.get('code') ?? '')
        codes.delete(form.get('code') ?? '')
        const challenge = form.has('code_verifier')
          ? createHash('sha256')
              .update(form.get('code_verifier') ?? '')
              .digest('base64url')
          : null
        const fits = grant !== undefined && grant.challenge === challenge && grant.redirectUri === form.get('redirect_uri')
        return fits ? given() : refused('invalid_grant', `code ${form.get('code')} is over`)
      }
      case 'refresh_token': {
        const token = form.get('refresh_token') ?? ''
        if (!refresh.has(token)) return refused('invalid_grant', `${token} is over`)
        if (rules.rotates) refresh.delete(token)
        const { body } = given()
        return { body: rules.rotates ? body : { ...Object(body), refresh_token: undefined } }
      }
      default:
        return refused('unsupported_grant_type')
    }
  }

  const receiver = await startReceiver(async request => {
    if (request.path !== '/token') {
      calls.push(request)
      const token = String(request.headers['authorization']).replace('Bearer ', '')
      return access.has(token) ? { body: { ok: true } } : { status: 401, body: { error: 'expired' } }
    }
    const form = new URLSearchParams(request.text)
    asked.push(form)
    const bent = await rules.instead?.(form.get('grant_type') ?? '')
    if (bent !== undefined) return bent
    return known(request, form) ? answer(form) : refused('invalid_client', 'unknown client', 401)
  })
  return {
    url: receiver.url,
    rules,
    asked,
    calls,
    get tokens() {
      return [...access]
    },
    expire: () => access.clear(),
    revoke: () => refresh.clear(),
    visit(authorizeUrl, error) {
      const { searchParams: sent } = new URL(authorizeUrl)
      const back = new URL(sent.get('redirect_uri') ?? '')
      const code = `code-${randomUUID()}`
      if (error === undefined) codes.set(code, { challenge: sent.get('code_challenge'), redirectUri: sent.get('redirect_uri') })
      const state = sent.get('state')
      for (const [name, value] of Object.entries(error ?? { code })) back.searchParams.set(name, value)
      if (state !== null) back.searchParams.set('state', state)
      return back
    },
    close: receiver.close,
  }
}

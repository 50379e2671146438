/** Tokens: OAuth's client credentials (api.md). Names and errors are OAuth's own (RFC 6749, 5). */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { AccountId } from '../../domain/ids.ts'
import { noQuery, publicRoute, type Answer, type Route } from '../route.ts'
import type { Services } from '../services.ts'

/** What a client is told in `expires_in`, in seconds; the token itself lives a second longer. */
const EXPIRES_IN = 1_209_599
const TTL_MS = (EXPIRES_IN + 1) * 1_000

const token = z.object({ access_token: z.string(), token_type: z.literal('bearer'), expires_in: z.literal(EXPIRES_IN), clientId: z.string() })
const oauthError = z.object({ error: z.string(), error_description: z.string().optional() })

interface Client {
  readonly id: string
  readonly secret: string
}

const refused = (status: 400 | 401, error: string, description?: string): Answer => ({
  status,
  body: { error, ...(description === undefined ? {} : { error_description: description }) },
  ...(status === 401 ? { headers: { 'WWW-Authenticate': 'Basic realm="flywheel"' } } : {}),
})

export const oauthRoutes: readonly Route[] = [
  publicRoute({
    method: 'POST',
    path: '/oauth/token',
    tag: 'Tokens',
    summary: 'Makes a token',
    description: 'Client credentials, as form fields or by HTTP basic. `scope=account:{API id}` restricts the token to one account.',
    query: noQuery,
    body: z
      .object({
        grant_type: z.string().describe('client_credentials'),
        client_id: z.string(),
        client_secret: z.string(),
        scope: z.string().describe('account:{API id}'),
      })
      .partial(),
    bodyKind: 'fields',
    answers: {
      200: { description: 'The token.', schema: token, plain: true },
      400: { description: 'invalid_request, unsupported_grant_type or invalid_scope.', schema: oauthError, plain: true },
      401: { description: 'invalid_client', schema: oauthError, plain: true },
    },
    handler: async (services, { body, headers }) => {
      const client = clientOf(headers.authorization, body)
      if (client === undefined || !isPartner(services, client)) return refused(401, 'invalid_client')
      if (body.grant_type === undefined) return refused(400, 'invalid_request', 'grant_type is missing in the form')
      if (body.grant_type !== 'client_credentials') return refused(400, 'unsupported_grant_type')
      const account = await restriction(services, body.scope)
      if (account === 'invalid') return refused(400, 'invalid_scope', 'scope is account:{API id} of an account that is there')
      const access = randomBytes(32).toString('base64url')
      await services.registry.tokens.put(access, { clientId: client.id, ...(account === undefined ? {} : { account }) }, TTL_MS)
      return { status: 200, body: { access_token: access, token_type: 'bearer', expires_in: EXPIRES_IN, clientId: client.id }, headers: { Pragma: 'no-cache' } }
    },
  }),
]

/** HTTP basic where it is there, else the form. */
function clientOf(
  authorization: string | undefined,
  form: { readonly client_id?: string | undefined; readonly client_secret?: string | undefined },
): Client | undefined {
  const basic = /^basic +([A-Za-z0-9+/=_-]+) *$/i.exec(authorization ?? '')?.[1]
  if (basic === undefined) {
    const { client_id: id, client_secret: secret } = form
    return id === undefined || secret === undefined ? undefined : { id, secret }
  }
  const [id, ...rest] = Buffer.from(basic, 'base64').toString('utf8').split(':')
  if (id === undefined || rest.length === 0) return undefined
  return { id, secret: rest.join(':') }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/**
 * All is compared whole, in constant time, whatever its length. In HTTP basic a client should have form-encoded both parts (RFC 6749, 2.3.1), and
 * most do not: either form fits.
 */
function isPartner({ settings }: Services, { id, secret }: Client): boolean {
  const fits = [
    [id, settings.clientId],
    [secret, settings.clientSecret],
  ] as const
  return fits.map(([given, own]) => [sameText(given, own), sameText(decoded(given), own)].includes(true)).every(Boolean)
}

function sameText(one: string, other: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(one), digest(other))
}

async function restriction({ registry, guard }: Services, scope: string | undefined): Promise<AccountId | undefined | 'invalid'> {
  const wanted = scope?.trim() ?? ''
  if (wanted === '') return undefined
  if (!wanted.startsWith('account:')) return 'invalid'
  const account = await registry.accounts.find(wanted.slice('account:'.length))
  if (account === undefined) await guard.check()
  return account?.id ?? 'invalid'
}

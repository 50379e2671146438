/** The session of a browser that came with a token (marketplace.md 3, 4). */
import { randomBytes } from 'node:crypto'
import type { Account } from '../../storage/registry.ts'
import type { Visit } from '../../storage/sign-in.ts'
import type { Services } from '../services.ts'

/** How long a browser may do nothing (ms). */
const SESSION_MS = 2 * 3_600_000
const NAME = 'flywheel_session'

export interface Session {
  readonly account: Account
  readonly visit: Visit
}

/** Opens one; answers the header `Set-Cookie`. In a frame of another site only a partitioned cookie comes back, which wants https, or this machine. */
export async function openSession({ registry, settings }: Pick<Services, 'registry' | 'settings'>, visit: Visit, framed: boolean): Promise<string> {
  const session = randomBytes(32).toString('base64url')
  await registry.signIns.open(session, visit, SESSION_MS)
  const { protocol, pathname, hostname } = new URL(settings.publicUrl)
  const secure = protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1'
  const scope = framed && secure ? 'SameSite=None; Secure; Partitioned' : `SameSite=Lax${protocol === 'https:' ? '; Secure' : ''}`
  return `${NAME}=${session}; Path=${pathname.replace(/\/$/, '')}/account; HttpOnly; ${scope}`
}

/** The session of a request; undefined where it has none, or its account is gone. */
export async function sessionOf(
  { registry }: Pick<Services, 'registry'>,
  headers: { readonly [name: string]: string | undefined },
): Promise<Session | undefined> {
  const session = new RegExp(`(?:^|;\\s*)${NAME}=([A-Za-z0-9_-]{43})(?:;|$)`).exec(headers.cookie ?? '')?.[1]
  const visit = session === undefined ? undefined : await registry.signIns.get(session, SESSION_MS)
  const account = visit === undefined ? undefined : await registry.accounts.get(visit.account)
  return visit === undefined || account === undefined ? undefined : { account, visit }
}

/** Where a page may be framed: on the marketplace's origins; LAUNCH on those of the partner's settings, and on the one that it posts its result to. */
export async function framesOf({ registry }: Pick<Services, 'registry'>, { to, targetOrigin }: Visit): Promise<readonly string[]> {
  if (to.page === 'launch') return [...new Set([...(await registry.settings.get()).embeddingOrigins, ...(targetOrigin === undefined ? [] : [targetOrigin])])]
  return (await registry.marketplaces.get(to.marketplaceId))?.value.embeddingOrigins ?? []
}

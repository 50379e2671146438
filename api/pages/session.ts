/** The session of a browser that came with a token (marketplace.md 3, 4): one for each kind of page, so that a LAUNCH pop-up does not end the marketplace's. */
import { randomBytes } from 'node:crypto'
import type { Account, PartnerSettings } from '../../storage/registry.ts'
import type { LaunchVisit, MarketplaceVisit, Visit } from '../../storage/sign-in.ts'
import type { Services } from '../services.ts'
import { cookieText, readCookie, type Headers } from './cookies.ts'

/** How long a browser may do nothing (ms). */
const SESSION_MS = 2 * 3_600_000

interface Visits {
  readonly marketplace: MarketplaceVisit
  readonly launch: LaunchVisit
}
/** What a visit is to. */
export type PageKind = keyof Visits

export interface Session<K extends PageKind = PageKind> {
  /** Known to the browser and nobody else; its cookie's value. */
  readonly id: string
  readonly account: Account
  readonly visit: Visit & { readonly to: Visits[K] }
}

const cookieOf = (kind: PageKind): string => `flywheel_${kind}`

/** Opens one; answers the header `Set-Cookie`. In a frame of another site only a partitioned cookie comes back, which wants https, or this machine. */
export async function openSession({ registry, settings }: Pick<Services, 'registry' | 'settings'>, visit: Visit, framed: boolean): Promise<string> {
  const session = randomBytes(32).toString('base64url')
  await registry.signIns.open(session, visit, SESSION_MS)
  const { protocol, hostname } = new URL(settings.publicUrl)
  const secure = protocol === 'https:' || hostname === 'localhost' || hostname === '127.0.0.1'
  return cookieText(settings.publicUrl, { name: cookieOf(visit.to.page), value: session, path: '/account', framed: framed && secure })
}

/** The session of a request for a page of that kind; undefined where it has none, or its account is gone. */
export async function sessionOf<K extends PageKind>({ registry }: Pick<Services, 'registry'>, kind: K, headers: Headers): Promise<Session<K> | undefined> {
  const id = readCookie(cookieOf(kind), headers)
  const visit = id === undefined ? undefined : await registry.signIns.get(id, SESSION_MS)
  const account = visit === undefined ? undefined : await registry.accounts.get(visit.account)
  if (id === undefined || visit === undefined || account === undefined) return undefined
  const session: Session = { id, account, visit }
  return isOf(session, kind) ? session : undefined
}

const isOf = <K extends PageKind>(session: Session, kind: K): session is Session<K> => session.visit.to.page === kind

/** Where a page may be framed: on the marketplace's origins; LAUNCH as `launchFrames` says. */
export async function framesOf({ registry }: Pick<Services, 'registry'>, visit: Visit): Promise<readonly string[]> {
  const { to } = visit
  if (to.page === 'launch') return launchFrames(await registry.settings.get(), visit)
  return (await registry.marketplaces.get(to.marketplaceId))?.value.embeddingOrigins ?? []
}

/** On the origins of the partner's settings, and on the one that LAUNCH posts its result to. */
export const launchFrames = ({ embeddingOrigins }: PartnerSettings, { targetOrigin }: Visit): readonly string[] => [
  ...new Set([...embeddingOrigins, ...(targetOrigin === undefined ? [] : [targetOrigin])]),
]

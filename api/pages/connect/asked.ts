/** What the connect page asks: the state that it is drawn from, and that what was sent is read by. */
import { randomUUID } from 'node:crypto'
import type { Account } from '../../../storage/registry.ts'
import type { StoredAccountConnector } from '../../connectors/account-connectors.ts'
import type { Services } from '../../services.ts'
import type { ConnectorNeed } from '../flow/connectors.ts'
import type { Connecting, Draft } from '../flow/draft.ts'
import { readChosen, type Chosen } from '../flow/steps.ts'
import type { Subject } from '../flow/subject.ts'
import type { Session } from '../session.ts'

/**
 * `choose`: which of several. `credentials`: what calls authenticate themselves with, and settings. `settings`: those alone, before the user is sent to
 * the application. `visit`: the user is sent there.
 */
export type AskedKind = 'choose' | 'credentials' | 'settings' | 'visit'

export interface Asked {
  readonly kind: AskedKind
  readonly need: ConnectorNeed
  readonly connecting: Connecting
  /** What is there of it already: one that lost its access. */
  readonly before?: StoredAccountConnector
}

export interface ConnectState extends Chosen {
  /** Undefined: everything is connected. */
  readonly asked?: Asked
}

/** The first connector that is not settled, or the one that is named, where that is not. */
export async function connectState(services: Services, session: Session, subject: Subject, named?: string | null): Promise<ConnectState> {
  const chosen = await readChosen(services, session, subject)
  const open = chosen.needs.needs.filter(({ used }) => used === undefined)
  const need = open.find(({ connector }) => connector.id === named) ?? open[0]
  return { ...chosen, ...(need === undefined ? {} : { asked: askedOf(need, chosen.draft) }) }
}

export function askedOf(need: ConnectorNeed, { connecting = {} }: Draft): Asked {
  const { connector, held } = need
  const begun = connecting[connector.id]
  const only = held.length === 1 ? held[0] : undefined
  // What has gone meanwhile is made anew.
  const before = begun === undefined ? only : held.find(({ id }) => id === begun.id)
  const now: Connecting = { ...(begun ?? { id: before?.id ?? randomUUID() }), isNew: before === undefined }
  const shared = { need, connecting: now, ...(before === undefined ? {} : { before }) }
  if (begun === undefined && held.length > 1) return { ...shared, kind: 'choose' }
  const { authentication, settings = [] } = connector.value.definition
  if (authentication.type !== 'oauth2' || authentication.grant !== 'authorizationCode') return { ...shared, kind: 'credentials' }
  const known = begun === undefined ? before?.value.settings : begun.settings
  const told = settings.length === 0 || (known !== undefined && settings.every(({ name, required }) => required !== true || (known[name] ?? '') !== ''))
  return { ...shared, kind: told ? 'visit' : 'settings' }
}

/** Whether there was access, and it was lost: not of one that nobody has given access to yet. */
export const hasLostAccess = ({ before }: Asked): boolean => before !== undefined && before.value.credentials !== ''

/** Whether an account connector is authenticated now: for the page that waits for it. */
export async function isConnected({ registry }: Pick<Services, 'registry'>, { id }: Account, accountConnectorId: string): Promise<boolean> {
  return (await registry.accountConnectors.of(id).get(accountConnectorId))?.value.status === 'Authenticated'
}

/** Links of our pages to where a user gives an application access: they work in windows that have no session's cookie (decision 21). */
import { randomBytes } from 'node:crypto'
import type { WayBack } from '../../../activities/connectors/oauth/pending.ts'
import { StepError } from '../../../domain/errors.ts'
import type { AuthorizeTicket } from '../../../storage/authorize-ticket.ts'
import type { Account } from '../../../storage/registry.ts'
import type { StoredAccountConnector } from '../../connectors/account-connectors.ts'
import type { StoredConnector } from '../../connectors/view.ts'
import type { Services } from '../../services.ts'

const TICKET_MS = 10 * 60_000

/** The link, as a path under PUBLIC_URL. It works for 10 minutes, as often as its window is opened. */
export async function authorizePath({ registry }: Pick<Services, 'registry'>, value: AuthorizeTicket): Promise<string> {
  const ticket = randomBytes(32).toString('base64url')
  await registry.authorizeTickets.put(ticket, value, TICKET_MS)
  return `/account/authorize?ticket=${ticket}`
}

export interface OpenTicket {
  readonly ticket: AuthorizeTicket
  readonly account: Account
  readonly connector: StoredConnector
  readonly accountConnector?: StoredAccountConnector
}

/** `expired`: it is none. `gone`: what it was for was deleted. */
export async function openTicket({ registry, guard }: Pick<Services, 'registry' | 'guard'>, text: string): Promise<OpenTicket | 'expired' | 'gone'> {
  const ticket = await registry.authorizeTickets.get(text)
  if (ticket === undefined) {
    await guard.check()
    return 'expired'
  }
  const [account, connector, accountConnector] = await Promise.all([
    registry.accounts.get(ticket.account),
    registry.connectors.get(ticket.connectorId),
    registry.accountConnectors.of(ticket.account).get(ticket.accountConnectorId),
  ])
  if (account === undefined || connector === undefined || (accountConnector === undefined && !ticket.isNew)) return 'gone'
  return { ticket, account, connector, ...(accountConnector === undefined ? {} : { accountConnector }) }
}

/** The application's own page, or why the user cannot be sent there; undefined where what it is for was deleted. `browser`: lets this one alone back in. */
export async function leave({ oauth }: Pick<Services, 'oauth'>, { ticket }: OpenTicket, browser: string, back: WayBack): Promise<URL | string | undefined> {
  const { account, accountConnectorId: id, connectorId, isNew, settings } = ticket
  try {
    const target = { id, ...(isNew ? { connectorId } : {}), ...(settings === undefined ? {} : { settings }) }
    const begun = await oauth.begin(account, target, { browser, back })
    return begun === undefined ? undefined : new URL(begun.url)
  } catch (error) {
    if (error instanceof StepError) return error.detail
    throw error
  }
}

/** The connector authentications of a deploy call, applied when its link is opened (marketplace.md 5). */
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiError } from '../../domain/errors.ts'
import type { Account } from '../../storage/registry.ts'
import type { ConnectorAuthentication, Visit } from '../../storage/sign-in.ts'
import { allOf } from '../../storage/pages.ts'
import { changeAccountConnector, createAccountConnector } from '../connectors/account-connectors.ts'
import type { Services } from '../services.ts'

/** How long a browser waits for applications to answer (ms); after that it goes on by itself. */
const WAIT_MS = 15_000

/**
 * Authenticates the account's connectors. What an application does not take, and connectors that are not there, are passed over: the user is asked for
 * them. Of several account connectors of one connector it is the one that has the connector's name, else the oldest.
 */
export async function applyAuthentications(services: Services, account: Account, { connectorAuthentications: sealed }: Visit): Promise<void> {
  if (sealed === undefined) return
  const list: readonly ConnectorAuthentication[] = JSON.parse(services.sealer.open(sealed))
  const waited = new AbortController()
  // Of one connector the later one counts, so they come one after the other.
  const names = [...new Set(list.map(({ name }) => name))]
  const each = names.map(name =>
    inTurn(
      services,
      account,
      list.filter(one => one.name === name),
    ),
  )
  const all = Promise.all(each)
  await Promise.race([all, sleep(WAIT_MS, undefined, { signal: waited.signal, ref: false })]).finally(() => waited.abort())
}

async function inTurn(services: Services, account: Account, ones: readonly ConnectorAuthentication[]): Promise<void> {
  for (const one of ones) {
    try {
      await apply(services, account, one)
    } catch (error) {
      // What is wrong with it is no reason to keep the user out; Redis that does not answer is, and is met again at once.
      if (!(error instanceof ApiError)) throw error
    }
  }
}

async function apply(services: Services, account: Account, { name, authValue, username, password, properties }: ConnectorAuthentication): Promise<void> {
  const connector = await services.registry.connectors.byName(name)
  if (connector === undefined) return
  const items = await allOf(page => services.registry.accountConnectors.of(account.id).list(page))
  const own = items.filter(({ value }) => value.connectorId === connector.id)
  const there = own.find(({ value }) => value.name === name) ?? own[0]
  const given = Object.fromEntries(properties.map(property => [property.name, property.value]))
  const input = { settings: { ...there?.value.settings, ...given }, authValue, username, password }
  if (there === undefined) await createAccountConnector(services, account, connector, input)
  else await changeAccountConnector(services, account, there, input)
}

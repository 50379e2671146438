/** The connectors that an installation needs, and which of the account's account connectors it uses (connectors.md 2, marketplace.md 4). */
import { needsAccountConnector } from '../../../domain/connector-choice.ts'
import { connectorsIn } from '../../../domain/connector-use.ts'
import type { Account } from '../../../storage/registry.ts'
import { allOf } from '../../../storage/pages.ts'
import type { StoredAccountConnector } from '../../connectors/account-connectors.ts'
import type { StoredConnector } from '../../connectors/view.ts'
import type { Services } from '../../services.ts'
import type { Draft } from './draft.ts'
import type { Subject } from './subject.ts'

export interface ConnectorNeed {
  readonly connector: StoredConnector
  /** All of it that the account has, the oldest first. */
  readonly held: readonly StoredAccountConnector[]
  /** The one that is used; undefined: the user is asked. */
  readonly used?: StoredAccountConnector
}

export interface ConnectorNeeds {
  /** In the order of the templates and their steps; without those that need no account connector. */
  readonly needs: readonly ConnectorNeed[]
  /** Names of connectors that are not there. */
  readonly missing: readonly string[]
}

/** As it stands now. What was refused for the partner's own fault is tried again before. */
export async function connectorNeeds(services: Services, account: Account, subject: Pick<Subject, 'templates'>, draft: Draft): Promise<ConnectorNeeds> {
  const names = [...new Set(subject.templates.flatMap(({ document }) => connectorsIn(document)))]
  if (names.length === 0) return { needs: [], missing: [] }
  await services.oauth.revive(account.id)
  const [found, held] = await Promise.all([
    Promise.all(names.map(name => services.registry.connectors.byName(name))),
    allOf(page => services.registry.accountConnectors.of(account.id).list(page)),
  ])
  const connectors = found.flatMap(connector => connector ?? [])
  return {
    needs: connectors.filter(({ value }) => needsAccountConnector(value.definition)).map(connector => needOf(connector, held, draft)),
    missing: names.filter((_, at) => found[at] === undefined),
  }
}

/** One that was just authenticated is used; else the one that was chosen; else the only one. */
export function needOf(connector: StoredConnector, all: readonly StoredAccountConnector[], { accountConnectors = {}, connecting = {} }: Draft): ConnectorNeed {
  const held = all.filter(({ value }) => value.connectorId === connector.id)
  const fit = held.filter(({ value }) => value.status === 'Authenticated')
  const begun = connecting[connector.id]
  const said = begun?.id ?? accountConnectors[connector.id]
  const used = fit.find(({ id }) => id === said) ?? (fit.length === 1 ? fit[0] : undefined)
  return { connector, held, ...(used === undefined ? {} : { used }) }
}

/** What the installation is told: needed where the account has several of one connector. */
export const chosenAccountConnectors = ({ needs }: ConnectorNeeds): { readonly [connector: string]: string } =>
  Object.fromEntries(needs.flatMap(({ connector, held, used }) => (used === undefined || held.length < 2 ? [] : [[connector.value.name, used.id]])))

/** Of the steps of an installation: something is to be connected. */
export const askConnectors = ({ needs, missing }: ConnectorNeeds): string | undefined =>
  missing.length > 0 || needs.some(({ used }) => used === undefined) ? '/connect' : undefined

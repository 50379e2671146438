/** A connector as one call of a cycle finds it: its document, and the account connector with its credentials. */
import { chooseAccountConnector, needsAccountConnector } from '../../domain/connector-choice.ts'
import { StepError } from '../../domain/errors.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import type { CachedCycle } from '../../storage/cycle-cache.ts'
import type { Connector } from '../../storage/connector.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Registry } from '../../storage/registry.ts'
import { allOf } from '../../storage/pages.ts'

export interface LoadedConnector {
  readonly connector: Versioned<Connector>
  /** There where calls need one, or the account has one. */
  readonly held?: Versioned<AccountConnector>
}

/** Throws `StepError`: `buildFailed` where there is no such connector, `notAuthenticated` where the account has not authenticated it. */
export async function loadConnector(
  registry: Pick<Registry, 'connectors' | 'accountConnectors'>,
  { place, accountConnectors }: Pick<CachedCycle, 'place' | 'accountConnectors'>,
  name: string,
): Promise<LoadedConnector> {
  const connector = await registry.connectors.byName(name)
  if (connector === undefined) throw new StepError('buildFailed', `There is no connector ${JSON.stringify(name)}`)
  const items = await allOf(page => registry.accountConnectors.of(place.account).list(page))
  const choice = chooseAccountConnector(items, connector.id, accountConnectors?.[name])
  if (!needsAccountConnector(connector.value.definition)) return choice.kind === 'one' ? { connector, held: choice.one } : { connector }
  if (choice.kind === 'none') throw new StepError('notAuthenticated', `The account has not authenticated the connector ${name}`)
  if (choice.kind === 'several')
    throw new StepError('notAuthenticated', `The account has several account connectors of ${name} (${choice.names.join(', ')}): the cycle has to say which`)
  // A client of OAuth that was refused is tried again when it is another: that is for the one who gets tokens to say.
  const { status, reason = 'it is Unauthenticated' } = choice.one.value
  if (status === 'Unauthenticated' && connector.value.definition.authentication.type !== 'oauth2')
    throw new StepError('notAuthenticated', `The account connector ${choice.one.value.name}: ${reason}`)
  return { connector, held: choice.one }
}

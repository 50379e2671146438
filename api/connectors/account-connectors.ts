/** Authenticating connectors in an account (connectors.md 1 and 2): nothing is stored that the application does not take. */
import { randomUUID } from 'node:crypto'
import { freeName } from '../../domain/connector-choice.ts'
import type { ConnectorCredentials } from '../../domain/connector.ts'
import { ApiError, StepError, type Problem } from '../../domain/errors.ts'
import { openText } from '../../domain/known-secrets.ts'
import type { AccountConnector } from '../../storage/account-connector.ts'
import type { Connector } from '../../storage/connector.ts'
import type { Versioned } from '../../storage/records.ts'
import type { Account } from '../../storage/registry.ts'
import { allOf } from '../../storage/pages.ts'
import { guidOf } from '../routes/lists.ts'
import type { Services } from '../services.ts'

export type StoredAccountConnector = Versioned<AccountConnector>

/** What a caller gives; what is left out stays as it is. */
export interface AccountConnectorInput {
  readonly name?: string | null | undefined
  readonly settings?: { readonly [name: string]: string } | null | undefined
  readonly authValue?: string | null | undefined
  readonly username?: string | null | undefined
  readonly password?: string | null | undefined
  readonly externalId?: string | null | undefined
}

const notFound = (): ApiError => new ApiError('account_connector_not_found', 'There is no such account connector in this account.')

/** Throws `account_connector_not_found`, for another account's too. */
export async function findAccountConnector(
  { registry }: Pick<Services, 'registry'>,
  account: Account,
  id: string | undefined,
): Promise<StoredAccountConnector> {
  const guid = guidOf(id)
  const found = guid === undefined ? undefined : await registry.accountConnectors.of(account.id).get(guid)
  if (found === undefined) throw notFound()
  return found
}

const invalid = (problems: readonly Problem[]): ApiError => new ApiError('request_invalid', 'The request is not right.', problems)

/** Settings by the document: all that are required, and none that it does not have. */
function checkedSettings({ definition }: Connector, settings: { readonly [name: string]: string }): { readonly [name: string]: string } {
  const declared = definition.settings ?? []
  const problems: Problem[] = [
    ...declared.flatMap(({ name, required }) =>
      required === true && (settings[name] ?? '') === '' ? [{ path: `Settings.${name}`, message: 'is required by this connector' }] : [],
    ),
    ...Object.keys(settings).flatMap(name =>
      declared.some(one => one.name === name)
        ? []
        : [{ path: `Settings.${name}`, message: `is no setting of this connector: it has ${declared.map(one => one.name).join(', ') || 'none'}` }],
    ),
  ]
  if (problems.length > 0) throw invalid(problems)
  return settings
}

/** Which of the credentials a type of authentication needs. */
const needed = { none: [], apiKey: ['authValue'], bearer: ['authValue'], basic: ['username', 'password'], oauth2: [] } as const

function checkedCredentials({ definition }: Connector, credentials: ConnectorCredentials): ConnectorCredentials {
  const { type } = definition.authentication
  const problems = needed[type].flatMap(name =>
    (credentials[name] ?? '') !== '' || (name === 'password' && credentials.password === '')
      ? []
      : [{ path: name.charAt(0).toUpperCase() + name.slice(1), message: `is required: this connector authenticates with ${type}` }],
  )
  if (problems.length > 0) throw invalid(problems)
  return Object.fromEntries(needed[type].map(name => [name, credentials[name] ?? '']))
}

const failed = (detail: string): ApiError => new ApiError('authentication_failed', 'Failed to authenticate the connector', [{ path: '', message: detail }])

/** What is to be stored once the application took it. Throws `authentication_failed` with its answer. */
async function authenticated(
  services: Services,
  connector: Connector,
  settings: { readonly [name: string]: string },
  credentials: ConnectorCredentials,
): Promise<Pick<AccountConnector, 'status' | 'credentials' | 'reason'>> {
  const { authentication } = connector.definition
  const seal = (value: object): string => services.sealer.seal(JSON.stringify(value))
  if (authentication.type === 'oauth2' && authentication.grant === 'authorizationCode')
    return { status: 'Unauthenticated', credentials: '', reason: 'nobody has given access yet' }
  try {
    const oauth = authentication.type === 'oauth2' ? await services.oauth.first(connector, settings) : undefined
    const detail = await services.connectors.test({ connector, settings, credentials, ...(oauth === undefined ? {} : { accessToken: oauth.accessToken }) })
    if (detail !== undefined) throw failed(detail)
    return { status: 'Authenticated', credentials: seal(oauth === undefined ? credentials : { ...credentials, oauth }) }
  } catch (error) {
    if (error instanceof StepError) throw failed(error.detail)
    if (error instanceof Error && error.name === 'TokenServerDown') throw failed(error.message)
    throw error
  }
}

/** A name that no other of this connector has; of one that is given and taken: `name_taken`. */
async function nameFor(
  { registry }: Services,
  account: Account,
  connectorId: string,
  given: string | undefined,
  connector: string,
  own?: string,
): Promise<string> {
  const items = await allOf(page => registry.accountConnectors.of(account.id).list(page))
  const taken = new Set(items.flatMap(({ id, value }) => (value.connectorId === connectorId && id !== own ? [value.name] : [])))
  if (given !== undefined) {
    if (taken.has(given)) throw new ApiError('name_taken', `The account has an account connector ${JSON.stringify(given)} of this connector already.`)
    return given
  }
  return freeName(taken, connector)
}

const present = <T>(value: T | null | undefined): T | undefined => value ?? undefined

/**
 * `id`: of one that is there, when it was made just now by the same call, sent twice. Throws `authentication_failed` with the application's answer; then
 * nothing is stored.
 */
export async function createAccountConnector(
  services: Services,
  account: Account,
  { id: connectorId, value: connector }: Versioned<Connector>,
  input: AccountConnectorInput,
  id: string = randomUUID(),
): Promise<StoredAccountConnector> {
  const settings = checkedSettings(connector, input.settings ?? {})
  const given = { authValue: present(input.authValue), username: present(input.username), password: present(input.password) }
  const credentials = checkedCredentials(connector, JSON.parse(JSON.stringify(given)))
  const name = await nameFor(services, account, connectorId, present(input.name), connector.name)
  const externalId = present(input.externalId)
  const value: AccountConnector = {
    connectorId,
    name,
    settings,
    ...(await authenticated(services, connector, settings, credentials)),
    ...(externalId === undefined ? {} : { externalId }),
  }
  if ((await services.registry.accountConnectors.of(account.id).create(id, value)) === 'gone')
    throw new ApiError('account_missing', 'There is no such account.')
  return findAccountConnector(services, account, id)
}

/** Throws as `createAccountConnector` does, `record_changed` too; then it stays as it is. */
export async function changeAccountConnector(
  services: Services,
  account: Account,
  before: StoredAccountConnector,
  input: AccountConnectorInput,
): Promise<StoredAccountConnector> {
  const stored = await services.registry.connectors.get(before.value.connectorId)
  if (stored === undefined) throw new ApiError('connector_not_found', 'There is no such connector.')
  const { value: connector } = stored
  const { connectorId, externalId: hadExternalId, status, credentials: sealed, reason } = before.value
  const changes = [input.settings, input.authValue, input.username, input.password].some(one => one !== undefined)
  const settings = input.settings === undefined ? before.value.settings : checkedSettings(connector, input.settings ?? {})
  const opened: ConnectorCredentials = sealed === '' ? {} : JSON.parse(openText(services.sealer, sealed))
  const given = Object.entries({ authValue: input.authValue, username: input.username, password: input.password }).filter(
    ([, one]) => one !== undefined && one !== null,
  )
  const kept = { status, credentials: sealed, ...(reason === undefined ? {} : { reason }) }
  const state = changes ? await authenticated(services, connector, settings, checkedCredentials(connector, { ...opened, ...Object.fromEntries(given) })) : kept
  const name =
    input.name === undefined || input.name === null ? before.value.name : await nameFor(services, account, connectorId, input.name, connector.name, before.id)
  const externalId = input.externalId === undefined ? hadExternalId : present(input.externalId)
  const value: AccountConnector = { connectorId, name, settings, ...state, ...(externalId === undefined ? {} : { externalId }) }
  const answer = await services.registry.accountConnectors.of(account.id).replace(before.id, value, before.version)
  if (answer === 'gone') throw notFound()
  if (answer !== 'done') throw new ApiError('record_changed', 'The account connector was changed by someone else meanwhile: read it again.')
  return findAccountConnector(services, account, before.id)
}

/** As the API shows it: never its credentials. `authorize`: with an address where a user gives access, where one is wanted. */
export async function accountConnectorView(services: Services, account: Account, { id, value }: StoredAccountConnector, authorize: boolean) {
  const { connectorId, name, status, settings, externalId, reason } = value
  const url = authorize && status === 'Unauthenticated' ? await authorizeUrl(services, account, id) : undefined
  return {
    id,
    connectorId,
    name,
    status,
    ...(reason === undefined ? {} : { reason }),
    settings,
    externalId: externalId ?? null,
    ...(url === undefined ? {} : { authorizeUrl: url }),
  }
}

async function authorizeUrl({ oauth }: Services, account: Account, id: string): Promise<string | undefined> {
  try {
    return (await oauth.begin(account.id, id))?.url
  } catch (error) {
    if (error instanceof StepError) return undefined
    throw error
  }
}

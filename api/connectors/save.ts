/** Making, changing and taking away connectors. */
import { randomUUID } from 'node:crypto'
import { ApiError } from '../../domain/errors.ts'
import type { Account } from '../../storage/registry.ts'
import type { Connector } from '../../storage/connector.ts'
import { newIdentifier } from '../../storage/identifiers.ts'
import { allOf, everyOf } from '../../storage/pages.ts'
import { unlessRecord } from '../routes/fields.ts'
import type { Services } from '../services.ts'
import { readConnector } from './definition.ts'
import { findConnector, type StoredConnector } from './view.ts'

export interface ConnectorInput {
  readonly definition: unknown
  /** Left out, it stays; null takes it away. */
  readonly oAuthClientId?: string | null | undefined
  readonly oAuthClientSecret?: string | null | undefined
}

function client(services: Services, input: ConnectorInput, before?: Connector): Pick<Connector, 'oauthClientId' | 'oauthClientSecret'> {
  const id = input.oAuthClientId === undefined ? before?.oauthClientId : input.oAuthClientId
  const secret = input.oAuthClientSecret === undefined ? undefined : input.oAuthClientSecret
  const sealed = secret === undefined ? before?.oauthClientSecret : secret === null ? null : services.sealer.seal(secret)
  return {
    ...(id === undefined || id === null ? {} : { oauthClientId: id }),
    ...(sealed === undefined || sealed === null ? {} : { oauthClientSecret: sealed }),
  }
}

/** Throws `document_invalid`, `document_too_large` and `name_taken`. */
export async function createConnector(services: Services, input: ConnectorInput): Promise<StoredConnector> {
  const definition = await readConnector(services, input.definition)
  const { name, version } = definition
  const id = randomUUID()
  const made = await services.registry.connectors.create(id, { name, version, definition, partnerWebhook: newIdentifier(), ...client(services, input) })
  if (made !== 'created') throw new ApiError('name_taken', `There is a connector ${JSON.stringify(name)} already: change that one.`)
  return findConnector(services, id)
}

/** Cycles name their connectors: the name stays. Throws `record_changed` where somebody else saved meanwhile. */
export async function replaceConnector(services: Services, before: StoredConnector, input: ConnectorInput): Promise<StoredConnector> {
  const definition = await readConnector(services, input.definition)
  const { name, version } = definition
  if (name !== before.value.name) {
    const message = `cannot be changed from ${JSON.stringify(before.value.name)}: cycles name their connectors by it`
    throw new ApiError('request_invalid', 'The request is not right.', [{ path: 'Definition.name', message }])
  }
  const { partnerWebhook } = before.value
  const value: Connector = { name, version, definition, partnerWebhook, ...client(services, input, before.value) }
  const answer = await services.registry.connectors.replace(before.id, value, before.version)
  unlessRecord(answer, 'connector_not_found', 'connector')
  return findConnector(services, before.id)
}

/** Only where no account has authenticated it. Throws `connector_in_use`. */
export async function deleteConnector(services: Services, { id }: StoredConnector): Promise<void> {
  const holder = await holderOf(services, id)
  if (holder !== undefined)
    throw new ApiError('connector_in_use', `The account ${JSON.stringify(holder.apiId)} has authenticated it: take its account connectors away first.`)
  await services.registry.connectors.remove(id)
}

async function holderOf({ registry }: Services, connectorId: string): Promise<Account | undefined> {
  for await (const account of everyOf(page => registry.accounts.list(page))) {
    const held = await allOf(page => registry.accountConnectors.of(account.id).list(page))
    if (held.some(({ value }) => value.connectorId === connectorId)) return account
  }
  return undefined
}

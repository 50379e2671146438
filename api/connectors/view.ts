/** Connectors as the API shows them. */
import { ApiError } from '../../domain/errors.ts'
import { partnerWebhookUrl } from '../../domain/webhook-url.ts'
import type { Connector } from '../../storage/connector.ts'
import type { Versioned } from '../../storage/records.ts'
import { guidOf } from '../routes/lists.ts'
import type { Services } from '../services.ts'

export type StoredConnector = Versioned<Connector>

/** Throws `connector_not_found`. */
export async function findConnector({ registry }: Pick<Services, 'registry'>, id: string | undefined): Promise<StoredConnector> {
  const guid = guidOf(id)
  const found = guid === undefined ? undefined : await registry.connectors.get(guid)
  if (found === undefined) throw new ApiError('connector_not_found', 'There is no such connector.')
  return found
}

export const connectorView = ({ id, value }: StoredConnector, publicUrl: string) => ({
  id,
  name: value.name,
  version: value.version,
  ...(value.definition.externalIds === undefined ? {} : { partnerWebhookUrl: partnerWebhookUrl(publicUrl, value.partnerWebhook) }),
  definition: value.definition,
})

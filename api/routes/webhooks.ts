/** Where a webhook URL belongs: to a step of a cycle, or to a connector. */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asIdentifier, type Identifier } from '../../domain/ids.ts'
import { partnerWebhookUrl, webhookUrl } from '../../domain/webhook-url.ts'
import { noBody, partnerRoute, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import * as schemas from '../schemas.ts'

/** The identifier itself, or the part of a URL that holds it. */
function identifierIn(text: string): string {
  const match = /\/api\/(?:partner)?webhook\/([^/?#]+)/i.exec(text)
  return (match?.[1] ?? text).trim()
}

/** The one that has its partner webhook there, as it is called today (webhooks.md 9). */
async function connectorAt({ registry, settings }: Services, identifier: Identifier) {
  const [found] = (await registry.connectors.listOf(identifier, { page: 1, pageSize: 1 })).items
  if (found?.value.definition.externalIds === undefined) return undefined
  return { identifier, url: partnerWebhookUrl(settings.publicUrl, identifier), connectorId: found.id, connectorName: found.value.name }
}

export const webhookRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path: '/v1.0/webhooks',
    tag: 'Webhooks',
    summary: 'Finds the account, cycle and step of a webhook URL, or the connector of a partner webhook',
    query: z.object({ identifier: z.string().min(1).max(2_000).describe('The identifier, or the whole URL.') }),
    body: noBody,
    answers: { 200: { description: 'Where it belongs.', schema: schemas.webhookAddress } },
    errors: ['webhook_not_found'],
    handler: async (services, { query }) => {
      const { registry, inbox, settings } = services
      const notFound = (): ApiError => new ApiError('webhook_not_found', 'There is no such webhook.')
      const identifier = asIdentifier(identifierIn(query.identifier))
      if (!/^[0-9A-Za-z]{1,64}$/.test(identifier)) throw notFound()
      const address = await registry.cycles.address(identifier)
      if (address === undefined) {
        const body = await connectorAt(services, identifier)
        if (body === undefined) throw notFound()
        return { status: 200, body }
      }
      const { place, stepId } = address
      const [account, cycle, status] = await Promise.all([registry.accounts.get(place.account), registry.cycles.get(place), inbox.status(place)])
      const step = cycle?.document.steps.find(({ id }) => id === stepId)
      if (account === undefined || status === undefined || step === undefined || cycle?.identifiers[stepId] !== identifier) throw notFound()
      return {
        status: 200,
        body: {
          identifier,
          url: webhookUrl(settings.publicUrl, identifier),
          accountId: account.id,
          accountExternalId: account.apiId,
          accountName: account.name,
          cycleId: place.cycle,
          cycleName: cycle.document.name,
          stepId,
          stepName: step.name ?? step.id,
        },
      }
    },
  }),
]

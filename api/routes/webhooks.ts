/** Where a webhook URL belongs. */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { asIdentifier } from '../../domain/ids.ts'
import { webhookUrl } from '../../domain/webhook-url.ts'
import { noBody, partnerRoute, type Route } from '../route.ts'
import * as schemas from '../schemas.ts'

/** The identifier itself, or the last part of a URL that holds it. */
function identifierIn(text: string): string {
  const match = /\/api\/webhook\/([^/?#]+)/i.exec(text)
  return (match?.[1] ?? text).trim()
}

export const webhookRoutes: readonly Route[] = [
  partnerRoute({
    method: 'GET',
    path: '/v1.0/webhooks',
    tag: 'Webhooks',
    summary: 'Finds the account, cycle and step of a webhook URL',
    query: z.object({ identifier: z.string().min(1).max(2_000).describe('The identifier, or the whole URL.') }),
    body: noBody,
    answers: { 200: { description: 'Where it belongs.', schema: schemas.webhookAddress } },
    errors: ['webhook_not_found'],
    handler: async ({ registry, inbox, settings }, { query }) => {
      const notFound = (): ApiError => new ApiError('webhook_not_found', 'There is no such webhook.')
      const identifier = asIdentifier(identifierIn(query.identifier))
      if (!/^[0-9A-Za-z]{1,64}$/.test(identifier)) throw notFound()
      const address = await registry.cycles.address(identifier)
      if (address === undefined) throw notFound()
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

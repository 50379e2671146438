/** Where senders reach webhooks (webhooks.md 1). */
import type { CycleDocument } from './document.ts'
import type { Identifier, StepId } from './ids.ts'

/** What paths of webhooks begin with: of steps, and of connectors (webhooks.md 9). */
export const WEBHOOK_PATHS = { webhook: '/api/webhook/', partner: '/api/partnerwebhook/' } as const

/** Of a step. `publicUrl` has no slash at its end. */
export const webhookUrl = (publicUrl: string, identifier: string): string => publicUrl + WEBHOOK_PATHS.webhook + identifier
/** Of a connector. */
export const partnerWebhookUrl = (publicUrl: string, identifier: string): string => publicUrl + WEBHOOK_PATHS.partner + identifier

export interface WebhookOfStep {
  readonly stepId: StepId
  readonly stepName: string
  readonly url: string
}

/** Those of a cycle's webhook steps, in the order of the document. */
export const webhooksOf = (
  { document, identifiers }: { readonly document: CycleDocument; readonly identifiers: { readonly [step: StepId]: Identifier } },
  urlOf: (identifier: string) => string,
): WebhookOfStep[] =>
  document.steps.flatMap(({ id, name }) => {
    const identifier = identifiers[id]
    return identifier === undefined ? [] : [{ stepId: id, stepName: name ?? id, url: urlOf(identifier) }]
  })

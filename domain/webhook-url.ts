/** Where senders reach the webhook steps of a cycle (webhooks.md 1). */
import type { CycleDocument } from './document.ts'
import type { Identifier, StepId } from './ids.ts'

/** `publicUrl` has no slash at its end. */
export const webhookUrl = (publicUrl: string, identifier: string): string => `${publicUrl}/api/webhook/${identifier}`

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

/** Where senders reach a webhook step (webhooks.md 1); `publicUrl` has no slash at its end. */
export const webhookUrl = (publicUrl: string, identifier: string): string => `${publicUrl}/api/webhook/${identifier}`

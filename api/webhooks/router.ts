/** The endpoints of inbound webhooks: `/api/webhook/{identifier}` and `/api/partnerwebhook/{identifier}`, for every method (webhooks.md 1, 2, 9). */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { RegistryLost, StorageUnavailable } from '../../domain/errors.ts'
import { webhookAnswers, type WebhookAnswer } from '../../domain/webhook-answers.ts'
import { table, write, type Answer } from './answers.ts'
import { bounded } from './deadline.ts'
import type { WebhookDeps } from './deps.ts'
import { createEndpoint } from './endpoint.ts'
import { createPartnerEndpoint } from './partner-endpoint.ts'
import { targetOf } from './request.ts'

/** A request handler for Express or for a bare server: requests for other paths go to `next`. */
export type WebhookHandler = (req: IncomingMessage, res: ServerResponse, next: () => void) => void

/**
 * Makes the handler. It reads bodies itself, so nothing that parses them may stand before it; under Express it looks at the URL as it was sent,
 * wherever it is mounted. `partnerArrived`: an event of a partner webhook was accepted.
 */
export function createWebhookRouter(deps: WebhookDeps, partnerArrived: () => void): WebhookHandler {
  const endpoints = { webhook: createEndpoint(deps), partner: createPartnerEndpoint(deps, partnerArrived) }
  const observe = observer(deps)
  return (req, res, next) => {
    const target = targetOf('originalUrl' in req && typeof req.originalUrl === 'string' ? req.originalUrl : (req.url ?? ''))
    if (target === undefined) {
      next()
      return
    }
    const arrivedAt = performance.now()
    const answered = async (): Promise<Answer | undefined> => {
      const answer = await endpoints[target.of]({ req, res, target, arrivedAt })
      // In a Redis that was emptied everything is unknown, and nothing can be said not to exist (operations.md 3).
      if (answer?.kind === 'table' && answer.answer === 'notFound') await bounded(deps.guard.check())
      return answer
    }
    answered().then(
      answer => finish(answer),
      (error: unknown) => {
        // That the registry is lost is logged once, by its guard.
        if (error instanceof RegistryLost) finish(table('unavailable'))
        else if (error instanceof StorageUnavailable) deps.logger.warn({ err: error }, 'the store could not be reached for a webhook')
        else deps.logger.error({ err: error }, 'a webhook could not be processed')
        finish(table('unavailable'))
      },
    )

    const finish = (answer: Answer | undefined): void => {
      if (answer === undefined || res.headersSent || res.destroyed) return
      write(res, answer)
      observe(answer, (performance.now() - arrivedAt) / 1000)
    }
  }
}

/** Counts answers; the metrics' children are looked up once. */
function observer({ metrics }: WebhookDeps): (answer: Answer, seconds: number) => void {
  const answers = new Map<WebhookAnswer | 'response', { inc(): void }>([['response', metrics.webhookRequests.labels('response')]])
  for (const name of Object.keys(webhookAnswers)) if (isName(name)) answers.set(name, metrics.webhookRequests.labels(name))
  const quick = metrics.webhookSeconds.labels('asynchronous')
  const held = metrics.webhookSeconds.labels('synchronous')
  return (answer, seconds) => {
    answers.get(answer.kind === 'table' ? answer.answer : 'response')?.inc()
    if (answer.about?.held === true) held.observe(seconds)
    else quick.observe(seconds)
  }
}

const isName = (name: string): name is WebhookAnswer => Object.hasOwn(webhookAnswers, name)

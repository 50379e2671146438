/** The API as an Express application: webhooks first, before anything reads a body; then the management API and the pages. */
import express, { type Express, type RequestHandler } from 'express'
import { createRouter, type ApiLogger } from './http/router.ts'
import { routes } from './routes/index.ts'
import type { Services } from './services.ts'

export interface AppDeps {
  /** The inbound webhooks: `createWebhookRouter`. */
  readonly webhooks: RequestHandler
  readonly services: Services
  readonly logger: ApiLogger
  /** One management call was answered: method, path as in the table, status. */
  readonly answered?: (method: string, route: string, status: number) => void
}

export function createApp({ webhooks, services, logger, answered = () => undefined }: AppDeps): Express {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(webhooks)
  app.use(createRouter(routes, { services, logger, answered }))
  return app
}

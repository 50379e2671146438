/** The whole table of routes. */
import type { Route } from '../route.ts'
import { accountPackageRoutes } from './account-packages.ts'
import { accountConnectorRoutes } from './account-connectors.ts'
import { accountRoutes } from './accounts.ts'
import { connectorRoutes } from './connectors.ts'
import { cycleRoutes } from './cycles.ts'
import { notificationRoutes } from './notifications.ts'
import { oauthAuthorizationRoutes } from './oauth-authorization.ts'
import { oauthRoutes } from './oauth.ts'
import { operationRoutes } from './operations.ts'
import { settingsRoutes } from './settings.ts'
import { registryRoutes } from './registry.ts'
import { deployRoutes } from './deploy.ts'
import { pageRoutes } from '../pages/routes.ts'
import { signInRoutes } from './sign-in.ts'
import { marketplaceRoutes } from './marketplaces.ts'
import { packageRoutes } from './packages.ts'
import { templateRoutes } from './templates.ts'
import { transactionRoutes } from './transactions.ts'
import { webhookRoutes } from './webhooks.ts'

export const routes: readonly Route[] = [
  ...oauthRoutes,
  ...accountRoutes,
  ...templateRoutes,
  ...marketplaceRoutes,
  ...packageRoutes,
  ...deployRoutes,
  ...signInRoutes,
  ...pageRoutes,
  ...cycleRoutes,
  ...transactionRoutes,
  ...webhookRoutes,
  ...oauthAuthorizationRoutes,
  ...connectorRoutes,
  ...accountConnectorRoutes,
  ...settingsRoutes,
  ...notificationRoutes,
  ...accountPackageRoutes,
  ...registryRoutes,
  ...operationRoutes(() => routes),
]

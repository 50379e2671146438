/** All pages, in one table. */
import type { Route } from '../route.ts'
import { assetRoutes } from './assets.ts'
import { authorizeRoutes } from './authorize/routes.ts'
import { connectRoutes } from './connect/routes.ts'
import { flowRoutes } from './flow/routes.ts'
import { launchRoutes } from './launch/routes.ts'
import { marketplacePageRoutes } from './marketplace/routes.ts'
import { settingsRoutes } from './settings/routes.ts'
import { themeRoutes } from './theme.ts'

export const pageRoutes: readonly Route[] = [
  ...assetRoutes,
  ...themeRoutes,
  ...marketplacePageRoutes,
  ...launchRoutes,
  ...flowRoutes,
  ...settingsRoutes,
  ...connectRoutes,
  ...authorizeRoutes,
]

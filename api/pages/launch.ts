/** LAUNCH: the choice of what to install (marketplace.md 4). */
import type { Route } from '../route.ts'
import { HTML, pageRoute } from './page.ts'
import { messagePage } from './problem.tsx'

export const launchRoutes: readonly Route[] = [
  pageRoute({
    method: 'GET',
    kind: 'launch',
    path: '/account/launch',
    summary: 'Shows LAUNCH',
    answers: { 200: HTML },
    handler: (_services, { view }) => messagePage(view, { status: 200, title: view.brand, lines: [] }),
  }),
]

/** The partner's own CSS, served beside ours and after it; no session is needed to read it. */
import { z } from 'zod'
import { integerId } from '../marketplaces/find.ts'
import { noBody, publicRoute, type Route } from '../route.ts'
import { FOREVER, hashOf } from './assets.ts'

export const themeRoutes: readonly Route[] = [
  publicRoute({
    method: 'GET',
    path: '/account/theme.css',
    tag: 'Pages',
    summary: "Gives the partner's CSS",
    query: z.object({
      marketplace: z.string().optional().describe('Id of the marketplace; left out: the CSS of LAUNCH.'),
      v: z.string().optional().describe('Hash of the content.'),
    }),
    body: noBody,
    answers: { 200: { description: 'The CSS; empty where there is none.', type: 'text/css' } },
    handler: async ({ registry }, { query: { marketplace, v } }) => {
      const id = integerId(marketplace)
      const text =
        marketplace === undefined ? (await registry.settings.get()).css : id === undefined ? '' : ((await registry.marketplaces.get(id))?.value.css ?? '')
      return { status: 200, text, type: 'text/css; charset=utf-8', headers: { 'Cache-Control': v === hashOf(text) ? FOREVER : 'no-cache' } }
    },
  }),
]

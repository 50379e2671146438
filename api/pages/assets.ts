/** Styles and scripts of the pages: plain files, read at start, served under their content's hash. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import { noBody, publicRoute, type Route } from '../route.ts'

const FOLDER = join(import.meta.dirname, 'assets')
const TYPES: { readonly [extension: string]: string } = { css: 'text/css; charset=utf-8', js: 'text/javascript; charset=utf-8' }

interface Asset {
  readonly text: string
  readonly type: string
  readonly hash: string
}

/** Of what is served for as long as anybody likes. */
export const hashOf = (text: string): string => createHash('sha256').update(text).digest('base64url').slice(0, 16)
export const FOREVER = 'public, max-age=31536000, immutable'

const assets: ReadonlyMap<string, Asset> = new Map(
  readdirSync(FOLDER).flatMap(name => {
    const type = TYPES[name.split('.').at(-1) ?? '']
    if (type === undefined) return []
    const text = readFileSync(join(FOLDER, name), 'utf8')
    return [[name, { text, type, hash: hashOf(text) }] as const]
  }),
)

/** Path of an asset, with its hash. Throws where there is none of that name. */
export function assetPath(name: string): string {
  const asset = assets.get(name)
  if (asset === undefined) throw new Error(`there is no asset ${name}`)
  return `/account/assets/${name}?v=${asset.hash}`
}

export const assetRoutes: readonly Route[] = [
  publicRoute({
    method: 'GET',
    path: '/account/assets/{name}',
    tag: 'Pages',
    summary: 'Gives a style or a script of the pages',
    params: { name: 'Name of the file.' },
    query: z.object({ v: z.string().optional().describe("Hash of the content: another one is another version's.") }),
    body: noBody,
    withoutRegistry: true,
    answers: { 200: { description: 'The file.', type: 'text/css' }, 404: { description: 'A page that says that there is none.', type: 'text/html' } },
    handler: (_services, { params: { name = '' }, query: { v } }) => {
      const asset = assets.get(name)
      if (asset === undefined) throw new ApiError('route_not_found', 'There is no such file.')
      // While versions are mixed, another process may have another content under that hash.
      return { status: 200, text: asset.text, type: asset.type, headers: { 'Cache-Control': v === asset.hash ? FOREVER : 'no-cache' } }
    },
  }),
]

/** How a list that comes in pages is read (connectors.md 1). Pure. */
import type { Paging } from './connector.ts'
import type { Json, JsonObject } from './json.ts'
import { follow, lookupIn, parsePath } from './path.ts'

/** Where a page is asked for: further query parameters, or an address. */
export interface PageAt {
  readonly query?: JsonObject
  readonly url?: string
  /** What has come before it. */
  readonly position: number
}

export interface PageAnswer {
  readonly headers: { readonly [name: string]: string }
  readonly body: Json
}

const sizeOf = (paging: Paging): JsonObject => ('size' in paging && paging.size !== undefined ? { [paging.size.parameter]: paging.size.value } : {})

/** Page from 1, offset from 0; a cursor is not given for the first page. */
export function firstPage(paging: Paging): PageAt {
  switch (paging.type) {
    case 'page':
      return { query: { [paging.parameter]: 1, ...sizeOf(paging) }, position: 1 }
    case 'offset':
      return { query: { [paging.parameter]: 0, ...sizeOf(paging) }, position: 0 }
    case 'cursor':
    case 'link':
      return { position: 0 }
  }
}

/** A part of a body, by a path that begins there; undefined where there is none. */
export function partOfBody(body: Json, path: string | undefined): Json | undefined {
  if (path === undefined) return body
  const parsed = parsePath(path)
  if (!parsed.ok) return undefined
  return follow(body, [{ kind: 'name', name: parsed.path.root }, ...parsed.path.segments])
}

/** The next page; undefined where there is none: this one was empty or shorter than the size, or names no next. */
export function nextPage(paging: Paging, here: PageAt, count: number, answer: PageAnswer): PageAt | undefined {
  if (count === 0 || ('size' in paging && paging.size !== undefined && count < paging.size.value)) return undefined
  switch (paging.type) {
    case 'page': {
      const position = here.position + 1
      return { query: { [paging.parameter]: position, ...sizeOf(paging) }, position }
    }
    case 'offset': {
      const position = here.position + count
      return { query: { [paging.parameter]: position, ...sizeOf(paging) }, position }
    }
    case 'cursor': {
      const parsed = parsePath(paging.next)
      const next = parsed.ok ? lookupIn({ body: answer.body, headers: { ...answer.headers } })(parsed.path) : undefined
      if (next === undefined || next === null || next === '' || next === false || typeof next === 'object') return undefined
      return { query: { [paging.parameter]: next }, position: here.position + 1 }
    }
    case 'link': {
      const url = nextLink(answer.headers['link'])
      return url === undefined ? undefined : { url, position: here.position + 1 }
    }
  }
}

const LINK = /<([^>]*)>((?:\s*;\s*[\w!#$&+\-.^`|~*]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*)/g
const REL = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s",;]+))/i

/** The target of `rel="next"` in a `Link` header (RFC 8288). */
export function nextLink(header: string | undefined): string | undefined {
  for (const [, target = '', parameters = ''] of (header ?? '').matchAll(LINK)) {
    const [, quoted, bare] = REL.exec(parameters) ?? []
    if ((quoted ?? bare ?? '').toLowerCase().split(/\s+/).includes('next')) return target
  }
  return undefined
}

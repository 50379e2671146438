/** Routes of pages: in a session, with forms that only our own pages can send, and everything that goes wrong told as a page (marketplace.md 4). */
import { z } from 'zod'
import { ApiError } from '../../domain/errors.ts'
import type { Json } from '../../domain/json.ts'
import { noBody, noQuery, type Answer, type AnswerSpec, type RawCall, type Route } from '../route.ts'
import type { Services } from '../services.ts'
import { checkForm, FORM_FIELD } from './form-guard.ts'
import { endedPage, problemPage } from './problem.tsx'
import { sessionOf, type PageKind, type Session } from './session.ts'
import { viewOf, type View } from './view.ts'

export interface PageCall<K extends PageKind> {
  readonly session: Session<K>
  readonly view: View
  readonly params: { readonly [name: string]: string }
  readonly query: URLSearchParams
  /** Of a POST: what the form has. */
  readonly fields: URLSearchParams
  readonly headers: { readonly [name: string]: string | undefined }
  /** HEAD in place of GET: what is asked for must not happen. */
  readonly head: boolean
}

export interface PageSpec<K extends PageKind> {
  readonly method: 'GET' | 'POST'
  readonly kind: K
  readonly path: string
  readonly summary: string
  readonly params?: { readonly [name: string]: string }
  /** For the reference; a page reads `call.query`, and never fails by what stands there. */
  readonly query?: z.ZodObject
  /** Fields of the form, for the reference. */
  readonly fields?: { readonly [name: string]: z.ZodType }
  readonly bodyMax?: number
  /** Beside 401 and 403. */
  readonly answers: { readonly [status: number]: AnswerSpec }
  readonly handler: (services: Services, call: PageCall<K>) => Promise<Answer> | Answer
}

export const HTML: AnswerSpec = { type: 'text/html', description: 'The page.' }
export const SEE_OTHER: AnswerSpec = { description: 'To what follows.', headers: { Location: 'The page.' } }

/** A form of a few fields. */
const FORM_MAX = 64 * 1024

/** A handler's `ApiError` becomes a page with the way on; other errors become one without a session, made by the router. */
export function pageRoute<K extends PageKind>(spec: PageSpec<K>): Route {
  const { method, kind, path, summary, params, handler } = spec
  const posts = method === 'POST'
  return {
    level: 'public',
    method,
    path,
    tag: 'Pages',
    summary,
    ...(params === undefined ? {} : { params }),
    query: spec.query ?? noQuery,
    body: posts ? z.object({ [FORM_FIELD]: z.string().describe('Of the page that the form stands in.'), ...spec.fields }) : noBody,
    ...(posts ? { bodyKind: 'fields', bodyMax: spec.bodyMax ?? FORM_MAX } : {}),
    answers: {
      ...spec.answers,
      401: { type: 'text/html', description: 'A page that says that the session has ended.' },
      ...(posts ? { 403: { type: 'text/html', description: 'A page that says that the form came from elsewhere.' } } : {}),
    },
    run: (services, raw) => run(services, raw, kind, posts, handler),
  }
}

async function run<K extends PageKind>(services: Services, raw: RawCall, kind: K, posts: boolean, handler: PageSpec<K>['handler']): Promise<Answer> {
  const { publicUrl } = services.settings
  const { params, query, headers, head } = raw
  const session = await sessionOf(services, kind, headers)
  const view = session === undefined ? undefined : await viewOf(services, session)
  if (session === undefined || view === undefined) {
    await services.guard.check()
    return endedPage(publicUrl)
  }
  const fields = raw.body?.form === 'fields' ? raw.body.fields : new URLSearchParams()
  try {
    if (posts) checkForm(session, { headers, fields }, publicUrl)
    return await handler(services, { session, view, params, query, headers, fields, head })
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return problemPage(view, error)
    throw error
  }
}

/** A script of the page asks, at the page's own address. */
export const wantsJson = ({ headers }: Pick<RawCall, 'headers'>): boolean => headers.accept?.includes('application/json') === true

/** What such a script reads. */
export const jsonAnswer = (value: Json): Answer => ({
  status: 200,
  type: 'application/json; charset=utf-8',
  headers: { 'Cache-Control': 'no-store', Vary: 'Accept' },
  text: JSON.stringify(value),
})

/** To another page; `path` is under PUBLIC_URL. */
export const seeOther = (view: Pick<View, 'href'>, path: string): Answer => redirect(view.href(path))

/** To any address. */
export const redirect = (location: string): Answer => ({
  status: 303,
  headers: { Location: location, 'Cache-Control': 'no-store', 'Referrer-Policy': 'same-origin' },
})
